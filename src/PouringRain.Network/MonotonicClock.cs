using System.Diagnostics;
using PouringRain.Protocol;

namespace PouringRain.Network;

#pragma warning disable RS0030 // This is the one place that asks the machine.
/// <summary>The clock that drives the state machines of this process.</summary>
internal static class MonotonicClock
{
    private static readonly double NanosecondsPerTick = 1e9 / Stopwatch.Frequency;

    /// <summary>The time now.</summary>
    public static Instant Now => new(Stopwatch.Frequency == 1_000_000_000
        ? Stopwatch.GetTimestamp()
        : (long)(Stopwatch.GetTimestamp() * NanosecondsPerTick));
}
