namespace PouringRain.Protocol.Cluster;

/// <summary>What a node says of how it keeps what it has.</summary>
public sealed record NodeReplication
{
    /// <summary>The least copies that anything has which it keeps, itself and nodes that are silent among them; null while it has not
    /// looked through all of it.</summary>
    public CopyCount? Least { get; init; }

    /// <summary>Whether it has looked through all since the last change of places, and nothing has come since that is to go
    /// elsewhere.</summary>
    public bool IsSettled { get; init; }

    /// <summary>Resources that it has still to fetch.</summary>
    public long Waiting { get; init; }

    /// <summary>Bytes a second that it mends.</summary>
    public long RateBytesPerSecond { get; init; }

    /// <summary>Kept copies whose places are elsewhere.</summary>
    public long Strays { get; init; }

    /// <summary>Their bytes.</summary>
    public long StrayBytes { get; init; }

    /// <summary>Bytes a second by which those become fewer.</summary>
    public long StrayRateBytesPerSecond { get; init; }
}
