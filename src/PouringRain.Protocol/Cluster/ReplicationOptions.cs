namespace PouringRain.Protocol.Cluster;

/// <summary>Bounds and intervals of a node's <see cref="Replication"/>.</summary>
public sealed record ReplicationOptions
{
    /// <summary>Who this node is.</summary>
    public required NodeId Node { get; init; }

    /// <summary>How many nodes are to keep each resource; 0 for all.</summary>
    public int Replicas { get; init; } = 3;

    /// <summary>Key of the address tokens, 32 random bytes: the same for all that answers at this node's ports.</summary>
    public required ReadOnlyMemory<byte> TokenKey { get; init; }

    /// <summary>The tokens that other nodes gave to this process.</summary>
    public TokenCache Tokens { get; init; } = new();

    /// <summary>How far ahead of the cluster's time a stamp may be, in milliseconds; what is further ahead is refused.</summary>
    public long MaxAheadMs { get; init; } = 600_000;

    /// <summary>Bytes a second that are fetched to mend what is missing, for each of two lanes (small and large) the half of it while both
    /// have work; 0 for no limit. What its writer tells of is not limited.</summary>
    public long RepairBytesPerSecond { get; init; }

    /// <summary>How long a tombstone is kept at least.</summary>
    public TimeSpan TombstoneLifetime { get; init; } = TimeSpan.FromDays(30);

    /// <summary>What is no longer than this is fetched in the lane of small resources.</summary>
    public long SmallBytes { get; init; } = 1 << 20;

    /// <summary>Fetches at a time in the lane of small resources.</summary>
    public int SmallFetchesMax { get; init; } = 16;

    /// <summary>Fetches at a time of others.</summary>
    public int LargeFetchesMax { get; init; } = 4;

    /// <summary>Resources that wait to be fetched at most, about 200 bytes each; more are found again when there is room.</summary>
    public int WantedMax { get; init; } = 16_384;

    /// <summary>Resources that wait to be told to one node at most; more are found again when digests are compared.</summary>
    public int TellsMax { get; init; } = 4096;

    /// <summary>Copies at a time whose places are elsewhere, or which are in doubt, and of which others are asked.</summary>
    public int InquiriesMax { get; init; } = 1024;

    /// <summary>Actions at a time that are no fetches.</summary>
    public int ActionsMax { get; init; } = 1024;

    /// <summary>How often digests are compared when nothing else asks for it.</summary>
    public TimeSpan DigestInterval { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long it takes to look through all that is here once, for copies whose places are elsewhere and the like.</summary>
    public TimeSpan SweepInterval { get; init; } = TimeSpan.FromSeconds(32);

    /// <summary>Cached copies a second that a holder is asked about, whether they are still the newest.</summary>
    public int CachedChecksPerSecond { get; init; } = 100;

    /// <summary>How long a survey waits for answers at most.</summary>
    public TimeSpan SurveyTimeout { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>What this store knew of the cluster when it was stopped (<see cref="Replication.Marks"/>).</summary>
    public ReplicationMarks Marks { get; init; } = ReplicationMarks.None;
}
