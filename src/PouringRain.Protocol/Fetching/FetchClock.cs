namespace PouringRain.Protocol;

/// <summary>What time it is for a fetch, and when it has something to do though no datagram comes.</summary>
internal sealed class FetchClock
{
    public FetchClock(Instant now)
    {
        Started = now;
        Now = now;
        Due = now;
    }

    public Instant Started { get; }

    /// <summary>The time of the call that is being served.</summary>
    public Instant Now { get; set; }

    /// <summary>When the timers are looked at next.</summary>
    public Instant Due { get; set; }

    /// <summary>Has the timers looked at at once.</summary>
    public void Wake() => Due = Now;

    /// <summary>Has them looked at then, if not before.</summary>
    public void WakeAt(Instant time) => Due = Instant.Min(Due, time);
}
