using PouringRain.Protocol;
using PouringRain.Protocol.Grouping;

namespace Simulation.Groups;

/// <summary>A host that takes what rains on a group, and keeps the blocks as a disk would: they are there after a restart.</summary>
public sealed class SimGroupReceiver : SimHost
{
    private readonly byte[] _buffer = new byte[2048];
    private readonly GroupReceiverOptions _options;
    private readonly PeerAddress _group;

    public SimGroupReceiver(
        SimWorld world, PeerAddress address, PeerAddress group, GroupReceiverOptions options, SimSeal? seal = null, SimClock? clock = null)
        : base(world, address, clock, seal)
    {
        _options = options;
        _group = group;
        Receiver = new GroupReceiver(options, world.Random.Next(), LocalNow);
        world.Network.Join(group, this);
    }

    public GroupReceiver Receiver { get; private set; }

    /// <summary>What is on its disk, by version and block.</summary>
    public Dictionary<(Sha256Digest Version, int Block), byte[]> Disk { get; } = [];

    /// <summary>Whether blocks are counted and not kept, for runs that are larger than memory.</summary>
    public bool ForgetsBytes { get; init; }

    public List<GroupReceiverEventKind> Events { get; } = [];

    public bool IsUp { get; private set; } = true;

    /// <summary>When all was there.</summary>
    public Instant? CompletedAt { get; private set; }

    public Instant? EndedAt { get; private set; }

    /// <summary>The disk is full from this block on, counted in the order in which they come; -1 when it never is.</summary>
    public int DiskBlocks { get; set; } = -1;

    public TimeSpan WorkTime { get; set; }

    public long OpenBytesMost { get; private set; }

    public long DropletsBefore { get; private set; }

    /// <summary>What must always hold, with every block that is written.</summary>
    public Action<int, ReadOnlyMemory<byte>>? OnBlock { get; set; }

    public override Instant NextTimeout => IsUp ? Receiver.NextTimeout : Instant.Never;

    /// <summary>kill -9.</summary>
    public void Kill()
    {
        IsUp = false;
        DropletsBefore += Receiver.Snapshot().Droplets;
        Receiver.Dispose();
        World.Network.Leave(_group, this);
    }

    /// <summary>Starts again, with what it had written.</summary>
    public void Restart()
    {
        IsUp = true;
        Seal?.Restart(World.Random);
        Receiver = new GroupReceiver(_options, World.Random.Next(), LocalNow);
        World.Network.Join(_group, this);
    }

    protected override void OnDatagram(Instant now, PeerAddress from, ReadOnlySpan<byte> datagram)
    {
        if (IsUp)
        {
            Receiver.Handle(now, from, datagram);
            OnWake(now);
        }
    }

    protected override void OnWake(Instant now)
    {
        if (!IsUp)
        {
            return;
        }

        while (Receiver.TryPollEvent(out var kind))
        {
            Events.Add(kind);
            OnEvent(now, kind);
        }

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

        while (Receiver.TryPollEvent(out var kind))
        {
            Events.Add(kind);
            OnEvent(now, kind);
        }
    }

    protected override void Dispose(bool isDisposing)
    {
        Receiver.Dispose();
        base.Dispose(isDisposing);
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
