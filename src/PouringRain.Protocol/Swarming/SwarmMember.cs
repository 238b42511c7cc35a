namespace PouringRain.Protocol;

/// <summary>A node that fetches a version from one of its addresses, in the eyes of one that rains it. Whoever takes the identity of
/// another has another address, and is a member of its own: it changes nothing of what is known of that other.</summary>
internal sealed class SwarmMember(Swarm swarm, NodeId node, Bits128 host)
{
    public Swarm Swarm { get; } = swarm;

    public NodeId Node { get; } = node;

    /// <summary>The address that it subscribes from, without its port.</summary>
    public Bits128 Host { get; } = host;

    /// <summary>Where it rains; port 0 when it does not.</summary>
    public PeerAddress Address { get; set; }

    /// <summary>What it was sent where it rains now.</summary>
    public SwarmGifts.Gift Gift { get; set; } = null!;

    /// <summary>Whether it takes and does not give on: nothing to this node where that fetches as well, or nothing to others, of which one
    /// that seeds learns.</summary>
    public bool IsTaker => Gift.IsTaker || Spread.IsSink;

    /// <summary>Subscriptions that it has at this node's servers.</summary>
    public int RowCount { get; set; }

    /// <summary>Its place in the swarm's list.</summary>
    public int Index { get; set; } = -1;

    /// <summary>Blocks that it was told to ask for and has not been sent whole; under the lock of <see cref="SeedRound"/>.</summary>
    public List<int> Suggested { get; } = [];

    /// <summary>What came of the blocks that it was given; under the same lock.</summary>
    public SpreadWatch.Account Spread { get; } = new();
}
