using PouringRain.Protocol;

namespace Simulation;

/// <summary>A host that fetches one resource and checks what comes out.</summary>
public sealed class SimClient : SimHost
{
    private readonly byte[] _buffer = new byte[2048];
    private int _worksOut;

    public SimClient(
        SimWorld world, PeerAddress address, FetchRequest request, FetchOptions? options = null, TokenCache? tokens = null,
        SimClock? clock = null, SimSeal? seal = null)
        : base(world, address, clock, seal)
    {
        Request = request;
        Options = options ?? new FetchOptions();
        Tokens = tokens ?? new TokenCache();
        Started = world.Now;
        Fetch = new Fetch(Options, request, Tokens, world.Random.Next(), LocalNow);
    }

    public Fetch Fetch { get; }

    public FetchRequest Request { get; }

    public FetchOptions Options { get; }

    /// <summary>What was wanted later.</summary>
    public List<(long Offset, long Length)> Demands { get; } = [];

    public bool WasCancelled { get; set; }

    /// <summary>Whether a verified block could not be kept.</summary>
    public bool RefusedToKeep { get; private set; }

    /// <summary>The version that the owner was told of: from then on it is this one or none.</summary>
    public Sha256Digest? Told { get; private set; }

    /// <summary>Servers that had not answered when the owner was told, though they had the whole time in which one must.</summary>
    public IReadOnlyList<PeerAddress> UnheardWhenTold { get; private set; } = [];

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

    /// <summary>Keeps no copies of what was given away: for fetches larger than memory.</summary>
    public bool ForgetsBlocks { get; init; }

    /// <summary>What was given away, by block.</summary>
    public Dictionary<int, byte[]> Blocks { get; } = [];

    public List<FetchEvent> Events { get; } = [];

    public List<(Instant Time, int Block)> Deliveries { get; } = [];

    /// <summary>Answers <see cref="FetchEventKind.ManifestReady"/>: the blocks held already.</summary>
    public ulong[]? Held { get; set; }

    /// <summary>Finds out which blocks are held, once the version is known.</summary>
    public Func<Manifest, ulong[]>? FindHeld { get; init; }

    public Func<BlockWork, bool> Keep { get; set; } = _ => true;

    /// <summary>What must always hold, checked with every block that comes out.</summary>
    public Action<BlockWork>? OnBlock { get; set; }

    /// <summary>Blocks that were decoded and had a wrong digest.</summary>
    public int WrongBlocks { get; private set; }

    /// <summary>How many of them since the last liar was found out: what there was before may have been his.</summary>
    public int WrongBlocksSinceLied { get; private set; }

    public bool HasEnded => Fetch.EndReason != FetchEndReason.None;

    public override Instant NextTimeout => Fetch.NextTimeout;

    protected override void OnDatagram(Instant now, PeerAddress from, ReadOnlySpan<byte> datagram)
    {
        Fetch.Handle(now, from, datagram);
        OnWake(now);
    }

    protected override void OnWake(Instant now)
    {
        while (true)
        {
            while (Fetch.TryPollEvent(out var fetchEvent))
            {
                Events.Add(fetchEvent);
                WrongBlocksSinceLied = fetchEvent.Kind == FetchEventKind.SourceLied ? 0 : WrongBlocksSinceLied;
                if (fetchEvent.Kind == FetchEventKind.ManifestReady)
                {
                    Held ??= FindHeld?.Invoke(Fetch.Manifest!);
                }

                if (fetchEvent.Kind == FetchEventKind.ManifestReady && Held is not null)
                {
                    Fetch.MarkHeld(Held);
                }

                if (fetchEvent.Kind == FetchEventKind.ManifestReady)
                {
                    Told = Fetch.Manifest!.Version;
                    UnheardWhenTold = (World.Now - Started) * 1.01 < Options.DiscoveryTimeout ? [] : [.. Fetch.Snapshot(LocalNow).Sources
                        .Where(source => source.LastHeard is null).Select(source => source.Peer)];
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
                    World.After(WorkTime, () => WhenRunning(() =>
                    {
                        Finish(work);
                        Pump(World.Now);
                    }));
                }
            }

            if (!Fetch.TryPollTransmit(now, _buffer, out var transmit))
            {
                break;
            }

            Send(_buffer, transmit);
        }

        if (HasEnded)
        {
            Ended ??= World.Now;
        }
    }

    /// <summary>Whether the owner said that it had a block.</summary>
    public bool HeldAtStart(int block) => Held is not null && block / 64 < Held.Length && (Held[block / 64] & (1UL << (block % 64))) != 0;

    /// <summary>Wants these bytes too.</summary>
    public void Demand(long offset, long length, bool isUrgent)
    {
        if (!HasEnded)
        {
            Demands.Add((offset, length));
            Fetch.Demand(LocalNow, offset, length, isUrgent);
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

    protected override void Dispose(bool isDisposing)
    {
        Fetch.Dispose();
        base.Dispose(isDisposing);
    }

    private void Finish(BlockWork work)
    {
        work.Run();
        var isWrong = work.IsDecoded && !work.IsVerified;
        WrongBlocks += isWrong ? 1 : 0;
        WrongBlocksSinceLied += isWrong ? 1 : 0;
        var kept = work.IsVerified && Keep(work);
        RefusedToKeep |= work.IsVerified && !kept;
        if (kept)
        {
            OnBlock?.Invoke(work);
            if (!ForgetsBlocks)
            {
                Blocks[work.BlockIndex] = work.Bytes.ToArray();
            }

            Deliveries.Add((World.Now, work.BlockIndex));
        }

        _worksOut--;
        Fetch.CompleteWork(LocalNow, work, kept);
    }
}
