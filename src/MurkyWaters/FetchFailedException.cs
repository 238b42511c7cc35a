using PouringRain.Protocol;

namespace MurkyWaters;

/// <summary>A fetch ended before the bytes wanted were here.</summary>
public sealed class FetchFailedException : IOException
{
    /// <summary>Makes the exception.</summary>
    public FetchFailedException(FetchEndReason reason, IReadOnlyList<SourceReport> sources)
        : base($"The rain has stopped: {reason}.")
    {
        Reason = reason;
        Sources = sources;
    }

    /// <summary>Why it ended.</summary>
    public FetchEndReason Reason { get; }

    /// <summary>The servers asked.</summary>
    public IReadOnlyList<SourceReport> Sources { get; }
}
