namespace PouringRain.Protocol.Broadband;

/// <summary>A client that a <see cref="BroadbandServer"/> has heard.</summary>
internal sealed class BroadbandReader(PeerAddress peer)
{
    /// <summary>Rewinds that bring nothing, after which it is left: of 64 datagrams one passes a path that loses nine of ten.</summary>
    private const int StuckCountMax = 64;

    /// <summary>Until one is measured.</summary>
    private static readonly TimeSpan RoundTripAtFirst = TimeSpan.FromMilliseconds(5);

    private static readonly TimeSpan RoundTripMin = TimeSpan.FromMilliseconds(0.5), RoundTripMax = TimeSpan.FromSeconds(1);

    private TimeSpan? _measured;
    private long _furthest = -1;
    private int _stuckCount;
    private int _lifeCount;
    private Instant _wantedSince;
    private Instant _sentAt = Instant.Never;
    private bool _isMeasuring;
    private long _from;

    public PeerAddress Peer => peer;

    /// <summary>The offset that it wants next, by its last NACK.</summary>
    public long Wanted { get; private set; } = -1;

    /// <summary>When it last asked.</summary>
    public Instant HeardAt { get; private set; }

    /// <summary>Where its repair goes on; what stands before it and not before the last rewind was sent.</summary>
    public long Next { get; private set; }

    /// <summary>Whether its repair has not caught up with the stream.</summary>
    public bool IsRepairing { get; set; }

    /// <summary>Whether it waits in the queue of those that are repaired.</summary>
    public bool IsQueued { get; set; }

    /// <summary>Whether it is to be told the end, alone.</summary>
    public bool IsToldEnd { get; set; }

    /// <summary>Bytes that were sent to it alone.</summary>
    public long RepairedBytes { get; private set; }

    private TimeSpan RoundTrip => _measured ?? RoundTripAtFirst;

    /// <summary>Whether it asks for ever: it gets no further, or began anew more often than there are rounds.</summary>
    public bool IsLeft(int roundCountMax) => _stuckCount > StuckCountMax || _lifeCount > roundCountMax;

    /// <summary>Notes what it wants.</summary>
    /// <returns>Whether its repair is to be rewound to it: at most once a round trip, and not for what may still be on its way.</returns>
    public bool Note(Instant now, long offset)
    {
        if (_isMeasuring && offset > _from)
        {
            Measure(now - _sentAt);
        }

        HeardAt = now;
        if (offset == 0 && _furthest > 0)
        {
            // It was started again.
            _furthest = 0;
            _stuckCount = 0;
            _lifeCount++;
        }
        else if (offset > _furthest)
        {
            _furthest = offset;
            _stuckCount = 0;
        }

        if (offset != Wanted)
        {
            Wanted = offset;
            _wantedSince = now;
        }

        if (IsRepairing && offset >= Next)
        {
            // The stream brought it further than its repair.
            Next = offset;
            return false;
        }

        // What was sent since then cannot have been missed yet; and what a repair sends comes bit by bit.
        var isTooSoon = _sentAt == Instant.Never ? IsRepairing : now - _sentAt < RoundTrip;
        var isOnItsWay = offset >= _from && offset < Next && now - _wantedSince < RoundTrip;
        return !isOnItsWay && !isTooSoon;
    }

    /// <summary>Its repair begins (again) at what it wants.</summary>
    public void Rewind()
    {
        _from = Next = Wanted;
        _sentAt = Instant.Never;
        _isMeasuring = false;
        IsRepairing = true;
        _stuckCount++;
    }

    /// <summary>What it wants is sent to the group, again.</summary>
    public void OnGroupRewound(Instant now)
    {
        _from = Next = Wanted;
        _sentAt = now;
        _isMeasuring = true;
        IsRepairing = false;
    }

    /// <summary>So many bytes of the stream were sent to it.</summary>
    public void OnSent(Instant now, int bytes)
    {
        if (_sentAt == Instant.Never)
        {
            _sentAt = now;
            _isMeasuring = true;
        }

        Next += bytes;
        RepairedBytes += bytes;
    }

    /// <summary>A sample is too long when the client had nothing to say before, never too short.</summary>
    private void Measure(TimeSpan sample)
    {
        _isMeasuring = false;
        var known = _measured ?? sample;
        var ticks = Math.Min(sample.Ticks, known.Ticks + (known.Ticks / 16));
        _measured = TimeSpan.FromTicks(Math.Clamp(ticks, RoundTripMin.Ticks, RoundTripMax.Ticks));
    }
}
