using System.Collections.Immutable;

namespace MurkyWaters.Cluster;

/// <summary>What the registry held when it was last read; never changed, a later one takes its place. While the registry cannot be
/// reached the last one stays.</summary>
/// <param name="Version">Greater with every change that this process saw; 0 before the registry was read for the first time, when nothing
/// is known.</param>
/// <param name="Nodes">Every node that ever registered, this one among them, by id.</param>
/// <param name="Jobs">Every job, by kind and id.</param>
public sealed record ClusterView(long Version, ImmutableArray<SeenNode> Nodes, ImmutableArray<ClusterJob> Jobs)
{
    /// <summary>Nothing is known yet.</summary>
    public static ClusterView Unknown { get; } = new(0, [], []);
}
