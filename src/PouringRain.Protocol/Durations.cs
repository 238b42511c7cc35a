namespace PouringRain.Protocol;

/// <summary>The shorter and the longer of two times.</summary>
internal static class Durations
{
    public static TimeSpan Min(TimeSpan left, TimeSpan right) => left < right ? left : right;

    public static TimeSpan Max(TimeSpan left, TimeSpan right) => left > right ? left : right;
}
