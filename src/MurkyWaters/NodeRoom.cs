namespace MurkyWaters;

/// <summary>What of a node's room is in use, and what there is.</summary>
public sealed record NodeRoom
{
    /// <summary>Bytes of blocks that fetches were given.</summary>
    public required long FetchBytes { get; init; }

    /// <summary>Bytes of blocks that there are for them.</summary>
    public required long FetchBytesMax { get; init; }

    /// <summary>Fetches that rain.</summary>
    public required int Fetches { get; init; }

    /// <summary>Fetches that may rain at once.</summary>
    public required int FetchesMax { get; init; }

    /// <summary>Fetches that know their version and wait for memory.</summary>
    public required int FetchesWaiting { get; init; }

    /// <summary>Fetches that ask, rain or wait.</summary>
    public required int Transfers { get; init; }

    /// <summary>Fetches that may do so at once.</summary>
    public required int TransfersMax { get; init; }

    /// <summary>Uploads in several requests that are under way.</summary>
    public required int Uploads { get; init; }

    /// <summary>Uploads in several requests that may be under way at once.</summary>
    public required int UploadsMax { get; init; }

    /// <summary>Rows of the subscriber tables of all endpoints.</summary>
    public required int Subscribers { get; init; }

    /// <summary>Rows that these may have.</summary>
    public required long SubscribersMax { get; init; }
}
