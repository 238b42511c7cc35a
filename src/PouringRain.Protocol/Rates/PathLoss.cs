namespace PouringRain.Protocol;

/// <summary>
/// What of a path's loss is its own, and not that of a queue that overflows. Loss is taken for the path's own when it happens while less is
/// sent than the path carries and no queue shows. That can be wrong where the queue never empties: a flow that began in a full queue takes
/// it for the path. So now and then much less is sent for two rounds: loss that stays is the path's own, loss that goes was not.
/// </summary>
internal sealed class PathLoss
{
    // Flows that make up for each other's overflow would drown the path: beyond this nothing is made up for.
    private const double OwnMax = 0.1, OwnUnknown = 0.3, KeptShare = 0.9;
    private const long Second = 1_000_000_000, CheckWaitMin = 4 * Second, CheckWaitMax = 60 * Second;
    private const int CheckDropletsMin = 20;

    // Two rounds at a quarter cost 1.75 round trips of what the path carries: at most a fiftieth of it, as BBR allows for its own looks at
    // the path (ProbeRTT, draft-ietf-ccwg-bbr, section 5.3.4); a hundredth where a look takes so long that a transfer has few.
    private const int CheckWaitRoundTrips = 90, CheckWaitLongRoundTrips = 200;
    private const long LongRoundTrip = Second / 10;

    private double _own;
    private bool _isTrusted = true;
    private long _checkWait = CheckWaitMin, _checkedAt;
    private double _checkExpected, _checkReceived;

    /// <summary>The share of droplets lost of late, 0 to 1.</summary>
    public double Ratio { get; private set; }

    /// <summary>The share that is made up for by sending more.</summary>
    public double Own => _isTrusted ? Math.Min(_own, OwnMax) : 0;

    /// <summary>The share that the path loses by itself, as far as was seen.</summary>
    public double OwnSeen => _own;

    /// <summary>Some droplets must have been sent, and some of these came.</summary>
    public void Add(long expected, long received)
    {
        if (expected > 0)
        {
            Ratio += (ShareLost(expected, received) - Ratio) * Math.Min(1, expected / 500.0);
        }
    }

    /// <summary>The same of a round without a queue, in which less was sent than the path carries.</summary>
    public void AddQuietRound(long expected, long received, bool isQueueing)
    {
        var lost = isQueueing ? 0 : Math.Min(ShareLost(expected, received), OwnUnknown);
        _own += (lost - _own) * Math.Min(0.5, expected / 200.0);
    }

    /// <summary>Whether it is time to look at what stays when less is sent.</summary>
    public bool IsCheckDue(Instant now, long roundTrip)
    {
        var roundTrips = roundTrip > LongRoundTrip ? CheckWaitLongRoundTrips : CheckWaitRoundTrips;
        return Ratio > 0.01 && now.Nanoseconds - _checkedAt > Math.Max(_checkWait, roundTrips * roundTrip);
    }

    public void BeginCheck(Instant now)
    {
        _checkedAt = now.Nanoseconds;
        _checkExpected = 0;
        _checkReceived = 0;
    }

    /// <summary>A round in which little was sent.</summary>
    public void AddCheckRound(long expected, long received)
    {
        _checkExpected += expected;
        _checkReceived += received;
    }

    public void EndCheck()
    {
        if (_checkExpected < CheckDropletsMin)
        {
            return;
        }

        // Two standard deviations for chance.
        _isTrusted = ShareLost(_checkExpected, _checkReceived) > (Ratio * KeptShare) - (2 * Math.Sqrt(Ratio / _checkExpected));
        _checkWait = _isTrusted ? Math.Min(_checkWait * 3, CheckWaitMax) : CheckWaitMin;
    }

    /// <summary>Another flow is seen to look: all should do so at once, for then the queue empties and all see the path.</summary>
    public void PostponeCheck(Instant now)
    {
        _checkedAt = now.Nanoseconds;
        _checkWait = CheckWaitMin;
    }

    public static double ShareLost(double expected, double received) => expected > 0 ? Math.Clamp(1 - (received / expected), 0, 1) : 0;
}
