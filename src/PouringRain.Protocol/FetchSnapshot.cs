namespace PouringRain.Protocol;

/// <summary>A fetch's figures.</summary>
public sealed record FetchSnapshot
{
    /// <summary>Those of one that has not begun.</summary>
    public static FetchSnapshot Empty { get; } = new()
    {
        VerifiedBytes = 0,
        VerifiedBlocks = 0,
        SymbolsNeeded = 0,
        DropletsReceived = 0,
        WireBytes = 0,
        Sources = [],
        Bound = FetchBound.Unknown,
    };

    /// <summary>Bytes of verified blocks.</summary>
    public required long VerifiedBytes { get; init; }

    /// <summary>Verified blocks.</summary>
    public required int VerifiedBlocks { get; init; }

    /// <summary>K summed over the blocks wanted so far and begun.</summary>
    public required long SymbolsNeeded { get; init; }

    /// <summary>Distinct droplets received for these blocks.</summary>
    public required long DropletsReceived { get; init; }

    /// <summary>Bytes of all datagrams received.</summary>
    public required long WireBytes { get; init; }

    /// <summary>A row a server asked.</summary>
    public required IReadOnlyList<SourceSnapshot> Sources { get; init; }

    /// <summary>What bounds the speed just now.</summary>
    public required FetchBound Bound { get; init; }

    /// <summary>How many others are known to fetch the version, by the word of the server that knows most; 0 in a fetch that is
    /// alone.</summary>
    public int KnownPeers { get; init; }

    /// <summary>What came from neighbours that are none any more, and are not among <see cref="Sources"/>.</summary>
    public FormerSources Former { get; init; }
}

/// <summary>What came from neighbours of a fetch that have made way for others.</summary>
/// <param name="Count">How many there were; who came back and went again counts twice.</param>
/// <param name="Droplets">Droplets that came from them.</param>
/// <param name="Bytes">Bytes of datagrams that came from them.</param>
/// <param name="Lost">Droplets that they sent and that did not come.</param>
public readonly record struct FormerSources(int Count, long Droplets, long Bytes, long Lost)
{
    /// <summary>These and others.</summary>
    public FormerSources With(FormerSources other) =>
        new(Count + other.Count, Droplets + other.Droplets, Bytes + other.Bytes, Lost + other.Lost);
}

/// <summary>What bounds a fetch's speed.</summary>
public enum FetchBound
{
    /// <summary>Not known yet.</summary>
    Unknown,

    /// <summary>The sources' own ceilings.</summary>
    SourceRate,

    /// <summary>The paths' capacity, as rate control found it.</summary>
    Path,

    /// <summary>Losses.</summary>
    Loss,

    /// <summary>Blocks wait for decoding, verification or the disk.</summary>
    Local,

    /// <summary>The fetch's own ceiling: <see cref="FetchOptions.Ceiling"/>.</summary>
    Ceiling,
}

/// <summary>What a server is to a fetch.</summary>
public enum SourceState
{
    /// <summary>Asked, not heard of.</summary>
    Asked,

    /// <summary>It rains.</summary>
    Raining,

    /// <summary>It does not have the resource.</summary>
    NotFound,

    /// <summary>It is overloaded.</summary>
    Busy,

    /// <summary>It holds another version.</summary>
    Stale,

    /// <summary>It was heard of and fell silent.</summary>
    Silent,

    /// <summary>It rained wrong bytes and was dropped.</summary>
    Lied,

    /// <summary>It answers, and brings next to nothing of what it is asked for.</summary>
    Withholding,
}

/// <summary>One server in the eyes of a fetch.</summary>
public sealed record SourceSnapshot
{
    /// <summary>The server.</summary>
    public required PeerAddress Peer { get; init; }

    /// <summary>Its state.</summary>
    public required SourceState State { get; init; }

    /// <summary>Droplets that came from it.</summary>
    public required long Droplets { get; init; }

    /// <summary>Bytes of datagrams that came from it.</summary>
    public required long Bytes { get; init; }

    /// <summary>Droplets that it sent and that did not come.</summary>
    public required long Lost { get; init; }

    /// <summary>Smoothed round-trip time, zero until known.</summary>
    public required TimeSpan RoundTrip { get; init; }

    /// <summary>Rate granted to it.</summary>
    public required long RateBytesPerSecond { get; init; }

    /// <summary>When it was last heard, or null.</summary>
    public required Instant? LastHeard { get; init; }

    /// <summary>Whether others named it (PEERS), or it turned to this node first; it is in no list of servers that was given.</summary>
    public bool IsNamed { get; init; }

    /// <summary>Whether it says that it holds every block.</summary>
    public bool HoldsAll { get; init; }

    /// <summary>Blocks that it holds, by its own account; null when it has told nothing of it.</summary>
    public int? HeldBlocks { get; init; }
}
