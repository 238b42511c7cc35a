using System.Collections.Immutable;

namespace PouringRain.Protocol.Cluster;

/// <summary>How much of a cluster can be lost without the loss of a resource, by what its nodes say. It promises no more than it knows: who
/// is silent counts as lost already.</summary>
/// <param name="Nodes">So many nodes can be lost, whichever they are.</param>
/// <param name="Zones">So many zones can be lost, whichever they are; nodes that name none are in one together.</param>
/// <param name="Unknown">Nodes that may have what nobody else has: they do not say how many copies there are, or are silent as others are
/// that may have had the rest. While there are any, nothing is promised.</param>
public sealed record ClusterSurvival(int Nodes, int Zones, ImmutableArray<NodeId> Unknown)
{
    /// <summary>What a node says is so old at most: hellos go every two seconds, and are missed now and then.</summary>
    private static readonly TimeSpan HelloAge = TimeSpan.FromSeconds(10);

    /// <summary>Finds it.</summary>
    /// <param name="nodes">All nodes that were heard, this one among them.</param>
    /// <param name="unheard">Nodes that there are and that were never heard.</param>
    /// <param name="now">The time.</param>
    /// <param name="downAfter">Silence after which places go to others.</param>
    public static ClusterSurvival Of(
        IReadOnlyCollection<ClusterNode> nodes, IReadOnlyCollection<NodeId> unheard, Instant now, TimeSpan downAfter)
    {
        ArgumentNullException.ThrowIfNull(nodes);
        ArgumentNullException.ThrowIfNull(unheard);
        if (nodes.Count + unheard.Count == 1)
        {
            return new ClusterSurvival(0, 0, []);
        }

        var answering = nodes.Where(node => node.State is MemberState.Up or MemberState.Draining).ToArray();
        var silent = nodes.Where(node => node.State is MemberState.Late or MemberState.Down).ToArray();

        // Copies on these may be among those that the others count; of who is down for longer, or had no places, they know.
        var counted = silent.Where(node => !node.Status.IsDraining
            && (node.State == MemberState.Late || now - node.LastHeard < downAfter + HelloAge)).ToArray();
        var zonesCounted = counted.DistinctBy(node => node.Status.Zone, StringComparer.Ordinal).Count();
        var silentCount = silent.Length + unheard.Count;
        var least = CopyCount.Most;
        var unknown = unheard.ToList();
        foreach (var node in answering)
        {
            if (node.Status.Replication?.Least is { } said)
            {
                least = CopyCount.Least(least, said.Without(counted.Length, zonesCounted));
            }
            else
            {
                unknown.Add(node.Id);
            }
        }

        // Of all that a silent node kept there were more copies than nodes are silent, or it had given away all.
        unknown.AddRange(silent.Where(node => !(node.Status.Replication?.Least?.Nodes > silentCount) && !node.Status.HasGivenAway)
            .Select(node => node.Id));
        var zones = answering.DistinctBy(node => node.Status.Zone, StringComparer.Ordinal).Count();
        return unknown.Count > 0
            ? new ClusterSurvival(0, 0, [.. unknown.OrderBy(id => id.Value)])
            : new ClusterSurvival(
                Math.Clamp(least.Nodes - 1, 0, Math.Max(0, answering.Length - 1)), Math.Clamp(least.Zones - 1, 0, Math.Max(0, zones - 1)),
                []);
    }
}
