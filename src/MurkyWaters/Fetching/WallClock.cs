using System.Diagnostics;
using PouringRain.Protocol;

namespace MurkyWaters.Fetching;

/// <summary>Turns the network's moments, which count from the zero of <see cref="Stopwatch"/>, into times of day.</summary>
internal static class WallClock
{
    public static DateTimeOffset? Of(Instant? instant)
    {
        if (instant is null)
        {
            return null;
        }

        var now = (long)(Stopwatch.GetTimestamp() * (1e9 / Stopwatch.Frequency));
        return DateTimeOffset.UtcNow - (new Instant(now) - instant.Value);
    }
}
