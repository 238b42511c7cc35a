namespace PouringRain.Protocol;

/// <summary>A node that fetches a version, in the eyes of one that rains it.</summary>
internal sealed class SwarmMember(Swarm swarm, NodeId node)
{
    public Swarm Swarm { get; } = swarm;

    public NodeId Node { get; } = node;

    /// <summary>Where it rains; port 0 when it does not.</summary>
    public PeerAddress Address { get; set; }

    /// <summary>What it was sent where it rains now.</summary>
    public SwarmGifts.Gift Gift { get; set; } = null!;

    /// <summary>Subscriptions that it has at this node's servers.</summary>
    public int RowCount { get; set; }

    /// <summary>Its place in the swarm's list.</summary>
    public int Index { get; set; } = -1;

    /// <summary>Blocks that it was told to ask for and has not been sent whole; under the lock of <see cref="SeedRound"/>.</summary>
    public List<int> Suggested { get; } = [];
}
