namespace PouringRain.Protocol;

/// <summary>Whether a fetch comes on: what is progress in the turn of a version, and when it is taken for stalled.</summary>
internal sealed class FetchProgress
{
    /// <summary>Symbols in a <see cref="FetchOptions.StallTimeout"/> without which a fetch is taken for stalled, or a little less than one
    /// a second where that is short: what comes more slowly would not end.</summary>
    private const int StallSymbolsMax = 8;

    /// <inheritdoc cref="StallSymbolsMax"/>
    private const double StallSymbolsShare = 0.8;

    /// <summary>So many stall timeouts whoever gets nothing waits while others come on.</summary>
    private const int TurnTimeouts = 6;

    /// <summary>Versions of which is remembered how far they came.</summary>
    private const int VersionsRemembered = 256;

    /// <summary>The most symbols that a version brought in one of its turns: as many come again when it is taken once more, and are no
    /// progress then.</summary>
    private readonly Dictionary<Sha256Digest, int> _symbolsByVersion = [];
    private readonly TimeSpan _stallTimeout;
    private Instant _lastLooked;
    private Instant _othersCameOn;
    private bool _hadWork;
    private int _symbolsSinceUseful, _symbolsOfChosen, _symbolsBefore;

    public FetchProgress(TimeSpan stallTimeout, Instant now)
    {
        _stallTimeout = stallTimeout;
        LastUseful = now;
    }

    /// <summary>When it came on last.</summary>
    public Instant LastUseful { get; private set; }

    /// <summary>When a symbol came last that its block could use, or a version's turn began.</summary>
    public Instant LastSymbol { get; private set; }

    /// <summary>When it is stalled. While others that fetch the same come on it is not: a slow seeder gives each of many a block, one after
    /// the other, and its turn comes.</summary>
    public Instant StalledAt => Instant.Min(
        Instant.Max(LastUseful, _othersCameOn) + _stallTimeout, LastUseful + (_stallTimeout * TurnTimeouts));

    /// <summary>Another turn begins: the account of what is progress in it.</summary>
    /// <param name="now">The time.</param>
    /// <param name="before">The version whose turn ends, if one's does.</param>
    /// <param name="version">The version.</param>
    /// <param name="isNew">Whether it has its full time: not when it comes back because others brought nothing either.</param>
    public void BeginTurn(Instant now, OfferedVersion? before, OfferedVersion version, bool isNew)
    {
        LastUseful = isNew || before is null ? now : LastUseful;
        LastSymbol = now;
        if (before is not null && (_symbolsByVersion.Count < VersionsRemembered || _symbolsByVersion.ContainsKey(before.Version)))
        {
            _symbolsByVersion[before.Version] = Math.Max(_symbolsOfChosen, _symbolsByVersion.GetValueOrDefault(before.Version));
        }

        // Of more versions than there are servers none is believed.
        _symbolsBefore = _symbolsByVersion.TryGetValue(version.Version, out var most) ? most
            : _symbolsByVersion.Count < VersionsRemembered ? 0 : int.MaxValue;
        _symbolsOfChosen = 0;
        _symbolsSinceUseful = 0;
    }

    /// <summary>A symbol came that its block could use.</summary>
    public void OnSymbol(Instant now)
    {
        LastSymbol = now;
        if (++_symbolsOfChosen <= _symbolsBefore)
        {
            return;
        }

        if (++_symbolsSinceUseful >= Math.Clamp(_stallTimeout.TotalSeconds * StallSymbolsShare, 1, StallSymbolsMax))
        {
            _symbolsSinceUseful = 0;
            LastUseful = now;
        }
    }

    /// <summary>Somebody that fetches the same holds more than it ever did.</summary>
    public void OnOthersCameOn(Instant now) => _othersCameOn = now;

    /// <summary>The manifest came.</summary>
    public void OnManifest(Instant now) => LastUseful = _symbolsBefore == 0 ? now : LastUseful;

    /// <summary>What did not come is asked for in another way now, which has its full time.</summary>
    public void OnChangedWay(Instant now) => LastUseful = now;

    /// <summary>A version that brought no symbol was looked at; the next time is as long from now.</summary>
    public void OnLookedAt(Instant now) => LastSymbol = now;

    /// <summary>Time in which the owner has blocks to work on does not count.</summary>
    /// <param name="now">The time.</param>
    /// <param name="hasWork">Whether he has now.</param>
    public void PauseWhileWorking(Instant now, bool hasWork)
    {
        if (_hadWork)
        {
            LastUseful = Instant.Min(now, LastUseful + (now - _lastLooked));
        }

        _hadWork = hasWork;
        _lastLooked = now;
    }
}
