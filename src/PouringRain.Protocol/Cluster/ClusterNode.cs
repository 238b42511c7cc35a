using System.Collections.Immutable;

namespace PouringRain.Protocol.Cluster;

/// <summary>A node as <see cref="Membership"/> sees it.</summary>
public sealed record ClusterNode
{
    /// <summary>Who it is.</summary>
    public required NodeId Id { get; init; }

    /// <summary>Whether it is this one.</summary>
    public bool IsSelf { get; init; }

    /// <summary>How it is.</summary>
    public MemberState State { get; init; }

    /// <summary>What it said of itself last.</summary>
    public required NodeStatus Status { get; init; }

    /// <summary>Where it can be asked, the best first: where it answered, then where it says it rains.</summary>
    public ImmutableArray<PeerAddress> Addresses { get; init; } = [];

    /// <summary>When it was heard last; null before.</summary>
    public Instant? LastHeard { get; init; }

    /// <summary>The round trip of its last answer; zero before.</summary>
    public TimeSpan RoundTrip { get; init; }

    /// <summary>By how much its clock is before this one's, milliseconds.</summary>
    public long ClockOffsetMs { get; init; }
}
