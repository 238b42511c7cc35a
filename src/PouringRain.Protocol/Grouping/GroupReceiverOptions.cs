namespace PouringRain.Protocol.Grouping;

/// <summary>What a <see cref="GroupReceiver"/> takes, and within which bounds.</summary>
public sealed record GroupReceiverOptions
{
    /// <summary>Who it is to the sender: a random number, best the same after a restart; not 0.</summary>
    public required NodeId Identity { get; init; }

    /// <summary>The resource that is taken; null for any.</summary>
    public ResourceId? Resource { get; init; }

    /// <summary>The version that is taken; null for the one that rains first or, while nothing has come of it, a newer one.</summary>
    public Sha256Digest? Version { get; init; }

    /// <summary>Bytes of blocks in work at once; at least the sender's window, or blocks are missed. Two blocks are allowed
    /// always.</summary>
    public long WindowBytesMax { get; init; } = 64 * 1024 * 1024;

    /// <summary>After how long without a sound of a stream that is known it turns to unicast.</summary>
    public TimeSpan SilenceTimeout { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>Where the sender is, if that is known: it is asked what it rains when nothing is heard of it on the group, and what it has
    /// is fetched by unicast then. Streams that come from elsewhere are not taken.</summary>
    public PeerAddress? Sender { get; init; }

    /// <summary>Whether it sends nothing at all, where there is no way back: it is in no sender's table then, and gets what others ask
    /// for.</summary>
    public bool IsSilent { get; init; }

    /// <summary>Whether all that comes was sealed. What was sealed once can be sent again by anybody who recorded it: so nothing of a
    /// stream is written, and nothing is fetched by unicast, before its sender has answered this receiver; one that does not answer gives
    /// way to another. One that is silent has no such proof.</summary>
    public bool IsSealed { get; init; }
}

/// <summary>Every way a receiver can end.</summary>
public enum GroupReceiverEndReason
{
    /// <summary>It has not.</summary>
    None,

    /// <summary>It has all, and the sender has its receipt.</summary>
    Completed,

    /// <summary>It has all, and nobody has acknowledged its receipt: the sender is gone, or it sends none.</summary>
    Unacknowledged,

    /// <summary>It gave up, as its owner said.</summary>
    Failed,

    /// <summary>The sender left, blocks are missing, and there is nobody else to have them from.</summary>
    Incomplete,

    /// <summary>The manifest of what rains is not understood by this program.</summary>
    NotUnderstood,
}

/// <summary>Why a receiver has what it lacks by unicast.</summary>
public enum GroupUnicastReason
{
    /// <summary>It does not.</summary>
    None,

    /// <summary>The last round is over.</summary>
    Over,

    /// <summary>Nothing of the stream is heard any more.</summary>
    Silent,

    /// <summary>What is short comes, and no droplet: a way on which large datagrams vanish.</summary>
    Narrow,

    /// <summary>The group crawls, and unicast does not: Wi-Fi carries multicast at its basic rate.</summary>
    Crawls,

    /// <summary>Somebody rains wrong bytes in the sender's name.</summary>
    WrongBlocks,
}

/// <summary>What a receiver tells its owner.</summary>
public enum GroupReceiverEventKind
{
    /// <summary>A stream that is taken is heard: <see cref="GroupReceiver.StreamId"/>, <see cref="GroupReceiver.Version"/>.</summary>
    StreamFound,

    /// <summary>The manifest is here and verified: <see cref="GroupReceiver.Manifest"/>. Before anything else the owner may say with
    /// <see cref="GroupReceiver.MarkHeld"/> which blocks it has already.</summary>
    ManifestReady,

    /// <summary>What is missing will not come on the group, by <see cref="GroupReceiver.UnicastReason"/>. It is to be had of
    /// <see cref="GroupReceiver.RainServer"/>.</summary>
    TurnToUnicast,

    /// <summary>Every block is verified and kept. The owner reads back what it wrote and calls <see cref="GroupReceiver.SendReceipt"/>, or
    /// <see cref="GroupReceiver.Fail"/>.</summary>
    Completed,

    /// <summary>It is over: <see cref="GroupReceiver.EndReason"/>.</summary>
    Ended,
}

/// <summary>A receiver's figures.</summary>
public sealed record GroupReceiverSnapshot
{
    /// <summary>Blocks that are verified and kept, those that were held before among them.</summary>
    public required int Blocks { get; init; }

    /// <summary>Blocks that came on the group.</summary>
    public required int BlocksFromGroup { get; init; }

    /// <summary>Droplets that came.</summary>
    public required long Droplets { get; init; }

    /// <summary>Of these, those of blocks that were missing.</summary>
    public required long DropletsTaken { get; init; }

    /// <summary>The share of the droplets that was lost lately, 0 to 1.</summary>
    public required double Loss { get; init; }

    /// <summary>Bits a second that came lately, without headers.</summary>
    public required long RateBitsPerSecond { get; init; }

    /// <summary>The sender's round.</summary>
    public required int Round { get; init; }

    /// <summary>The first block that may still get symbols in this round.</summary>
    public required int FirstBlock { get; init; }

    /// <summary>The sender's rate on the wire, bits a second, as it says.</summary>
    public required long SenderRateBitsPerSecond { get; init; }

    /// <summary>How many receivers the sender knows, as it says.</summary>
    public required int Receivers { get; init; }

    /// <summary>What a train of datagrams came at by unicast, bits a second; 0 when there was none.</summary>
    public required long TrainBitsPerSecond { get; init; }

    /// <summary>Bytes of blocks that are in work.</summary>
    public required long OpenBytes { get; init; }

    /// <summary>Blocks whose bytes were wrong.</summary>
    public required int WrongBlocks { get; init; }
}
