using System.Collections.Immutable;

namespace PouringRain.Protocol.Cluster;

/// <summary>What a node says of itself.</summary>
public sealed record NodeStatus
{
    /// <summary>The most bytes of UTF-8 that <see cref="Zone"/>, <see cref="Host"/> and <see cref="Url"/> may have each.</summary>
    public const int TextBytesMax = Messages.HelloMessage.TextBytesMax;

    /// <summary>The newest version of the messages between nodes that it speaks.</summary>
    public int Version { get; init; } = Messages.ConsultRequest.FormatVersion;

    /// <summary>Where it stands, as <c>Cluster:Zone</c> says; empty when it says nothing.</summary>
    public string Zone { get; init; } = "";

    /// <summary>The machine it runs on.</summary>
    public string Host { get; init; } = "";

    /// <summary>Where its gateway is, or empty.</summary>
    public string Url { get; init; } = "";

    /// <summary>How much it takes in proportion to others, above 0; told in thousandths.</summary>
    public double Weight { get; init; } = 1;

    /// <summary>Where it rains, the best first, 1 to 8 places. In what it says itself an address of zero stands for the one that it is
    /// heard from.</summary>
    public ImmutableArray<PeerAddress> Rain { get; init; } = [];

    /// <summary>The port that it asks others from, at the address where it answers; 0 when it does not say. Who has no secret is known by
    /// that alone when it asks.</summary>
    public ushort AskPort { get; init; }

    /// <summary>Whether it gives away what it holds.</summary>
    public bool IsDraining { get; init; }

    /// <summary>Resources that it keeps.</summary>
    public long Resources { get; init; }

    /// <summary>Their bytes.</summary>
    public long Bytes { get; init; }

    /// <summary>Bytes that are free where it keeps them.</summary>
    public long FreeBytes { get; init; }

    /// <summary>Resources with too few copies that it looks after.</summary>
    public long UnderReplicated { get; init; }

    /// <summary>Bytes that it has still to fetch.</summary>
    public long WaitingBytes { get; init; }

    /// <summary>How it keeps what it has; null when it does not say.</summary>
    public NodeReplication? Replication { get; init; }

    /// <summary>Whether it has given away all that it held: it may be switched off.</summary>
    public bool HasGivenAway => IsDraining && Replication is { IsSettled: true, Strays: 0 };
}
