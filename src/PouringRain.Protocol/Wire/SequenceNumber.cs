namespace PouringRain.Protocol;

/// <summary>Comparison of 32-bit numbers that wrap (RFC 1982).</summary>
internal static class SequenceNumber
{
    /// <summary>How far <paramref name="left"/> is after <paramref name="right"/>; negative when it is before.</summary>
    public static int Distance(uint left, uint right) => unchecked((int)(left - right));

    public static bool IsAfter(uint left, uint right) => Distance(left, right) > 0;
}
