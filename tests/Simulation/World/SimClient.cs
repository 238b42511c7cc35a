using PouringRain.Protocol;

namespace Simulation;

/// <summary>A host that fetches one resource and checks what comes out.</summary>
public sealed class SimClient : SimHost, IDisposable
{
    private readonly byte[] _buffer = new byte[2048];
    private int _worksOut;

    public SimClient(SimWorld world, PeerAddress address, FetchRequest request, FetchOptions? options = null, TokenCache? tokens = null)
        : base(world, address)
    {
        Request = request;
        Tokens = tokens ?? new TokenCache();
        Started = world.Now;
        Fetch = new Fetch(options ?? new FetchOptions(), request, Tokens, world.Random.Next(), world.Now);
    }

    public Fetch Fetch { get; }

    public FetchRequest Request { get; }

    /// <summary>The version of the blocks that came out.</summary>
    public Sha256Digest? Version { get; set; }

    public TokenCache Tokens { get; }

    public Instant Started { get; }

    public Instant? Ended { get; private set; }

    /// <summary>What decoding and verifying a block takes.</summary>
    public TimeSpan WorkTime { get; set; }

    /// <summary>Works done at once; more wait.</summary>
    public int Workers { get; set; } = 1;

    /// <summary>A reader that stalls takes no blocks.</summary>
    public bool IsStalled { get; set; }

    /// <summary>What was given away, by block.</summary>
    public Dictionary<int, byte[]> Blocks { get; } = [];

    public List<FetchEvent> Events { get; } = [];

    public List<(Instant Time, int Block)> Deliveries { get; } = [];

    /// <summary>Answers <see cref="FetchEventKind.ManifestReady"/>: the blocks held already.</summary>
    public ulong[]? Held { get; set; }

    public Func<BlockWork, bool> Keep { get; set; } = _ => true;

    /// <summary>What must always hold, checked with every block that comes out.</summary>
    public Action<BlockWork>? OnBlock { get; set; }

    public bool HasEnded => Fetch.EndReason != FetchEndReason.None;

    public override Instant NextTimeout => Fetch.NextTimeout;

    public override void Deliver(Instant now, PeerAddress from, byte[] datagram)
    {
        Fetch.Handle(now, from, datagram);
        Pump(now);
    }

    public override void Pump(Instant now)
    {
        while (true)
        {
            while (Fetch.TryPollEvent(out var fetchEvent))
            {
                Events.Add(fetchEvent);
                if (fetchEvent.Kind == FetchEventKind.ManifestReady && Held is not null)
                {
                    Fetch.MarkHeld(Held);
                }

            }

            while (!IsStalled && _worksOut < Workers && Fetch.TryPollWork(out var work))
            {
                _worksOut++;
                if (WorkTime == TimeSpan.Zero)
                {
                    Finish(work);
                }
                else
                {
                    World.After(WorkTime, () =>
                    {
                        Finish(work);
                        Pump(World.Now);
                    });
                }
            }

            if (!Fetch.TryPollTransmit(now, _buffer, out var transmit))
            {
                break;
            }

            Send(now, _buffer, transmit);
        }

        if (HasEnded)
        {
            Ended ??= now;
        }
    }

    /// <summary>The whole resource from the blocks, or null when some are missing.</summary>
    public byte[]? Assemble()
    {
        if (Fetch.Manifest is not { } manifest)
        {
            return null;
        }

        var bytes = new byte[manifest.Layout.Length];
        for (var i = 0; i < manifest.Layout.BlockCount; i++)
        {
            if (!Blocks.TryGetValue(i, out var block))
            {
                return null;
            }

            block.CopyTo(bytes.AsSpan((int)manifest.Layout.OffsetOf(i)));
        }

        return bytes;
    }

    public void Dispose() => Fetch.Dispose();

    private void Finish(BlockWork work)
    {
        work.Run();
        var kept = work.IsVerified && Keep(work);
        if (kept)
        {
            OnBlock?.Invoke(work);
            Blocks[work.BlockIndex] = work.Bytes.ToArray();
            Deliveries.Add((World.Now, work.BlockIndex));
        }

        _worksOut--;
        Fetch.CompleteWork(World.Now, work, kept);
    }
}
