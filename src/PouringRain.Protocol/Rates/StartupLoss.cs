namespace PouringRain.Protocol;

/// <summary>
/// Tells a queue that overflows at the end of start-up from a path that loses droplets anyway: the rounds before were sent much slower, so
/// that what they lost is the path's own. BBR ends start-up at 2 % lost in a round (draft-ietf-ccwg-bbr, section 5.3.1.3); here it is so
/// much more than before, beyond what chance does.
/// </summary>
internal struct StartupLoss
{
    // At gain 2.77 a full queue overflows by much more than a twentieth; three standard deviations, since it is looked at often.
    private const double ExcessMin = 0.05, Deviations = 3, LossMin = 0.01;
    private const int DropletsMin = 40;

    private long _expected, _received;

    /// <summary>A round of start-up is over.</summary>
    public void Add(long expected, long received)
    {
        _expected += expected;
        _received += received;
    }

    /// <summary>Whether the round that runs has lost clearly more than those before it.</summary>
    public readonly bool IsExceededBy(long expected, long received)
    {
        if (expected < DropletsMin || _expected < DropletsMin)
        {
            return false;
        }

        var before = Math.Max(PathLoss.ShareLost(_expected, _received), LossMin);
        var deviation = Math.Sqrt(before * (1 - before) * ((1.0 / expected) + (1.0 / _expected)));
        return PathLoss.ShareLost(expected, received) > before + ExcessMin + (Deviations * deviation);
    }
}
