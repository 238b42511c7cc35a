namespace PouringRain.Protocol.Sealing;

/// <summary>So many tries at once, and so many that come back in a second (the generic cell rate algorithm).</summary>
/// <param name="burstCount">Tries at once.</param>
/// <param name="countPerSecond">Tries that come back in a second.</param>
internal struct TryBudget(int burstCount, int countPerSecond)
{
    private readonly long _interval = 1_000_000_000 / countPerSecond;
    private readonly long _burst = burstCount * (1_000_000_000L / countPerSecond);

    // When it will be whole again.
    private long _fullAt = long.MinValue / 2;

    /// <summary>Whether a try is left.</summary>
    public readonly bool HasOne(Instant now) => NextFullAt(now) <= now.Nanoseconds + _burst;

    /// <summary>Takes one try, if one is left.</summary>
    public bool TryTake(Instant now)
    {
        var hasOne = HasOne(now);
        _fullAt = hasOne ? NextFullAt(now) : _fullAt;
        return hasOne;
    }

    private readonly long NextFullAt(Instant now) => Math.Max(_fullAt, now.Nanoseconds) + _interval;
}
