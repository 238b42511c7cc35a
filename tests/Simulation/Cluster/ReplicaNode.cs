using System.Collections.Immutable;
using PouringRain.Protocol;
using PouringRain.Protocol.Cluster;

namespace Simulation.Cluster;

/// <summary>What a node has of one resource on its disk.</summary>
internal sealed record DiskEntry(ReplicaVersion Version, bool IsKept);

/// <summary>A node: a disk, which outlives its process, and the process, which runs the very machine.</summary>
internal sealed class ReplicaNode : SimHost
{
    private readonly ClusterScenario _scenario;
    private readonly byte[] _buffer = new byte[2048];
    private readonly byte[] _answer = new byte[2048];
    private readonly Dictionary<long, Action<SurveyResult>> _surveys = [];
    private ReplicaIndex _index = new();

    public ReplicaNode(ClusterScenario scenario, SimWorld world, NodeId id, PeerAddress address, string zone)
        : base(world, address)
    {
        _scenario = scenario;
        (Id, Zone) = (id, zone);
        WallErrorMs = scenario.Random.Pick(0, 0, scenario.Random.Below(7_200_000) - 3_600_000);
        ClusterErrorMs = scenario.Random.Below(4000) - 2000;
    }

    public NodeId Id { get; }

    public string Zone { get; }

    /// <summary>How far its own clock is off, and how far it is when the cluster has set it right.</summary>
    public long WallErrorMs { get; }

    public long ClusterErrorMs { get; }

    public bool IsUp { get; private set; }

    /// <summary>Counts its starts.</summary>
    public int Life { get; private set; }

    public bool IsDraining { get; set; }

    /// <summary>Taken off the list.</summary>
    public bool IsGone { get; set; }

    public Dictionary<ResourceId, DiskEntry> Disk { get; private set; } = [];

    public ReplicationMarks Marks { get; private set; } = ReplicationMarks.None;

    public Replication Machine { get; private set; } = null!;

    /// <summary>When it last heard of each other node.</summary>
    public Dictionary<ReplicaNode, Instant> Heard { get; } = [];

    public override Instant NextTimeout => IsUp ? Machine.NextTimeout : Instant.Never;

    public long TrueMs => ClusterScenario.MsOf(World.Now);

    public void Start()
    {
        Life++;
        IsUp = true;
        _surveys.Clear();
        _index = new ReplicaIndex();
        Machine = new Replication(
            new ReplicationOptions
            {
                Node = Id,
                Replicas = _scenario.Replicas,
                TokenKey = new byte[32],
                MaxAheadMs = ClusterScenario.MaxAheadMs,
                RepairBytesPerSecond = _scenario.RepairBytesPerSecond,
                TombstoneLifetime = ClusterScenario.Lifetime,
                TellsMax = _scenario.TellsMax,
                WantedMax = 64,
                SmallBytes = 10_000,
                Marks = Marks,
            },
            _index, _scenario.Random.Next());
        foreach (var (id, entry) in Disk)
        {
            ShowInIndex(id, entry);
        }

        // The catalog takes a while to be read.
        var life = Life;
        World.After(TimeSpan.FromMilliseconds(_scenario.Random.Below(3000)), () =>
        {
            if (Life == life && IsUp)
            {
                _index.MarkLoaded();
                Pump(World.Now);
            }
        });
        Heard.Clear();
    }

    public void Stop() => IsUp = false;

    /// <summary>Its disk is another one: what it was at some time before, or nothing.</summary>
    public void Replace(Dictionary<ResourceId, DiskEntry> disk, ReplicationMarks marks) => (Disk, Marks) = (disk, marks);

    public bool HasKept(ResourceId id, ReplicaVersion version) =>
        Disk.TryGetValue(id, out var entry) && entry.IsKept && entry.Version >= version;

    public void SetMembers(ImmutableArray<ClusterMember> members)
    {
        Machine.SetMembers(LocalNow, TrueMs + ClusterErrorMs, members);
        Pump(World.Now);
    }

    public void Survey(ResourceId id, Action<SurveyResult> done)
    {
        _surveys[Machine.Survey(LocalNow, id, isOfAll: true)] = done;
        Pump(World.Now);
    }

    /// <summary>Commits a version unless there is a newer one.</summary>
    public bool Commit(ResourceId id, ReplicaVersion version, bool isKept)
    {
        if (Disk.TryGetValue(id, out var entry) && entry.Version >= version)
        {
            if (entry.Version.IsSameAs(version) && isKept && !entry.IsKept)
            {
                Put(id, entry with { IsKept = true });
            }

            return false;
        }

        Put(id, new DiskEntry(version, isKept));
        if (version.IsDeleted && _scenario.Fault == ClusterFault.TombstoneForgottenEarly)
        {
            World.After(TimeSpan.FromSeconds(20), () => Remove(id, version));
        }

        return true;
    }

    /// <summary>Removes a version if it is still there.</summary>
    public bool Remove(ResourceId id, ReplicaVersion version)
    {
        if (!Disk.TryGetValue(id, out var entry) || !entry.Version.IsSameAs(version))
        {
            return false;
        }

        Disk.Remove(id);
        _index.Remove(id);
        if (IsUp)
        {
            Machine.Changed(LocalNow, id);
        }

        return true;
    }

    /// <summary>The disk needs room.</summary>
    public void Evict()
    {
        foreach (var (id, entry) in Disk.Where(pair => !pair.Value.IsKept).OrderBy(pair => pair.Key).ToArray())
        {
            Remove(id, entry.Version);
        }
    }

    protected override void OnDatagram(Instant now, PeerAddress from, ReadOnlySpan<byte> datagram)
    {
        if (!IsUp)
        {
            return;
        }

        var length = Machine.Answer(now, from, isTrusted: true, datagram, _answer);
        if (length > 0)
        {
            Send(_answer, new Transmit(from, length, length));
        }
        else
        {
            Machine.Handle(now, from, datagram);
        }

        OnWake(now);
    }

    protected override void OnWake(Instant now)
    {
        if (!IsUp)
        {
            return;
        }

        while (Machine.TryPollTransmit(now, _buffer, out var transmit))
        {
            Send(_buffer, transmit);
        }

        while (Machine.TryPollAction(out var action))
        {
            Do(action);
        }

        while (Machine.TryPollSurvey(out var result))
        {
            if (_surveys.Remove(result.Number, out var done))
            {
                done(result);
            }
        }
    }

    private void Do(ReplicationAction action)
    {
        if (action.Kind == ReplicationActionKind.SaveMarks)
        {
            Marks = action.Marks;
            Machine.MarksSaved(action.Marks);
            return;
        }

        var (life, wanted) = (Life, Machine.WantedCount(action.Id));
        var delay = action.Kind == ReplicationActionKind.Fetch
            ? _scenario.Random.Between(20, 3000)
            : _scenario.Random.Between(0, 50);
        World.After(TimeSpan.FromMilliseconds(delay), () =>
        {
            if (!IsUp || Life != life)
            {
                return;
            }

            Machine.Ended(LocalNow, action, Carry(action, wanted));
            Pump(World.Now);
        });
    }

    private ReplicationOutcome Carry(ReplicationAction action, int wanted)
    {
        var (id, version) = (action.Id, action.Version);
        var entry = Disk.GetValueOrDefault(id);
        switch (action.Kind)
        {
            case ReplicationActionKind.Fetch:
                if (!_scenario.IsHealed && _scenario.Random.Chance(_scenario.FetchFailsPerMillion))
                {
                    return _scenario.Random.Pick(ReplicationOutcome.Failed, ReplicationOutcome.NoRoom);
                }

                if (!_scenario.CanFetch(this, id, version, action.Sources))
                {
                    return _scenario.Random.Pick(ReplicationOutcome.NoSuch, ReplicationOutcome.Failed);
                }

                Commit(id, version, isKept: true);
                return ReplicationOutcome.Done;
            case ReplicationActionKind.Bury:
                Commit(id, ReplicaVersion.Of(action.Tombstone!), isKept: true);
                return ReplicationOutcome.Done;
            case ReplicationActionKind.Promote when entry is not null && entry.Version.IsSameAs(version):
                Put(id, entry with { IsKept = true });
                return ReplicationOutcome.Done;
            case ReplicationActionKind.Demote when entry is not null && entry.Version.IsSameAs(version):
                _scenario.OnDropped(this, id, version, wanted);
                Put(id, entry with { IsKept = false });
                return ReplicationOutcome.Done;
            case ReplicationActionKind.Forget when entry is not null && entry.Version.IsSameAs(version):
                Remove(id, version);
                _scenario.OnForgotten(this, id, version);
                return ReplicationOutcome.Done;
            default:
                return ReplicationOutcome.Done;
        }
    }

    private void Put(ResourceId id, DiskEntry entry)
    {
        Disk[id] = entry;
        ShowInIndex(id, entry);
        Machine.Changed(LocalNow, id);
    }

    private void ShowInIndex(ResourceId id, DiskEntry entry) =>
        _index.Set(id, new Replica(entry.Version, entry.IsKept || _scenario.Fault == ClusterFault.CachedCountsAsKept));
}
