using PouringRain.Protocol;

namespace MurkyWaters;

/// <summary>The moments of the state machines on a clock that tests may replace. Those of the network count from the zero of the system's
/// clock.</summary>
internal static class MonotonicTime
{
    private const double NanosecondsPerSecond = 1e9;

    /// <summary>The moment that is now.</summary>
    public static Instant GetInstant(this TimeProvider time) => new(time.TimestampFrequency == NanosecondsPerSecond
        ? time.GetTimestamp()
        : (long)(time.GetTimestamp() * (NanosecondsPerSecond / time.TimestampFrequency)));

    /// <summary>Milliseconds since that clock's zero, for what is compared with a limit and no state machine's.</summary>
    public static long GetMilliseconds(this TimeProvider time) => time.GetInstant().Nanoseconds / 1_000_000;

    /// <summary>The time of day of a moment.</summary>
    public static DateTimeOffset? TimeOfDay(this TimeProvider time, Instant? instant) =>
        instant is null ? null : time.GetUtcNow() - (time.GetInstant() - instant.Value);
}
