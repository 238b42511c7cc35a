using MurkyWaters;
using MurkyWaters.Cluster;
using PouringRain.Protocol.Cluster;

namespace Gateway.Cluster;

/// <summary>The cluster.</summary>
/// <param name="Name">Its name, Cluster:Name.</param>
/// <param name="Etcd">How etcd fares; null where there is none.</param>
/// <param name="Nodes">How many nodes there are.</param>
/// <param name="Zones">The zones that nodes name.</param>
/// <param name="Replicas">Nodes that are to keep each resource, Cluster:Replicas; 0 is every node.</param>
/// <param name="Survives">What can be lost now.</param>
/// <param name="UnderReplicated">Resources of which fewer nodes than wanted are known to keep them.</param>
/// <param name="Repair">What nodes have still to fetch.</param>
/// <param name="Scrub">The reading and comparing of all bodies on this node.</param>
/// <param name="ObjectStore">The object store under this node; null where there is none.</param>
/// <example>
/// {
/// "name": "rain", "etcd": { "connected": true, "trouble": null, "lagSeconds": 0.8, "registered": true },
/// "nodes": { "total": 4, "up": 4, "late": 0, "down": 0, "draining": 0 }, "zones": ["east", "west"], "replicas": 3,
/// "survives": { "nodes": 2, "zones": 1, "unknown": [] }, "underReplicated": 0,
/// "repair": { "waiting": 0, "bytesLeft": 0, "rateBytesPerSecond": 0, "etaSeconds": 0, "failed": [] },
/// "scrub": { "checked": 17, "bytes": 52428800, "bad": 0, "startedAt": "2026-01-02T03:04:05.678Z", "etaSeconds": 78800 },
/// "objectStore": null
/// }
/// </example>
internal sealed record ClusterView(
    string Name, EtcdView? Etcd, NodeCountsView Nodes, IReadOnlyList<string> Zones, int Replicas, SurvivalView Survives,
    long UnderReplicated, RepairView Repair, ScrubProgressView Scrub, ObjectStoreView? ObjectStore)
{
    public static ClusterView Of(ClusterFigures cluster, ScrubFigures scrub, BackingFigures? backing) => new(
        cluster.Name, EtcdView.Of(cluster.Registry), NodeCountsView.Of(cluster.Nodes), cluster.Zones, cluster.Replicas,
        new SurvivalView(
            cluster.Survives.Nodes, cluster.Survives.Zones, [.. cluster.Survives.Unknown.Select(node => node.ToString())]),
        cluster.UnderReplicated,
        new RepairView(
            cluster.Waiting, cluster.BytesLeft, cluster.RateBytesPerSecond, cluster.EtaSeconds,
            [.. cluster.Failed.Select(failed => new FailureView(failed.Id.ToString(), failed.Reason))]),
        ScrubProgressView.Of(scrub), ObjectStoreView.Of(backing));
}

/// <summary>How etcd fares.</summary>
/// <param name="Connected">Whether it answered within the last seconds.</param>
/// <param name="Trouble">What is wrong, in a sentence; null for nothing.</param>
/// <param name="LagSeconds">How old what is known from it may be.</param>
/// <param name="Registered">Whether it knows this node.</param>
/// <example>{ "connected": true, "trouble": null, "lagSeconds": 0.8, "registered": true }</example>
internal sealed record EtcdView(bool Connected, string? Trouble, double LagSeconds, bool Registered)
{
    public static EtcdView? Of(RegistryStatus? status) => status is null
        ? null : new EtcdView(status.IsConnected, status.Trouble, Math.Round(status.Lag.TotalSeconds, 3), status.IsRegistered);
}

/// <summary>How many nodes there are; those that were taken off are not counted.</summary>
/// <param name="Total">All of them.</param>
/// <param name="Up">Those that answer.</param>
/// <param name="Late">Those that have been silent for seconds.</param>
/// <param name="Down">Those that have been silent for Cluster:DownAfterSeconds.</param>
/// <param name="Draining">Those that answer and give away what they keep.</param>
/// <example>{ "total": 4, "up": 4, "late": 0, "down": 0, "draining": 0 }</example>
internal sealed record NodeCountsView(int Total, int Up, int Late, int Down, int Draining)
{
    public static NodeCountsView Of(IReadOnlyDictionary<MemberState, int> counts) => new(
        counts.Values.Sum(), counts.GetValueOrDefault(MemberState.Up), counts.GetValueOrDefault(MemberState.Late),
        counts.GetValueOrDefault(MemberState.Down), counts.GetValueOrDefault(MemberState.Draining));
}

/// <summary>What can be lost now without the loss of a resource.</summary>
/// <param name="Nodes">So many nodes, whichever they are.</param>
/// <param name="Zones">So many zones, whichever they are; nodes without one are in one together.</param>
/// <param name="Unknown">Nodes that may have what nobody else has: they do not say yet, or are silent. While there are any, nothing is
/// promised.</param>
/// <example>{ "nodes": 2, "zones": 1, "unknown": [] }</example>
internal sealed record SurvivalView(int Nodes, int Zones, IReadOnlyList<string> Unknown);

/// <summary>What nodes have still to fetch, to keep it.</summary>
/// <param name="Waiting">Resources, each as often as nodes fetch it.</param>
/// <param name="BytesLeft">Their bytes.</param>
/// <param name="RateBytesPerSecond">Bytes a second that come just now.</param>
/// <param name="EtaSeconds">When all will be there at this pace; null while nothing moves.</param>
/// <param name="Failed">Some of what failed last on this node; it is tried again.</param>
/// <example>
/// {
/// "waiting": 12, "bytesLeft": 1073741824, "rateBytesPerSecond": 10485760, "etaSeconds": 102.4,
/// "failed": [{ "id": "42", "reason": "no room" }]
/// }
/// </example>
internal sealed record RepairView(
    long Waiting, long BytesLeft, long RateBytesPerSecond, double? EtaSeconds, IReadOnlyList<FailureView> Failed);

/// <summary>Something that failed.</summary>
/// <param name="Id">The resource.</param>
/// <param name="Reason">Why it did.</param>
/// <example>{ "id": "42", "reason": "no room" }</example>
internal sealed record FailureView(string Id, string Reason);

/// <summary>How the reading and comparing of all bodies on this node stands.</summary>
/// <param name="Checked">Resources whose bodies were read in this pass, or in the last one.</param>
/// <param name="Bytes">Their bytes.</param>
/// <param name="Bad">Those that were not what they should be.</param>
/// <param name="StartedAt">When it began; null before the first.</param>
/// <param name="EtaSeconds">When it will be through at this pace; null while none is under way.</param>
/// <example>
/// { "checked": 17, "bytes": 52428800, "bad": 0, "startedAt": "2026-01-02T03:04:05.678Z", "etaSeconds": 78800 }
/// </example>
internal sealed record ScrubProgressView(long Checked, long Bytes, long Bad, DateTimeOffset? StartedAt, double? EtaSeconds)
{
    public static ScrubProgressView Of(ScrubFigures scrub) => new(
        scrub.CheckedResources, scrub.CheckedBytes, scrub.Damaged, scrub.PassStarted,
        scrub.State == "running" && scrub.BytesPerSecond > 0
            ? (double)Math.Max(0, scrub.TotalBytes - scrub.CheckedBytes) / scrub.BytesPerSecond : null);
}

/// <summary>The object store under this node.</summary>
/// <param name="Name">Which it is.</param>
/// <param name="Connected">Whether it served when it was last asked.</param>
/// <param name="Trouble">Why it is of no use just now; null for nothing.</param>
/// <param name="Waiting">Versions and deletions that are kept here and of which it is not known that it has them.</param>
/// <param name="BytesLeft">Their bytes.</param>
/// <param name="RateBytesPerSecond">Bytes a second that go there just now.</param>
/// <param name="EtaSeconds">When all will be there at this pace; null while nothing moves.</param>
/// <param name="Failed">Some of those that failed; they are tried again.</param>
/// <example>
/// {
/// "name": "s3://resources", "connected": true, "trouble": null, "waiting": 0, "bytesLeft": 0, "rateBytesPerSecond": 0,
/// "etaSeconds": null, "failed": []
/// }
/// </example>
internal sealed record ObjectStoreView(
    string Name, bool Connected, string? Trouble, long Waiting, long BytesLeft, long RateBytesPerSecond, double? EtaSeconds,
    IReadOnlyList<FailureView> Failed)
{
    public static ObjectStoreView? Of(BackingFigures? backing) => backing is null ? null : new ObjectStoreView(
        backing.Name, backing.IsConnected, backing.Trouble, backing.Waiting, backing.BytesLeft, backing.RateBytesPerSecond,
        backing.EtaSeconds, [.. backing.Failed.Select(failed => new FailureView(failed.Id.ToString(), failed.Reason))]);
}
