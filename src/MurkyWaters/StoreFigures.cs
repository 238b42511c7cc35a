namespace MurkyWaters;

/// <summary>What is in a node's store, and how it fares.</summary>
public sealed record StoreFigures
{
    /// <summary>Resources that are here whole.</summary>
    public required long Resources { get; init; }

    /// <summary>Bytes of those that are kept.</summary>
    public required long KeptBytes { get; init; }

    /// <summary>Bytes of those that are cached, which go when room is wanted.</summary>
    public required long CachedBytes { get; init; }

    /// <summary>Deletions that are remembered.</summary>
    public required long Tombstones { get; init; }

    /// <summary>Bytes that the disk has free.</summary>
    public required long FreeBytes { get; init; }

    /// <summary>Limit for what was fetched; 0 is none.</summary>
    public required long QuotaBytes { get; init; }

    /// <summary>Files that were set aside.</summary>
    public required long QuarantineFiles { get; init; }

    /// <summary>Their bytes.</summary>
    public required long QuarantineBytes { get; init; }

    /// <summary>Why the store takes nothing in, or null.</summary>
    public required string? Trouble { get; init; }

    /// <summary>How the reading of all bodies stands.</summary>
    public required ScrubFigures Scrub { get; init; }
}

/// <summary>How the reading and comparing of all bodies stands.</summary>
public sealed record ScrubFigures
{
    /// <summary><c>off</c>, <c>waiting</c> for the next pass, <c>running</c>, or <c>paused</c> while the disk fails.</summary>
    public required string State { get; init; }

    /// <summary>When the pass began that is under way, or the last one.</summary>
    public required DateTimeOffset? PassStarted { get; init; }

    /// <summary>Bytes that it has read.</summary>
    public required long CheckedBytes { get; init; }

    /// <summary>Bytes that there are.</summary>
    public required long TotalBytes { get; init; }

    /// <summary>Bodies that it has read.</summary>
    public required long CheckedResources { get; init; }

    /// <summary>Those of them that were not what they should be.</summary>
    public required long Damaged { get; init; }

    /// <summary>When a pass last came to its end.</summary>
    public required DateTimeOffset? LastPassFinished { get; init; }

    /// <summary>Bytes a second that it reads just now.</summary>
    public required long BytesPerSecond { get; init; }
}
