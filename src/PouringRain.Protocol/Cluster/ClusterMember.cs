using System.Collections.Immutable;

namespace PouringRain.Protocol.Cluster;

/// <summary>One node of the cluster, as another sees it; this node is a member of its own view as well.</summary>
public sealed record ClusterMember
{
    /// <summary>Who it is, however many addresses it has.</summary>
    public required NodeId Id { get; init; }

    /// <summary>Where it rains, the best first; never empty but for this node itself.</summary>
    public ImmutableArray<PeerAddress> Rain { get; init; } = [];

    /// <summary>Where it stands, as <c>Cluster:Zone</c> says; empty when it says nothing.</summary>
    public string Zone { get; init; } = "";

    /// <summary>The machine it runs on, so that copies are on different ones where that can be.</summary>
    public string Host { get; init; } = "";

    /// <summary>How much it takes in proportion to others, above 0.</summary>
    public double Weight { get; init; } = 1;

    /// <summary>How it is.</summary>
    public MemberState State { get; init; }

    /// <summary>Whether it has places to keep things in: it is there, or may be back soon.</summary>
    public bool IsPlaced => State is MemberState.Up or MemberState.Late;

    /// <summary>Whether it can be asked for things.</summary>
    public bool IsReachable => State is MemberState.Up or MemberState.Draining;
}
