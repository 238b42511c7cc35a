namespace MurkyWaters.Archive;

/// <summary>How the run of a program ended.</summary>
public enum CodingOutcome
{
    /// <summary>Everything was read, written and kept.</summary>
    Completed,

    /// <summary>A stream is not there, or may not be written.</summary>
    Missing,

    /// <summary>A stream is longer or shorter than the program says.</summary>
    WrongLength,

    /// <summary>A stream could not be read or written.</summary>
    Failed,
}

/// <summary>What became of a run.</summary>
/// <param name="Outcome">How it ended.</param>
/// <param name="Stream">The stream at which it did, or null.</param>
/// <param name="Bytes">Bytes of each stream that were worked on.</param>
/// <param name="Reason">What the stream said, or null.</param>
public sealed record CodingResult(CodingOutcome Outcome, string? Stream, long Bytes, string? Reason = null)
{
    /// <summary>In a few words.</summary>
    public override string ToString() => Outcome switch
    {
        CodingOutcome.Completed => "It was completed.",
        CodingOutcome.Missing => $"Stream {Stream} is not there, or may not be written.",
        CodingOutcome.WrongLength => $"Stream {Stream} is longer or shorter than the program says.",
        _ => $"{(Stream is null ? "" : $"Stream {Stream}: ")}{Reason ?? "It failed."}",
    };
}
