namespace PouringRain.Protocol;

/// <summary>Bounds and deadlines of a fetch.</summary>
public sealed record FetchOptions
{
    /// <summary>Until a fetch that no server has answered ends with <see cref="FetchEndReason.Unanswered"/>.</summary>
    public TimeSpan DiscoveryTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Until a fetch that gets no useful droplet ends with <see cref="FetchEndReason.Stalled"/>.</summary>
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Bytes of blocks in work at once; at least two blocks are allowed whatever their size.</summary>
    public long WindowBytesMax { get; init; } = 64 * 1024 * 1024;

    /// <summary>Whether it yields to everything else on the way: it takes only what nobody wants.</summary>
    public bool IsBackground { get; init; }

    /// <summary>The part of a ceiling that it has with other fetches, or <see langword="null"/> for none.</summary>
    public FetchCeilingShare? Ceiling { get; init; }

    /// <summary>How it takes part in the swarm of the version; null when it does not.</summary>
    public FetchSwarm? Swarm { get; init; }
}

/// <summary>What to fetch and where to ask.</summary>
public sealed record FetchRequest
{
    /// <summary>The resource.</summary>
    public required ResourceId Resource { get; init; }

    /// <summary>The version wanted, or <see langword="null"/> for the newest on offer.</summary>
    public Sha256Digest? Version { get; init; }

    /// <summary>The servers to ask.</summary>
    public required IReadOnlyList<PeerAddress> Servers { get; init; }

    /// <summary>The first byte wanted at first.</summary>
    public long DemandOffset { get; init; }

    /// <summary>The bytes wanted at first: <see cref="long.MaxValue"/> for all, 0 for the manifest only.</summary>
    public long DemandLength { get; init; } = long.MaxValue;

    /// <summary>Whether somebody reads these bytes in order; otherwise any order will do.</summary>
    public bool IsOrdered { get; init; } = true;

    /// <summary>What has come before of <see cref="Version"/>, which must be named then; null when nothing has.</summary>
    public FetchBeginning? Beginning { get; init; }
}

/// <summary>Every way a fetch can end.</summary>
public enum FetchEndReason
{
    /// <summary>It has not.</summary>
    None,

    /// <summary>All that was demanded is here and verified.</summary>
    Completed,

    /// <summary>Every server said that it does not have the resource.</summary>
    NotFound,

    /// <summary>No server answered in time.</summary>
    Unanswered,

    /// <summary>Sources answered, then all fell silent.</summary>
    Stalled,

    /// <summary>No honest source is left.</summary>
    IntegrityFailure,

    /// <summary>What is on offer has manifests that this program does not understand.</summary>
    NotUnderstood,

    /// <summary>Every server that answered was busy.</summary>
    Busy,

    /// <summary>The owner ended it.</summary>
    Cancelled,

    /// <summary>A verified block could not be kept (disk full or failing).</summary>
    LocalFailure,

    /// <summary>Nobody could be asked: the owner has no socket.</summary>
    NoNetwork,
}

/// <summary>What a fetch tells its owner.</summary>
public enum FetchEventKind
{
    /// <summary>The manifest is here and verified: <see cref="Fetch.Manifest"/>. Before anything else the owner may say with
    /// <see cref="Fetch.MarkHeld"/> which blocks it has already.</summary>
    ManifestReady,

    /// <summary>A source was dropped because it rained wrong bytes.</summary>
    SourceLied,

    /// <summary>A source holds an older version than the one fetched.</summary>
    SourceStale,

    /// <summary>The manifest of a version on offer is true and not understood, as <see cref="Fetch.NotUnderstood"/> says: it is not
    /// fetched.</summary>
    VersionNotUnderstood,

    /// <summary>Large datagrams vanish on the way from a source: the fetch takes small symbols, <see cref="Fetch.SymbolSize"/>.</summary>
    PathIsNarrow,

    /// <summary>The fetch is over: <see cref="Fetch.EndReason"/>.</summary>
    Ended,
}

/// <summary>One event of a fetch.</summary>
/// <param name="Kind">What happened.</param>
/// <param name="Peer">The source it happened to, where it is about one.</param>
public readonly record struct FetchEvent(FetchEventKind Kind, PeerAddress Peer);
