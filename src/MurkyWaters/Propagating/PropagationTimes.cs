namespace MurkyWaters.Propagating;

/// <summary>The patience of propagation.</summary>
internal sealed record PropagationTimes
{
    /// <summary>A node that does not answer within this is silent: some dozen round trips around the world.</summary>
    public TimeSpan FirstAnswerWithin { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>How long one question waits for a node that has accepted to hold the version; it is asked again after that.</summary>
    public TimeSpan HeldWithin { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The first pause after silence; each is twice the one before.</summary>
    public TimeSpan FirstPause { get; init; } = TimeSpan.FromSeconds(0.5);

    /// <summary>The longest pause.</summary>
    public TimeSpan LongestPause { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>After this a node is told no more of a version; it may ask for it, or be told at the next start.</summary>
    public TimeSpan GiveUpAfter { get; init; } = TimeSpan.FromMinutes(15);
}
