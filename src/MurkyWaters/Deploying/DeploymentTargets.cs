using System.Collections.Immutable;
using PouringRain.Protocol;
using PouringRain.Protocol.Cluster;
using PouringRain.Protocol.Deploying;

namespace MurkyWaters.Deploying;

/// <summary>Whom a deployment is for.</summary>
internal static class DeploymentTargets
{
    /// <summary>Chooses them.</summary>
    /// <param name="request">What is asked for.</param>
    /// <param name="nodes">Who there is.</param>
    /// <param name="groups">On which groups this node rains.</param>
    /// <param name="targets">The nodes, each once.</param>
    /// <returns>Why it cannot be, in a sentence; null when it can.</returns>
    public static string? Choose(
        DeploymentRequest request, IReadOnlyList<NodeSnapshot> nodes, DeployGroups groups, out ImmutableArray<NodeId> targets)
    {
        var known = nodes.Where(node => node.State != MemberState.Gone).ToList();
        var here = known.Where(node => node.State != MemberState.Down).ToList();
        targets = request.Nodes is { } wanted ? [.. wanted.Distinct()]
            : request.Zone is { } zone ? [.. here.Where(node => node.Zone == zone).Select(node => node.Id)]
            : [.. here.Select(node => node.Id)];
        var (count, unknown) = (targets.Length, targets.Where(node => known.TrueForAll(other => other.Id != node)).ToList());
        return count == 0 ? request.Zone is null ? "It names no node." : $"No node is in zone '{request.Zone}'."
            : unknown.Count > 0 ? $"Node {unknown[0]} is not known here" + (unknown.Count > 1 ? $", and {unknown.Count - 1} more." : ".")
            : count > DeploymentPlan.TargetCountMax
                ? $"It is for {count} nodes; a deployment is for {DeploymentPlan.TargetCountMax} at most. Make several, by zone or by id."
            : request.Quorum > count ? $"The quorum is {request.Quorum}, and it is for {count} nodes."
            : request.Mode != DeployMode.Group ? null
            : groups.First is null ? "This node listens and rains on no group (Deploy:Groups): it is to be mode swarm, or auto."
            : request.Group.Length > 0 && !groups.Has(request.Group) ? $"{request.Group} is none of this node's groups (Deploy:Groups)."
            : null;
    }
}
