namespace PouringRain.Protocol.Grouping;

/// <summary>When a receiver reports, and until when it repeats itself. Reports of many are spread over a time that grows with their
/// number.</summary>
internal sealed class GroupReports
{
    /// <summary>Reports of the end that nobody answered.</summary>
    private const int TriesMax = 12;

    private static readonly TimeSpan HelloSpread = TimeSpan.FromMilliseconds(50), LossSpread = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan RetryFirst = TimeSpan.FromMilliseconds(100), RetryMost = TimeSpan.FromSeconds(2);

    /// <summary>Who has no token is not known yet, and is not waited for long; the answers may be lost among what others send.</summary>
    private static readonly TimeSpan RetryMostWithoutToken = TimeSpan.FromMilliseconds(250);

    private readonly NodeId _identity;
    private SplitMix _random;
    private uint _number, _numberAtBegin, _numberAtNews;
    private int _tries;
    private bool _isAnswerOwed, _hasToldLoss;

    public GroupReports(NodeId identity, ulong seed)
    {
        _identity = identity;
        _random = new SplitMix(seed);
        _number = _random.NextUInt32();
    }

    /// <summary>When the next is due.</summary>
    public Instant Due { get; private set; } = Instant.Never;

    /// <summary>What the sender gave to this address; 0 before.</summary>
    public Bits128 Token { get; private set; }

    /// <summary>Whether the sender has what was reported last.</summary>
    public bool IsNoted { get; private set; }

    /// <summary>Whether what was reported was repeated so often that nobody will answer.</summary>
    public bool IsHopeless => _tries >= TriesMax;

    /// <summary>A sender was found that knows nothing of this receiver.</summary>
    public void Begin(Instant now)
    {
        Token = 0;
        _numberAtBegin = unchecked(_number + 1);
        _hasToldLoss = false;
        Owe(now, HelloSpread);
    }

    /// <summary>There is news that the sender should have soon, and answer.</summary>
    public void OnNews(Instant now, uint receiverCount) => Owe(now, TimeSpan.FromMilliseconds(1 + Math.Min(receiverCount, 10_000)));

    /// <summary>Losses are known for the first time.</summary>
    public void OnLossKnown(Instant now, uint receiverCount)
    {
        if (!_hasToldLoss)
        {
            _hasToldLoss = true;
            var at = now + ((LossSpread + TimeSpan.FromMilliseconds(Math.Min(receiverCount, 10_000))) * NextDouble());
            Due = Instant.Min(Due, at);
        }
    }

    public void OnWelcome(Instant now, in WelcomeMessage welcome, ushort reportMilliseconds)
    {
        // An answer may take longer than it is to the next report: it is as good as the report that it answers.
        if (!IsBetween(_numberAtBegin, welcome.Number, _number))
        {
            return;
        }

        if (welcome.Token != 0)
        {
            Token = welcome.Token;
        }

        if ((welcome.IsNoted || welcome.IsFull) && IsBetween(_numberAtNews, welcome.Number, _number))
        {
            _isAnswerOwed = false;
            _tries = 0;
            IsNoted = true;
            Due = Next(now, reportMilliseconds);
        }
        else if (_isAnswerOwed && !welcome.IsNoted)
        {
            // The first was for the token.
            Due = now;
        }
    }

    /// <summary>Writes the report that is due.</summary>
    public int Write(Instant now, Span<byte> buffer, uint streamId, ReportMessage report, ushort reportMilliseconds)
    {
        report.StreamId = streamId;
        report.Identity = _identity;
        report.Token = Token;
        report.Number = ++_number;
        report.WantsAnswer = _isAnswerOwed;
        if (_isAnswerOwed)
        {
            var gap = RetryFirst * (1 << Math.Min(_tries++, 5));
            Due = now + (TimeSpan.FromTicks(Math.Min(gap.Ticks, RetryMostOf(reportMilliseconds).Ticks)) * (0.75 + (NextDouble() / 2)));
        }
        else
        {
            Due = Next(now, reportMilliseconds);
        }

        return report.Write(buffer);
    }

    private void Owe(Instant now, TimeSpan spread)
    {
        _isAnswerOwed = true;
        _numberAtNews = unchecked(_number + 1);
        IsNoted = false;
        _tries = 0;
        Due = now + (spread * NextDouble());
    }

    private static bool IsBetween(uint first, uint number, uint last) => unchecked((int)(number - first) >= 0 && (int)(last - number) >= 0);

    /// <summary>All receivers together are no more often heard without tokens than with.</summary>
    private TimeSpan RetryMostOf(ushort reportMilliseconds) =>
        Token != 0 ? RetryMost
            : TimeSpan.FromTicks(Math.Clamp(
                TimeSpan.FromMilliseconds(reportMilliseconds).Ticks, RetryMostWithoutToken.Ticks, RetryMost.Ticks));

    private Instant Next(Instant now, ushort reportMilliseconds) =>
        now + (TimeSpan.FromMilliseconds(Math.Max((ushort)50, reportMilliseconds)) * (0.75 + (NextDouble() / 2)));

    private double NextDouble() => (_random.Next() >> 11) * (1.0 / (1UL << 53));
}
