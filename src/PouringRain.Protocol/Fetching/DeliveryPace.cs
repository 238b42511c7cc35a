namespace PouringRain.Protocol;

/// <summary>Whether a source brings what is ordered of it. A window begins with an order; what came of its orders by its end tells. A few
/// droplets in it are enough, however narrow the path: less than that is silence with an answer now and then.</summary>
internal sealed class DeliveryPace
{
    private const int SymbolsMin = 4, RoundTrips = 8;
    private static readonly TimeSpan WindowMin = TimeSpan.FromSeconds(1), WindowMax = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan PassedOverMin = TimeSpan.FromSeconds(5), PassedOverMax = TimeSpan.FromSeconds(40);

    private Instant? _since;
    private Instant _broughtAt;
    private int _owed, _brought;
    private bool _isUnheard, _wasSpared;

    /// <summary>Whether it brought next to nothing when last looked at.</summary>
    public bool IsLagging => LagCount > 0;

    /// <summary>How many windows in a row.</summary>
    public int LagCount { get; private set; }

    /// <summary>What it brought in the last of them.</summary>
    public int BroughtLast { get; private set; }

    /// <summary>Until when others go before it.</summary>
    public Instant PassedOverUntil { get; private set; }

    /// <summary>The time in which a source must bring something.</summary>
    public static TimeSpan WindowOf(TimeSpan roundTrip)
    {
        var window = WindowMin + (roundTrip * RoundTrips);
        return window < WindowMax ? window : WindowMax;
    }

    /// <summary>When to look at it, or <see cref="Instant.Never"/>.</summary>
    public Instant EndsAt(TimeSpan roundTrip) => _since is { } since ? since + WindowOf(roundTrip) : Instant.Never;

    public void OnOrdered(Instant now, int count)
    {
        _since ??= now;
        _owed += count;
    }

    public void OnWithdrawn(int count) => _owed = Math.Max(0, _owed - count);

    /// <summary>The source says that it has not heard the orders; one that is asked for the first time may say so.</summary>
    /// <param name="count">How much of it is withdrawn now, and owed all the same.</param>
    public void OnUnheard(int count)
    {
        _owed += count;
        _isUnheard |= count > 0;
    }

    /// <summary>A symbol came that was ordered.</summary>
    /// <param name="now">The time.</param>
    /// <param name="outstanding">How many more are.</param>
    public void OnBrought(Instant now, int outstanding)
    {
        _brought++;
        _broughtAt = now;
        _wasSpared = false;
        var isAll = outstanding == 0 && IsEnough;
        if (isAll || _brought >= SymbolsMin)
        {
            LagCount = 0;
        }

        if (isAll)
        {
            Restart();
        }
    }

    /// <summary>Whether it brought next to nothing, at the end of the window.</summary>
    public bool HasFailed(int outstanding) => (outstanding > 0 || _isUnheard) && !IsEnough;

    /// <summary>Begins the next window after one that has not failed, or that tells nothing. It begins where something came last, for what
    /// is left of a few may be what never comes.</summary>
    /// <param name="now">The time.</param>
    /// <param name="outstanding">What is on order.</param>
    /// <param name="roundTrip">The path's round trip.</param>
    public void BeginNext(Instant now, int outstanding, TimeSpan roundTrip)
    {
        var since = _brought > 0 ? Instant.Max(_broughtAt, now - (WindowOf(roundTrip) / 2)) : now;
        Restart();
        if (outstanding > 0)
        {
            OnOrdered(since, outstanding);
        }
    }

    /// <summary>Gives it another chance.</summary>
    public void Forgive()
    {
        LagCount = 0;
        BroughtLast = 0;
        PassedOverUntil = default;
    }

    /// <summary>It brought nothing that is of use.</summary>
    /// <param name="now">The time.</param>
    /// <param name="isBriefly">Whether that may be because others went first, so that it is soon asked again.</param>
    public void Lag(Instant now, bool isBriefly = false)
    {
        BroughtLast = _brought;
        var passedOver = PassedOverMin * (1 << Math.Min(LagCount, 3));
        PassedOverUntil = now + (isBriefly ? WindowMin : passedOver < PassedOverMax ? passedOver : PassedOverMax);
        LagCount++;
        Restart();
    }

    /// <summary>Whether nothing can be said against it yet, for it was asked for nothing: true once, until it has brought
    /// something.</summary>
    public bool TrySpare()
    {
        var isSpared = _since is null && !_wasSpared && !IsLagging;
        _wasSpared |= isSpared;
        return isSpared;
    }

    /// <summary>Forgets the window: it is not asked for anything now.</summary>
    public void Restart()
    {
        _since = null;
        _owed = 0;
        _brought = 0;
        _isUnheard = false;
    }

    // Of a few, chance may take some on the way.
    private bool IsEnough => _brought >= Math.Min(SymbolsMin, (_owed + 1) / 2);
}
