namespace PouringRain.Protocol.Cluster;

/// <summary>A copy of a version that is on this node, whole.</summary>
/// <param name="Version">The version.</param>
/// <param name="IsKept">Whether it counts as a replica and is never evicted; a copy that does not is cached. A tombstone is always
/// kept.</param>
public readonly record struct Replica(ReplicaVersion Version, bool IsKept);
