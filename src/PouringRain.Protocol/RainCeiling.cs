namespace PouringRain.Protocol;

/// <summary>A ceiling over all that one or several rain servers send: they share it, each on its own thread, all in one process and
/// by its clock. Thread-safe, without locks but for joining.</summary>
/// <remarks>
/// What is sent is paid for at the rate, and whoever wants to send waits until all that was sent before is paid for; late timers are made
/// good up to <see cref="CatchUp"/>. Among servers that wait at once the turn is that of the one whose subscribers have had
/// least each, as in start-time fair queueing (Goyal, Vin, Cheng 1996): it makes all subscribers equal, whichever server they are at, and
/// what one server leaves the others have. Within a server its ready ring does the same.
/// </remarks>
public sealed class RainCeiling
{
    /// <summary>Late timers are made good up to this much.</summary>
    private static readonly TimeSpan CatchUp = TimeSpan.FromMilliseconds(5);

    private readonly Lock _gate = new();
    private volatile CeilingShare[] _shares = [];
    private long _paidAtNanoseconds = long.MinValue;
    private double _served;

    private RainCeiling(long rateBytesPerSecond) => RateBytesPerSecond = rateBytesPerSecond;

    /// <summary>Bytes of datagrams a second.</summary>
    public long RateBytesPerSecond { get; }

    /// <summary>When all that was sent is paid for.</summary>
    internal Instant PaidAt => new(Interlocked.Read(ref _paidAtNanoseconds));

    /// <summary>What each subscriber of the server that sent last had had before; who begins to send begins there.</summary>
    internal double Served
    {
        get => Volatile.Read(ref _served);
        set => Volatile.Write(ref _served, value);
    }

    /// <summary>Makes one; none for 0.</summary>
    public static RainCeiling? Of(long rateBytesPerSecond)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rateBytesPerSecond);
        return rateBytesPerSecond == 0 ? null : new RainCeiling(rateBytesPerSecond);
    }

    internal ReadOnlySpan<CeilingShare> Shares => _shares;

    internal CeilingShare Join()
    {
        lock (_gate)
        {
            var share = new CeilingShare(this);
            _shares = [.. _shares, share];
            return share;
        }
    }

    internal void Remove(CeilingShare share)
    {
        lock (_gate)
        {
            _shares = [.. _shares.Where(one => one != share)];
        }
    }

    internal void Pay(Instant now, int bytes)
    {
        var cost = (long)(bytes * 1e9 / RateBytesPerSecond);
        var since = (now - CatchUp).Nanoseconds;
        var seen = Interlocked.Read(ref _paidAtNanoseconds);
        for (long before; ; seen = before)
        {
            before = Interlocked.CompareExchange(ref _paidAtNanoseconds, Math.Max(seen, since) + cost, seen);
            if (before == seen)
            {
                return;
            }
        }
    }
}
