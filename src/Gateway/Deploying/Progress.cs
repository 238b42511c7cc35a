namespace Gateway.Deploying;

/// <summary>How far a deployment is.</summary>
internal sealed record Progress
{
    /// <summary>What is being done, as in <c>raining</c>.</summary>
    public required string Phase { get; init; }

    /// <summary>Bytes that are done.</summary>
    public long DoneBytes { get; init; }

    /// <summary>Bytes that there are; null while that is not known.</summary>
    public long? TotalBytes { get; init; }

    /// <summary>Bytes a second on the wire.</summary>
    public double? RateBytesPerSecond { get; init; }

    /// <summary>The share of datagrams lost, 0 to 1.</summary>
    public double? Loss { get; init; }

    /// <summary>Receivers that have announced themselves, of these the ones that have all of it, and that cannot.</summary>
    public (int Known, int Done, int Failed)? Receivers { get; init; }

    /// <summary>Time that is left.</summary>
    public TimeSpan? Left { get; init; }
}
