namespace PouringRain.Protocol;

/// <summary>One server's part in a <see cref="RainCeiling"/>. Its server alone calls it;
/// the other servers read what it has noted.</summary>
internal sealed class CeilingShare
{
    /// <summary>A turn is a millisecond's worth, divided among all who wait.</summary>
    private const double TurnSeconds = 0.001;

    /// <summary>How far ahead of the others a server may get: two turns, and a droplet where those are less.</summary>
    private const double AheadSeconds = 0.002, AheadBytesMin = 1500;

    /// <summary>When a server that was ahead looks again.</summary>
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(0.5);

    /// <summary>A server that waited and did not look for so long is not waited for: its thread is held up by something else.</summary>
    private static readonly TimeSpan LookedWithin = TimeSpan.FromMilliseconds(10);

    private readonly RainCeiling _ceiling;
    private double _served;
    private long _lookedNanoseconds;
    private int _readyCount;
    private int _subscriberCount;
    private Instant? _mayLookAt;

    public CeilingShare(RainCeiling ceiling) => _ceiling = ceiling;

    /// <summary>What it may tell its clients: the ceiling's part of its subscribers, were all of them insatiable.</summary>
    public uint OnWire
    {
        get
        {
            long all = 0;
            foreach (var share in _ceiling.Shares)
            {
                all += share == this ? Math.Max(1, _subscriberCount) : Volatile.Read(ref share._subscriberCount);
            }

            var part = (double)_ceiling.RateBytesPerSecond * Math.Max(1, _subscriberCount) / Math.Max(1, all);
            return (uint)Math.Clamp(part, 1, uint.MaxValue);
        }
    }

    /// <summary>Notes how many subscribers the server has.</summary>
    public void NoteSubscribers(int count) => Volatile.Write(ref _subscriberCount, count);

    /// <summary>Whether the next turn may be taken, by a server at which so many subscribers are ready.</summary>
    public bool MaySend(Instant now, int readyCount)
    {
        if (_readyCount == 0)
        {
            // Nothing is saved up by having wanted nothing.
            Volatile.Write(ref _served, Math.Max(_served, _ceiling.Served));
        }

        Volatile.Write(ref _readyCount, readyCount);
        Volatile.Write(ref _lookedNanoseconds, now.Nanoseconds);
        var paidAt = _ceiling.PaidAt;
        _mayLookAt = paidAt > now ? paidAt : IsAhead(now) ? now + LookAgain : null;
        return _mayLookAt is null;
    }

    /// <summary>Notes that no subscriber is ready.</summary>
    public void Rest()
    {
        Volatile.Write(ref _readyCount, 0);
        _mayLookAt = null;
    }

    /// <summary>Bytes of one turn: a millisecond's worth divided among all who are ready.</summary>
    public double TurnBytes(Instant now) => _ceiling.RateBytesPerSecond * TurnSeconds / ReadyCount(now);

    /// <summary>A turn was taken.</summary>
    public void Spend(Instant now, int bytes)
    {
        _ceiling.Pay(now, bytes);
        _ceiling.Served = _served;
        Volatile.Write(ref _served, _served + ((double)bytes / Math.Max(1, _readyCount)));
    }

    /// <summary>Something was sent that is nobody's turn: an answer.</summary>
    public void Pay(Instant now, int bytes) => _ceiling.Pay(now, bytes);

    /// <summary>When to look again.</summary>
    public Instant Due(Instant now) => _mayLookAt is { } at ? Instant.Max(at, now) : now;

    /// <summary>The server is no more.</summary>
    public void Leave() => _ceiling.Remove(this);

    private bool IsAhead(Instant now)
    {
        var served = _served - Math.Max(AheadBytesMin, _ceiling.RateBytesPerSecond * AheadSeconds / ReadyCount(now));
        foreach (var share in _ceiling.Shares)
        {
            if (share != this && share.IsWaiting(now) && Volatile.Read(ref share._served) < served)
            {
                return true;
            }
        }

        return false;
    }

    private int ReadyCount(Instant now)
    {
        var count = Math.Max(1, _readyCount);
        foreach (var share in _ceiling.Shares)
        {
            if (share != this && share.IsWaiting(now))
            {
                count += Volatile.Read(ref share._readyCount);
            }
        }

        return count;
    }

    private bool IsWaiting(Instant now) =>
        Volatile.Read(ref _readyCount) > 0 && now - new Instant(Volatile.Read(ref _lookedNanoseconds)) < LookedWithin;
}
