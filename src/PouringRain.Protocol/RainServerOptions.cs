namespace PouringRain.Protocol;

/// <summary>Bounds and promises of one rain server.</summary>
public sealed record RainServerOptions
{
    /// <summary>Ceiling over all subscribers, of this server and of all others that have the same object here; none by default.</summary>
    public RainCeiling? Ceiling { get; init; }

    /// <summary>Subscribers beyond which BUSY is answered.</summary>
    public int SubscriberCountMax { get; init; } = 10_000;

    /// <summary>How long a subscription lives after the last SUBSCRIBE.</summary>
    public TimeSpan SubscriptionLifetime { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Key of the address tokens, 32 random bytes. The servers of one process share it.</summary>
    public required ReadOnlyMemory<byte> TokenKey { get; init; }

    /// <summary>Who it says it is to whoever propagates: the same for all servers of one node. A copy at a server that does not say counts
    /// for nobody.</summary>
    public NodeId Node { get; init; }

    /// <summary>Who fetches what in company, shared by all servers and fetches of one node; null when nobody is told of others.</summary>
    public SwarmTable? Swarms { get; init; }

    /// <summary>Of how many that fetch a version in company the node takes as neighbours while it fetches it itself; others are told that
    /// it is busy. One that had it whole takes all.</summary>
    public int NeighbourCountMax { get; init; } = 12;

    /// <summary>Whether what a node asks to be fetched from an address (its own, with its rain port) is fetched; others are refused. It
    /// must neither wait nor throw. Null is everybody.</summary>
    public Func<PeerAddress, bool>? MayPropagate { get; init; }

    /// <summary>Answers what other nodes ask about the cluster; null when there is nobody to.</summary>
    public ConsultAnswerer? Consult { get; init; }
}

/// <summary>Answers a CONSULT of another node; it must neither wait nor throw.</summary>
/// <param name="now">The time.</param>
/// <param name="from">Who asks.</param>
/// <param name="request">The question; any bytes at all.</param>
/// <param name="answer">At least <see cref="WireFormat.ConsultBytesMax"/> bytes.</param>
/// <returns>The answer's length; 0 when there is none.</returns>
public delegate int ConsultAnswerer(Instant now, PeerAddress from, ReadOnlySpan<byte> request, Span<byte> answer);
