using PouringRain.Protocol;
using PouringRain.Protocol.Cluster;

namespace MurkyWaters.Cluster;

/// <summary>Whether enough nodes are left without those that are drained.</summary>
internal static class DrainRoom
{
    /// <summary>Why one more node cannot be drained; null when it can.</summary>
    /// <param name="target">Which.</param>
    /// <param name="nodes">All nodes, as they are now.</param>
    /// <param name="drained">Those that are drained, or are to be.</param>
    /// <param name="replicas">How many are to keep each resource; 0 for all.</param>
    public static string? FindRefusal(
        NodeId target, IReadOnlyCollection<(NodeId Id, MemberState State)> nodes, IReadOnlySet<NodeId> drained, int replicas)
    {
        // One that has begun already has had its places until then.
        var placed = nodes.Where(node => node.Id == target
            ? node.State is MemberState.Up or MemberState.Late or MemberState.Draining
            : node.State is MemberState.Up or MemberState.Late && !drained.Contains(node.Id)).ToArray();

        // Who is silent may be gone by the time its place is needed.
        var left = placed.Count(node => node.State == MemberState.Up && node.Id != target);
        if (left == 0)
        {
            return "No other node is up that could keep what this one has.";
        }

        return left < replicas && placed.Length >= replicas
            ? $"{left} nodes would be left that are up and not drained, and Cluster:Replicas is {replicas}: add a node first, or stop the "
                + "drain of another."
            : null;
    }
}
