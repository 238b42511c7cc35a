namespace PouringRain.Protocol.Grouping;

/// <summary>Whether a group crawls to this receiver where unicast would not: Wi-Fi carries multicast at its basic rate. When much of what
/// rains is lost, the sender is asked for a train of datagrams by unicast. One that comes whole, and many times as fast as the group, says
/// that the group is the reason; on a link that is slow or loses for both, it is neither.</summary>
internal sealed class GroupCrawl
{
    /// <summary>Of a train one datagram may be lost: of a path that loses a third at random so many come once in 500 times.</summary>
    private const int LostMost = 1;

    /// <summary>So many times as fast it has to be, since a train says little of how fast the whole would come.</summary>
    private const double TimesFaster = 4;

    /// <summary>Of requests that nobody answered; then a pause.</summary>
    private const int TriesMax = 3;

    private static readonly TimeSpan RetryAfter = TimeSpan.FromMilliseconds(500), AgainAfter = TimeSpan.FromSeconds(10);

    /// <summary>A train that has begun is there by then, or is slow.</summary>
    private static readonly TimeSpan TrainMost = TimeSpan.FromMilliseconds(250);

    /// <summary>A clock of less than this says nothing.</summary>
    private static readonly TimeSpan SpanLeast = TimeSpan.FromMicroseconds(100);

    private readonly GroupArrivals _arrivals;
    private uint _number;
    private int _tries, _came, _count;
    private bool _isWanted;
    private Instant _askAt, _first, _last, _judgeAt = Instant.Never;
    private ulong _places;

    public GroupCrawl(GroupArrivals arrivals, ulong seed)
    {
        _arrivals = arrivals;
        _number = new SplitMix(seed).NextUInt32();
    }

    /// <summary>When there is something to ask for, or a train to be judged.</summary>
    public Instant Due => _judgeAt != Instant.Never ? _judgeAt : _isWanted ? _askAt : Instant.Never;

    /// <summary>What a train came at, the last one that was whole, bits a second; 0 before.</summary>
    public long TrainBitsPerSecond { get; private set; }

    /// <summary>Another stream is taken.</summary>
    public void Restart()
    {
        _isWanted = false;
        _tries = 0;
        _judgeAt = Instant.Never;
        _places = 0;
    }

    /// <summary>Looks at what comes of the rain.</summary>
    public void Look()
    {
        if (_judgeAt == Instant.Never)
        {
            _isWanted = _arrivals.IsLossy;
            _tries = _isWanted ? _tries : 0;
        }
    }

    /// <summary>Whether it is time to ask; the number of the request.</summary>
    public bool TryAsk(Instant now, out uint number)
    {
        number = 0;
        if (!_isWanted || _judgeAt != Instant.Never || now < _askAt)
        {
            return false;
        }

        _tries = _tries < TriesMax ? _tries + 1 : 1;
        _askAt = now + (_tries < TriesMax ? RetryAfter : AgainAfter);
        _places = 0;
        _came = 0;
        number = ++_number;
        return true;
    }

    /// <summary>Takes a datagram of a train.</summary>
    public void OnTrain(Instant now, in TrainMessage train)
    {
        var place = 1UL << train.Place;
        if (train.Number != _number || !_isWanted || (_places & place) != 0)
        {
            return;
        }

        if (_places == 0)
        {
            _first = now;
            _judgeAt = now + TrainMost;
        }

        _places |= place;
        _came++;
        _last = now;
        _judgeAt = _came == train.Count ? now : _judgeAt;
        _count = train.Count;
    }

    /// <summary>Judges a train, when it is time.</summary>
    /// <returns>Whether the group crawls.</returns>
    public bool TryJudge(Instant now)
    {
        if (now < _judgeAt)
        {
            return false;
        }

        _judgeAt = Instant.Never;
        _tries = TriesMax;
        _askAt = now + AgainAfter;
        var span = _last - _first > SpanLeast ? _last - _first : SpanLeast;
        TrainBitsPerSecond = (long)((_came - 1) * TrainMessage.SizeBytes * 8 / span.TotalSeconds);
        return _arrivals.IsLossy && _came >= _count - LostMost && TrainBitsPerSecond > TimesFaster * _arrivals.RateBitsPerSecond;
    }
}
