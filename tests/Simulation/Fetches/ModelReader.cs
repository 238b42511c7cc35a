namespace Simulation.Fetches;

/// <summary>Who reads a fetch, as a client over HTTP does: a run of bytes from its first to its last, at a pace of its own.</summary>
internal sealed class ModelReader
{
    public required int Number { get; init; }

    public required long Offset { get; init; }

    public required long End { get; init; }

    /// <summary>Between two reads.</summary>
    public required TimeSpan Pace { get; init; }

    /// <summary>Where it disconnects; beyond the end, never.</summary>
    public required long LeaveAt { get; init; }

    public long Position { get; set; }

    public bool IsAttached { get; set; }

    public bool IsRefused { get; set; }

    public bool HasLeft { get; set; }

    /// <summary>Whether it learnt that the rest does not come.</summary>
    public bool HasFailed { get; set; }

    public int PassedBlock { get; set; } = -1;

    /// <summary>The block before which it stands; -1 when it does not.</summary>
    public int WaitsFor { get; set; } = -1;

    public bool IsDone => Position >= End;

    public override string ToString() => $"reader {Number} at {Position} of {Offset} to {End}";
}
