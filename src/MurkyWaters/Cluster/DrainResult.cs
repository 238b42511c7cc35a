namespace MurkyWaters.Cluster;

/// <summary>What became of the wish to drain a node, or to drain it no more.</summary>
public enum DrainOutcome
{
    /// <summary>It is kept for good, and followed until it is taken back.</summary>
    Taken,

    /// <summary>There is no such node.</summary>
    Unknown,

    /// <summary>Without a registry only the node itself can be asked.</summary>
    Elsewhere,

    /// <summary>Too few nodes would be left.</summary>
    Refused,

    /// <summary>The registry cannot be reached.</summary>
    Unavailable,
}

/// <summary>What became of it, and more about that.</summary>
/// <param name="Outcome">What became of it.</param>
/// <param name="Detail">Why, in a sentence; empty for nothing to say.</param>
/// <param name="Url">Of <see cref="DrainOutcome.Elsewhere"/>, where that node's gateway is; null when it does not say.</param>
public sealed record DrainResult(DrainOutcome Outcome, string Detail = "", Uri? Url = null)
{
    /// <summary>It is taken.</summary>
    public static DrainResult Taken { get; } = new(DrainOutcome.Taken);
}
