namespace MurkyWaters;

/// <summary>What came of looking for a resource.</summary>
/// <param name="Status">How it ended.</param>
/// <param name="Reader">The reader, when found; the caller disposes it.</param>
/// <param name="Sources">The servers asked, when some were.</param>
public sealed record OpenResult(OpenStatus Status, ResourceReader? Reader, IReadOnlyList<SourceReport> Sources)
{
    /// <summary>Whether there is an object store that does not serve just now: what no server has may be there.</summary>
    public bool IsObjectStoreAway { get; init; }

    /// <summary>Of a resource in pieces too few of which can be had, those that cannot, by their indices; null for any other.</summary>
    public System.Collections.Immutable.ImmutableArray<int>? MissingPieces { get; init; }
}

/// <summary>How looking for a resource ended.</summary>
public enum OpenStatus
{
    /// <summary>There is a reader.</summary>
    Found,

    /// <summary>It was deleted (a tombstone is the newest version).</summary>
    Deleted,

    /// <summary>Every server said that it has no such resource (or none is listed).</summary>
    NotFound,

    /// <summary>Not here, and the rain was forbidden.</summary>
    NotCached,

    /// <summary>No server answered in time, or all fell silent before the manifest was here.</summary>
    Unanswered,

    /// <summary>No honest source is left.</summary>
    IntegrityFailure,

    /// <summary>The versions on offer have manifests that this program does not understand.</summary>
    NotUnderstood,

    /// <summary>The servers, or this node's limit of fetches, are at their bounds.</summary>
    Busy,

    /// <summary>The store has no room or failed.</summary>
    LocalFailure,

    /// <summary>It is in pieces, and too few of them can be had (<see cref="OpenResult.MissingPieces"/>).</summary>
    TooFewPieces,

    /// <summary>No server could be asked: the sockets for it could not be opened.</summary>
    NoNetwork,
}
