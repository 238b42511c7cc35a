using PouringRain.Protocol;
using PouringRain.Protocol.Grouping;

namespace Simulation.Groups;

/// <summary>A host that takes what rains on a group, and keeps the blocks as a disk would: they are there after a restart.</summary>
public sealed class SimGroupReceiver : SimHost
{
    private readonly byte[] _buffer = new byte[2048];
    private readonly GroupReceiverOptions _options;
    private readonly PeerAddress _group;
    private readonly TokenCache _tokens = new();
    private Fetch? _fetch;
    private long _takenBefore;

    public SimGroupReceiver(
        SimWorld world, PeerAddress address, PeerAddress group, GroupReceiverOptions options, SimSeal? seal = null, SimClock? clock = null,
        bool isOnGroup = true, bool believesRecordings = false)
        : base(world, address, clock, seal)
    {
        _options = options = options with { IsSealed = seal is not null && !believesRecordings };
        _group = group;
        Receiver = new GroupReceiver(options, world.Random.Next(), LocalNow);
        IsOnGroup = isOnGroup;
        StartedAt = world.Now;
        if (isOnGroup)
        {
            world.Network.Join(group, this);
        }
    }

    /// <summary>Whether what is sent to the group comes here.</summary>
    public bool IsOnGroup { get; }

    /// <summary>How often it fetched by unicast, because what it lacked would not come on the group.</summary>
    public int Fetches { get; private set; }

    /// <summary>Blocks that came by unicast.</summary>
    public int BlocksByUnicast { get; private set; }

    /// <summary>Droplets that came by unicast.</summary>
    public long DropletsByUnicast { get; private set; }

    public bool HasEnded => Receiver.EndReason != GroupReceiverEndReason.None;

    public GroupReceiver Receiver { get; private set; }

    public long WindowBytesMax => _options.WindowBytesMax;

    public NodeId Identity => _options.Identity;

    public ResourceId? OnlyResource => _options.Resource;

    public Sha256Digest? OnlyVersion => _options.Version;

    /// <summary>What is on its disk, by version and block.</summary>
    public Dictionary<(Sha256Digest Version, int Block), byte[]> Disk { get; } = [];

    /// <summary>Whether blocks are counted and not kept, for runs that are larger than memory.</summary>
    public bool ForgetsBytes { get; init; }

    public List<GroupReceiverEventKind> Events { get; } = [];

    public List<GroupUnicastReason> UnicastReasons { get; } = [];

    public bool IsUp { get; private set; } = true;

    public Instant StartedAt { get; private set; }

    /// <summary>When all was there.</summary>
    public Instant? CompletedAt { get; private set; }

    public Instant? EndedAt { get; private set; }

    /// <summary>The disk is full from this block on, counted in the order in which they come; -1 when it never is.</summary>
    public int DiskBlocks { get; set; } = -1;

    public TimeSpan WorkTime { get; set; }

    public long OpenBytesMost { get; private set; }

    /// <summary>Droplets of the group that were for blocks that it lacked.</summary>
    public long DropletsTaken => _takenBefore + Receiver.Snapshot().DropletsTaken;

    /// <summary>What must always hold, with every block that is written.</summary>
    public Action<int, ReadOnlyMemory<byte>>? OnBlock { get; set; }

    public override Instant NextTimeout =>
        !IsUp ? Instant.Never : Instant.Min(Receiver.NextTimeout, _fetch?.NextTimeout ?? Instant.Never);

    /// <summary>kill -9.</summary>
    public void Kill()
    {
        IsUp = false;
        _takenBefore += Receiver.Snapshot().DropletsTaken;
        Receiver.Dispose();
        _fetch?.Dispose();
        _fetch = null;
        World.Network.Leave(_group, this);
    }

    /// <summary>Starts again, with what it had written.</summary>
    public void Restart()
    {
        IsUp = true;
        StartedAt = World.Now;
        Seal?.Restart(World.Random);
        Receiver = new GroupReceiver(_options, World.Random.Next(), LocalNow);
        if (IsOnGroup)
        {
            World.Network.Join(_group, this);
        }

        Pump(World.Now);
    }

    protected override void OnDatagram(Instant now, PeerAddress from, ReadOnlySpan<byte> datagram)
    {
        if (IsUp)
        {
            Receiver.Handle(now, from, datagram);
            if (!GroupFormat.IsGroupMessage(datagram))
            {
                _fetch?.Handle(now, from, datagram);
            }

            OnWake(now);
        }
    }

    protected override void OnWake(Instant now)
    {
        if (!IsUp)
        {
            return;
        }

        OnReceiverNews(now);
        while (Receiver.TryPollWork(out var work))
        {
            if (WorkTime == TimeSpan.Zero)
            {
                Finish(Receiver, work);
            }
            else
            {
                var receiver = Receiver;
                World.After(WorkTime, () => WhenRunning(() =>
                {
                    Finish(receiver, work);
                    Pump(World.Now);
                }));
            }
        }

        while (Receiver.TryPollTransmit(now, _buffer, out var transmit))
        {
            Send(_buffer, transmit);
        }

        PumpFetch(now);
        OnReceiverNews(now);
        while (Receiver.TryPollTransmit(now, _buffer, out var transmit))
        {
            Send(_buffer, transmit);
        }
    }

    protected override void Dispose(bool isDisposing)
    {
        Receiver.Dispose();
        _fetch?.Dispose();
        base.Dispose(isDisposing);
    }

    private void BeginFetch(Instant now)
    {
        if (Receiver.HandOver() is { } request)
        {
            _fetch?.Dispose();
            Fetches++;
            _fetch = new Fetch(new FetchOptions(), request, _tokens, World.Random.Next(), now);
        }
    }

    private void PumpFetch(Instant now)
    {
        while (_fetch is { } fetch)
        {
            while (fetch.TryPollEvent(out var fetchEvent))
            {
                if (fetchEvent.Kind == FetchEventKind.ManifestReady)
                {
                    Receiver.OnManifest(now, fetch.Manifest!);
                    OnReceiverNews(now);
                    fetch.MarkHeld(Receiver.CopyHeld());
                }
            }

            while (fetch.TryPollWork(out var work))
            {
                FinishFetched(fetch, work);
            }

            if (!fetch.TryPollTransmit(now, _buffer, out var transmit))
            {
                break;
            }

            Send(_buffer, transmit);
        }

        if (_fetch is { } ended && ended.EndReason != FetchEndReason.None)
        {
            DropletsByUnicast += ended.Snapshot(now).DropletsReceived;
            ended.Dispose();
            _fetch = null;
            if (Receiver.State is GroupReceiverState.Waiting or GroupReceiverState.Receiving)
            {
                // Whoever was asked may be there again in a while.
                var receiver = Receiver;
                World.After(TimeSpan.FromSeconds(1), () => WhenRunning(() =>
                {
                    if (IsUp && receiver == Receiver && _fetch is null && Receiver.State is GroupReceiverState.Waiting
                        or GroupReceiverState.Receiving)
                    {
                        BeginFetch(LocalNow);
                        Pump(World.Now);
                    }
                }));
            }
        }
    }

    private void FinishFetched(Fetch fetch, BlockWork work)
    {
        work.Run();
        var kept = work.IsVerified && (DiskBlocks < 0 || Disk.Count < DiskBlocks);
        if (kept)
        {
            OnBlock?.Invoke(work.BlockIndex, work.Bytes);
            Disk[(Receiver.Version, work.BlockIndex)] = ForgetsBytes ? [] : work.Bytes.ToArray();
            BlocksByUnicast++;
        }

        fetch.CompleteWork(LocalNow, work, kept);
        if (kept)
        {
            Receiver.OnKept(LocalNow, work.BlockIndex);
        }
        else if (work.IsVerified)
        {
            Receiver.Fail(LocalNow, GroupFailure.DiskFull);
        }
    }

    private void OnReceiverNews(Instant now)
    {
        while (Receiver.TryPollEvent(out var kind))
        {
            Events.Add(kind);
            OnEvent(now, kind);
        }
    }

    private void OnEvent(Instant now, GroupReceiverEventKind kind)
    {
        switch (kind)
        {
            case GroupReceiverEventKind.ManifestReady:
                MarkHeld();
                break;
            case GroupReceiverEventKind.Completed:
                CompletedAt = World.Now;
                Receiver.SendReceipt(now, ReadBack());
                break;
            case GroupReceiverEventKind.TurnToUnicast:
                UnicastReasons.Add(Receiver.UnicastReason);
                if (Receiver.UnicastReason == GroupUnicastReason.Crawls)
                {
                    World.Network.Leave(_group, this);
                }

                BeginFetch(now);
                break;
            case GroupReceiverEventKind.Ended:
                EndedAt = World.Now;
                break;
            default:
                break;
        }
    }

    private void MarkHeld()
    {
        var manifest = Receiver.Manifest!;
        var held = new ulong[(manifest.Layout.BlockCount + 63) / 64];
        foreach (var (version, block) in Disk.Keys)
        {
            held[block / 64] |= version == manifest.Version ? 1UL << (block % 64) : 0;
        }

        Receiver.MarkHeld(held);
    }

    private Sha256Digest ReadBack()
    {
        var manifest = Receiver.Manifest!;
        if (ForgetsBytes)
        {
            return manifest.Sha256;
        }

        using var hash = System.Security.Cryptography.IncrementalHash.CreateHash(System.Security.Cryptography.HashAlgorithmName.SHA256);
        for (var i = 0; i < manifest.Layout.BlockCount; i++)
        {
            hash.AppendData(Disk[(manifest.Version, i)]);
        }

        return Sha256Digest.Read(hash.GetHashAndReset());
    }

    private void Finish(GroupReceiver receiver, BlockWork work)
    {
        work.Run();
        var hasRoom = DiskBlocks < 0 || Disk.Count < DiskBlocks;
        var kept = work.IsVerified && hasRoom && receiver == Receiver && IsUp;
        if (kept)
        {
            OnBlock?.Invoke(work.BlockIndex, work.Bytes);
            Disk[(receiver.Version, work.BlockIndex)] = ForgetsBytes ? [] : work.Bytes.ToArray();
        }

        OpenBytesMost = Math.Max(OpenBytesMost, receiver.Snapshot().OpenBytes);
        if (receiver != Receiver || !IsUp)
        {
            return;
        }

        receiver.CompleteWork(LocalNow, work, kept);
    }
}
