namespace PouringRain.Protocol.Cluster;

/// <summary>Stamps of new versions: a hybrid logical clock (Kulkarni, Demirbas, Madappa, Avva and Leone, 2014) for each resource. A
/// stamp is at least the wall clock, and always greater than every version of the resource that its writer has seen, so that a writer whose
/// clock is behind does not lose. Thread-safe: it remembers nothing.</summary>
public sealed class ClusterClock
{
    /// <summary>What <see cref="Next"/> answers when there is no stamp.</summary>
    public const long Refused = -1;

    /// <summary>Makes a clock.</summary>
    /// <param name="maxAheadMs">How far ahead of the wall clock a stamp may be, at least 0 milliseconds.</param>
    public ClusterClock(long maxAheadMs)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(maxAheadMs);
        MaxAheadMs = maxAheadMs;
    }

    /// <summary>How far ahead of the wall clock a stamp may be, in milliseconds.</summary>
    public long MaxAheadMs { get; }

    /// <summary>Whether a stamp, wherever it comes from, is no further ahead than it may be.</summary>
    public bool IsPossible(long wallMs, long stamp) => stamp <= wallMs || (ulong)stamp - (ulong)wallMs <= (ulong)MaxAheadMs;

    /// <summary>The stamp of a new version.</summary>
    /// <param name="wallMs">The wall clock, as the cluster has it: milliseconds of Unix time.</param>
    /// <param name="newestSeen">The greatest stamp of the resource that was seen; the least number when there is none.</param>
    /// <returns>The stamp; <see cref="Refused"/> when what was seen is too far ahead for a greater one.</returns>
    public long Next(long wallMs, long newestSeen)
    {
        wallMs = Math.Max(wallMs, 0);
        var stamp = newestSeen < wallMs ? wallMs : newestSeen == long.MaxValue ? long.MaxValue : newestSeen + 1;
        return IsPossible(wallMs, stamp) && Manifest.IsStamp(stamp, isDeleted: false) ? stamp : Refused;
    }
}
