namespace PouringRain.Protocol.Grouping;

/// <summary>How far a group's rain has come.</summary>
public enum GroupStage
{
    /// <summary>It waits for receivers.</summary>
    Waiting,

    /// <summary>It rains.</summary>
    Raining,

    /// <summary>All has been rained; receipts are awaited, and what is missing is fetched by unicast.</summary>
    Finishing,

    /// <summary>It is over.</summary>
    Ended,
}

/// <summary>Every way a group's rain can end.</summary>
public enum GroupEndReason
{
    /// <summary>It has not.</summary>
    None,

    /// <summary>All that announced themselves, or the quorum, have sent their receipt.</summary>
    Completed,

    /// <summary>Some have failed or are not heard of any more, and the others are no quorum.</summary>
    Incomplete,

    /// <summary>No receiver ever announced itself.</summary>
    NobodyCame,

    /// <summary>The owner ended it.</summary>
    Cancelled,

    /// <summary>The content could not be read any more.</summary>
    LocalFailure,
}

/// <summary>How far a receiver has come; the first five it says itself.</summary>
public enum GroupReceiverState
{
    /// <summary>It has no manifest yet.</summary>
    Waiting = 0,

    /// <summary>Blocks come.</summary>
    Receiving = 1,

    /// <summary>All blocks are there; what was written is read back.</summary>
    Verifying = 2,

    /// <summary>It has sent its receipt.</summary>
    Done = 3,

    /// <summary>It has given up, and said why.</summary>
    Failed = 4,

    /// <summary>It lacks blocks and the last round is over: it fetches them by unicast.</summary>
    Late = 5,

    /// <summary>It is not heard of any more.</summary>
    Lost = 6,
}

/// <summary>Why a receiver gave up.</summary>
public enum GroupFailure
{
    /// <summary>It did not.</summary>
    None = 0,

    /// <summary>Something else.</summary>
    Other = 1,

    /// <summary>There is no room for it.</summary>
    DiskFull = 2,

    /// <summary>Where it was to be written cannot be written to.</summary>
    NotWritable = 3,

    /// <summary>What was read back is not what was written.</summary>
    ReadBackDiffers = 4,

    /// <summary>Its owner ended it.</summary>
    Cancelled = 5,

    /// <summary>What was missing could not be had by unicast either.</summary>
    Incomplete = 6,
}

/// <summary>What a sender tells its owner.</summary>
public enum GroupSenderEventKind
{
    /// <summary>Another stage has begun: <see cref="GroupSender.Stage"/>.</summary>
    StageChanged,

    /// <summary>A receiver announced itself.</summary>
    ReceiverJoined,

    /// <summary>A receiver is in another state.</summary>
    ReceiverChanged,

    /// <summary>The rain is over: <see cref="GroupSender.EndReason"/>.</summary>
    Ended,
}

/// <summary>One event of a sender.</summary>
/// <param name="Kind">What happened.</param>
/// <param name="Receiver">The receiver it is about, if it is about one.</param>
public readonly record struct GroupSenderEvent(GroupSenderEventKind Kind, NodeId Receiver);

/// <summary>One receiver in the eyes of the sender.</summary>
public sealed record GroupReceiverRow
{
    /// <summary>Who it is.</summary>
    public required NodeId Identity { get; init; }

    /// <summary>Where it reports from.</summary>
    public required PeerAddress Address { get; init; }

    /// <summary>How far it has come.</summary>
    public required GroupReceiverState State { get; init; }

    /// <summary>Blocks that are verified and kept.</summary>
    public required int Blocks { get; init; }

    /// <summary>The share of the droplets that it loses, 0 to 1.</summary>
    public required double Loss { get; init; }

    /// <summary>What comes, bits a second.</summary>
    public required long RateBitsPerSecond { get; init; }

    /// <summary>SHA-256 of what it read back, when it is done.</summary>
    public required Sha256Digest? Receipt { get; init; }

    /// <summary>Why it failed.</summary>
    public required GroupFailure Failure { get; init; }

    /// <summary>When it was heard last.</summary>
    public required Instant LastHeard { get; init; }
}

/// <summary>A sender's figures.</summary>
public sealed record GroupSenderSnapshot
{
    /// <summary>How far it has come.</summary>
    public required GroupStage Stage { get; init; }

    /// <summary>The round, 1 for the first.</summary>
    public required int Round { get; init; }

    /// <summary>The first block that may still get symbols in this round.</summary>
    public required int FirstBlock { get; init; }

    /// <summary>Bytes sent, all headers counted.</summary>
    public required long WireBytes { get; init; }

    /// <summary>Droplets sent, the manifest's too.</summary>
    public required long Droplets { get; init; }

    /// <summary>Droplets of them that feedback asked for.</summary>
    public required long RepairDroplets { get; init; }

    /// <summary>Bits a second on the wire that it goes by.</summary>
    public required long RateBitsPerSecond { get; init; }

    /// <summary>The loss that it goes by, that of the worst receiver but for one in twenty; 0 to 1.</summary>
    public required double Loss { get; init; }

    /// <summary>Receivers in each state, by <see cref="GroupReceiverState"/>.</summary>
    public required IReadOnlyList<int> Receivers { get; init; }

    /// <summary>Needs that were heard.</summary>
    public required long Needs { get; init; }

    /// <summary>Feedback that was passed over: without a good token, or nonsense.</summary>
    public required long Refused { get; init; }
}
