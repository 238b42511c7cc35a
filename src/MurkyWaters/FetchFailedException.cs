using PouringRain.Protocol;

namespace MurkyWaters;

/// <summary>A fetch ended before the bytes wanted were here.</summary>
public sealed class FetchFailedException : IOException
{
    /// <summary>Makes the exception.</summary>
    public FetchFailedException(FetchEndReason reason, IReadOnlyList<SourceReport> sources, string? storeTrouble = null)
        : base($"The rain has stopped: {reason}.")
    {
        Reason = reason;
        Sources = sources;
        StoreTrouble = storeTrouble;
    }

    /// <summary>Why it ended.</summary>
    public FetchEndReason Reason { get; }

    /// <summary>Why the store takes nothing, if that is so.</summary>
    public string? StoreTrouble { get; }

    /// <summary>Whether there is an object store that does not serve just now: what no server has may be there.</summary>
    public bool IsObjectStoreAway { get; init; }

    /// <summary>Of a resource in pieces, those that cannot be had, by their indices; null for any other.</summary>
    public System.Collections.Immutable.ImmutableArray<int>? MissingPieces { get; init; }

    /// <summary>The servers asked.</summary>
    public IReadOnlyList<SourceReport> Sources { get; }
}
