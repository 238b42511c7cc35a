using PouringRain.Protocol;
using PouringRain.Protocol.Cluster;

namespace Simulation.Cluster;

/// <summary>
/// Nodes that keep the same resources on a virtual network, drawn from a seed: put, replaced, deleted and read at any of them, while they
/// stop, come back with their disk, with an old one or with none, are drained, taken off the list and put on it again; while the network
/// is cut, also one way only, loses, repeats and reorders; and while their clocks are wrong and their views of the members lag. Then all is
/// well again, and it is looked at what was promised.
/// </summary>
public sealed partial class ClusterScenario : ITrial
{
    internal const long MaxAheadMs = 20_000;
    internal static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(8);

    private const long EpochMs = 1_764_000_000_000;
    private static readonly TimeSpan HealingMax = TimeSpan.FromMinutes(5);

    private readonly SimWorld _world;
    private readonly List<ReplicaNode> _nodes = [];
    private readonly ResourceId[] _ids;
    private readonly int _lossPerMillion;
    private readonly bool _hasZones, _isLong, _losesDisks, _cuts;
    private ulong _lastAddress;
    private int _writes, _reads, _stops, _diskLosses;

    /// <summary>Draws one.</summary>
    /// <param name="seed">From this.</param>
    /// <param name="fault">A mistake to be made.</param>
    public ClusterScenario(ulong seed, ClusterFault fault = ClusterFault.None)
    {
        Random = new SimRandom(seed ^ 0x434C_5553_5445_5221);
        Fault = fault;
        _world = new SimWorld(Random.Next());
        Replicas = Random.Pick(0, 1, 2, 2, 3, 3, 4);
        _hasZones = Random.Chance(500_000);
        _isLong = Random.Chance(300_000);
        _losesDisks = Random.Chance(500_000);
        _cuts = Random.Chance(600_000);
        _lossPerMillion = Random.Pick(0, 10_000, 200_000);
        RepairBytesPerSecond = Random.Pick(0L, 50_000, 1_000_000);
        TellsMax = Random.Pick(4, 4096);
        FetchFailsPerMillion = Random.Pick(0, 100_000, 500_000);
        _ids = [.. Enumerable.Range(0, Random.Pick(3, 12, 30)).Select(_ => new ResourceId(Random.Next()))];
        for (var i = Random.Between(3, 8); i > 0; i--)
        {
            AddNode();
        }

        _world.Network.DefaultFaults = new LinkFaults
        {
            Delay = TimeSpan.FromMilliseconds(Random.Pick(1, 20, 100)),
            Jitter = TimeSpan.FromMilliseconds(Random.Pick(0, 5)),
            LossPerMillion = _lossPerMillion,
            DuplicatePerMillion = Random.Pick(0, 50_000),
            ReorderPerMillion = Random.Pick(0, 50_000),
            EchoPerMillion = Random.Pick(0, 10_000),
            EchoBy = TimeSpan.FromSeconds(30),
        };
    }

    /// <summary>A line about what was drawn and what came of it.</summary>
    public string Description =>
        $"{_nodes.Count} nodes, {Replicas} replicas, {_ids.Length} ids, {_writes} writes, {_reads} reads, {_stops} stops, "
        + $"{_diskLosses} disks lost, healed in {_healedIn.TotalSeconds:F0} s";

    /// <summary>Promises that were broken.</summary>
    public IList<string> Broken { get; } = [];

    /// <summary>How often a process was stopped.</summary>
    public int StopCount => _stops;

    internal SimRandom Random { get; }

    internal ClusterFault Fault { get; }

    internal int Replicas { get; }

    internal long RepairBytesPerSecond { get; }

    internal int TellsMax { get; }

    internal int FetchFailsPerMillion { get; }

    /// <summary>Troubles, then peace: all is as it is to be soon, and whoever writes last wins.</summary>
    public void Run()
    {
        var troubles = TimeSpan.FromMinutes(_isLong ? Random.Between(10, 25) : Random.Between(2, 6));
        foreach (var node in _nodes.ToArray())
        {
            node.Start();
            UpdateView(node);
        }

        PlanTroubles(troubles);
        _world.Run(troubles);
        Heal();
        Settle("after the troubles");
        WriteInPeace();
        Settle("after writes in peace");
    }

    /// <inheritdoc/>
    public void Dispose() => _nodes.ForEach(node => node.Dispose());

    /// <summary>The true time, milliseconds of Unix time.</summary>
    internal static long MsOf(Instant now) => EpochMs + (now.Nanoseconds / 1_000_000);

    /// <summary>Whether a node gets a version from one of some addresses.</summary>
    internal bool CanFetch(ReplicaNode reader, ResourceId id, ReplicaVersion version, IReadOnlyCollection<PeerAddress> sources) =>
        _nodes.Any(node => sources.Contains(node.Address) && CanReach(reader, node)
            && node.Disk.TryGetValue(id, out var entry) && entry.Version.IsSameAs(version));

    private ReplicaNode AddNode()
    {
        var number = ++_lastAddress;
        var node = new ReplicaNode(
            this, _world, new NodeId(new Bits128(Random.Next(), number)), PeerAddress.FromIPv4(0x0A00_0000 + (uint)number, 1980),
            _hasZones ? $"z{Random.Below(3)}" : "");
        _nodes.Add(node);
        return node;
    }

    private ReplicaNode PickUp()
    {
        // Who was taken off the list does not know it, and takes writes until all is healed; nobody asks him for them then.
        var up = _nodes.Where(node => node.IsUp && !(node.IsGone && IsHealed)).ToArray();
        return up.Length == 0 ? _nodes[0] : up[Random.Below(up.Length)];
    }

    private void Write(ReplicaNode node, ResourceId id, bool isDelete, Action<ReplicaVersion, bool>? done = null)
    {
        if (!node.IsUp)
        {
            return;
        }

        if (Fault == ClusterFault.WallClockStamps)
        {
            Commit(node, id, isDelete, Math.Max(0, node.TrueMs + node.WallErrorMs), version => done?.Invoke(version, true));
            return;
        }

        node.Survey(id, result =>
        {
            var newest = node.Disk.TryGetValue(id, out var entry) && entry.Version > result.Newest ? entry.Version : result.Newest;
            var stamp = new ClusterClock(MaxAheadMs).Next(node.TrueMs + node.ClusterErrorMs, newest.Stamp);
            if (stamp != ClusterClock.Refused && (!isDelete || (!newest.IsNone && !newest.IsDeleted)))
            {
                Commit(node, id, isDelete, stamp, version => done?.Invoke(version, result.HoldersAnswered == result.Holders));
            }
        });
    }

    private void Commit(ReplicaNode node, ResourceId id, bool isDelete, long stamp, Action<ReplicaVersion>? done)
    {
        var version = isDelete
            ? ReplicaVersion.Of(Manifest.CreateTombstone(Random.Pick("raptorq", "lt"), stamp))
            : new ReplicaVersion(stamp, Random.Next(), Random.Pick(0L, 500, 5000, 60_000), false);
        var isNewer = node.Commit(id, version, isKept: true);
        if (isNewer || Fault == ClusterFault.WallClockStamps)
        {
            _writes++;
            OnAnswered(id, version);
            done?.Invoke(version);
            node.Pump(_world.Now);
        }
    }

    private void Read(ReplicaNode node, ResourceId id)
    {
        var source = _nodes.FirstOrDefault(
            other => CanReach(node, other) && other.Disk.TryGetValue(id, out var entry) && !entry.Version.IsDeleted);
        if (node.IsUp && source is not null && !node.Disk.ContainsKey(id))
        {
            _reads++;
            node.Commit(id, source.Disk[id].Version, isKept: false);
            node.Pump(_world.Now);
        }
    }
}
