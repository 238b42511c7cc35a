namespace PouringRain.Protocol.Cluster;

/// <summary>Bounds and times of a <see cref="Membership"/>.</summary>
public sealed record MembershipOptions
{
    /// <summary>Who this node is.</summary>
    public required NodeId Node { get; init; }

    /// <summary>Key of the address tokens, 32 random bytes; the one of the rain servers will do.</summary>
    public required ReadOnlyMemory<byte> TokenKey { get; init; }

    /// <summary>Tokens that other nodes gave to the socket that asks.</summary>
    public TokenCache Tokens { get; init; } = new();

    /// <summary>Time between two questions to an address that answers.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Silence after which a node is <see cref="MemberState.Late"/>.</summary>
    public TimeSpan LateAfter { get; init; } = TimeSpan.FromSeconds(7);

    /// <summary>Silence after which it is <see cref="MemberState.Down"/>.</summary>
    public TimeSpan DownAfter { get; init; } = TimeSpan.FromSeconds(600);

    /// <summary>The most nodes that are known; more are not heard.</summary>
    public int NodeCountMax { get; init; } = 4096;

    /// <summary>The most addresses that are asked because somebody introduced himself from there.</summary>
    public int IntroducedCountMax { get; init; } = 1024;
}
