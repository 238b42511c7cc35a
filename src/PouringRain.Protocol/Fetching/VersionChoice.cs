namespace PouringRain.Protocol;

/// <summary>Which version is fetched: what is on offer, what goes before what, what is withheld or not understood, and when the owner may
/// be told. It decides; <see cref="VersionTurns"/> carries through.</summary>
internal sealed class VersionChoice
{
    /// <summary>Versions remembered as not understood: more than one fetch is offered.</summary>
    private const int NotUnderstoodMax = 64;

    /// <summary>Symbols that a version must have brought, where there may be another, before the owner is told of it.</summary>
    private const int ProofSymbols = 32;

    /// <summary>How long the owner is not told of a version because a server has not answered yet that may offer another.</summary>
    private static readonly TimeSpan AnswerGrace = TimeSpan.FromSeconds(1);

    /// <summary>How long a version that a server has not brought goes after others in the fetches that come.</summary>
    private static readonly TimeSpan WithheldLifetime = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan GuessGrace = TimeSpan.FromMilliseconds(3);

    /// <summary>Versions whose manifests are not understood.</summary>
    private readonly Queue<Sha256Digest> _notUnderstood = new();
    private readonly Sha256Digest? _wanted;
    private readonly TimeSpan _discoveryTimeout;
    private readonly List<FetchPath> _paths;
    private readonly FetchBlocks _blocks;
    private readonly BlockPicker _picker;
    private readonly TokenCache _tokens;
    private readonly FetchNews _news;
    private readonly FetchClock _clock;
    private Instant? _firstOffer;
    private bool _owesManifest;

    public VersionChoice(
        Sha256Digest? wanted, TimeSpan discoveryTimeout, List<FetchPath> paths, FetchBlocks blocks, BlockPicker picker, TokenCache tokens,
        FetchNews news, FetchClock clock)
    {
        _wanted = wanted;
        _discoveryTimeout = discoveryTimeout;
        _paths = paths;
        _blocks = blocks;
        _picker = picker;
        _tokens = tokens;
        _news = news;
        _clock = clock;
    }

    /// <summary>The version whose turn it is.</summary>
    public OfferedVersion? Chosen { get; private set; }

    /// <summary>The version that servers are asked for; null for the newest they have.</summary>
    public Sha256Digest? Asked => _wanted ?? Chosen?.Version;

    /// <summary>Whether only one version will do.</summary>
    public bool IsOneWanted => _wanted is not null;

    /// <summary>Whether the owner knows the version: from then on it is this one or none.</summary>
    public bool IsReleased { get; private set; }

    /// <summary>Whether the manifest is here and the owner not told of it yet.</summary>
    public bool OwesManifest => _owesManifest;

    /// <summary>Whether the owner has taken the news of the manifest.</summary>
    public bool IsManifestTold { get; private set; }

    /// <summary>The version whose manifest was not understood last, and why.</summary>
    public (Sha256Digest Version, ManifestReading Why)? NotUnderstood { get; private set; }

    /// <summary>Whether another version is on offer that may be taken.</summary>
    public bool HasRival => _wanted is null && _paths.Exists(path =>
        path.Offer is { } offer && !offer.IsSameAs(Chosen)
        && path.State is not (SourceState.Lied or SourceState.NotFound or SourceState.Silent));

    /// <summary>Until when symbols guessed at from sources that have not answered yet are waited for.</summary>
    public Instant GuessesEnd
    {
        get
        {
            if (_firstOffer is not { } first)
            {
                return Instant.Never;
            }

            var roundTrip = TimeSpan.Zero;
            foreach (var path in _paths)
            {
                roundTrip = path.Rate.RoundTrip > roundTrip ? path.Rate.RoundTrip : roundTrip;
            }

            return first + (roundTrip / 2) + GuessGrace;
        }
    }

    /// <summary>Until when the owner is not told of a version that has shown nothing but its manifest, because of servers that have not
    /// answered.</summary>
    private Instant UnprovenUntil => Instant.Max(_clock.Started + _discoveryTimeout, (_firstOffer ?? _clock.Started) + AnswerGrace);

    /// <summary>A path offers this; null when it makes no sense here.</summary>
    /// <returns>Whether it comes into question.</returns>
    public bool TakeOffer(Instant now, FetchPath path, OfferedVersion? offered)
    {
        if (offered is null || !offered.IsSameAs(path.Offer))
        {
            path.Offer = offered;
            path.RefusedBlocks.Clear();
            if (offered is not null && offered.Version == path.WithheldBefore)
            {
                // What another fetch has found out need not be found out again: where there is another version, that goes first.
                path.Pace.Lag(now);
            }
        }

        if (path.Offer is { } known && _notUnderstood.Contains(known.Version))
        {
            path.Offer = null;
        }

        if (path.Offer is null || !IsWanted(path.Offer))
        {
            return false;
        }

        _firstOffer ??= now;
        return true;
    }

    /// <summary>The path whose offer goes before all others.</summary>
    public FetchPath? FindBest()
    {
        FetchPath? best = null;
        foreach (var path in _paths)
        {
            if (path.Offer is { } offer && path.State is not (SourceState.Lied or SourceState.NotFound or SourceState.Silent)
                && IsWanted(offer) && (best is null || GoesBefore(path, best)))
            {
                best = path;
            }
        }

        return best;
    }

    /// <summary>Whether a version is to be taken in place of what is chosen: not when bytes of another were released already.</summary>
    public bool IsTurnOf(OfferedVersion offer) => Chosen is null || (!IsReleased && !offer.IsSameAs(Chosen));

    public void Choose(OfferedVersion version) => Chosen = version;

    /// <summary>None is chosen any more.</summary>
    public void ChooseNone() => Chosen = null;

    /// <summary>The manifest of the chosen version is true and means nothing here.</summary>
    public void OnNotUnderstood(ManifestReading why)
    {
        if (_notUnderstood.Count == NotUnderstoodMax)
        {
            _notUnderstood.Dequeue();
        }

        _notUnderstood.Enqueue(Chosen!.Version);
        NotUnderstood = (Chosen.Version, why);
        _news.Tell(FetchEventKind.VersionNotUnderstood);
    }

    /// <summary>The manifest is here: the owner is to be told when the time has come.</summary>
    public void OnManifest(Instant now)
    {
        _owesManifest = true;
        TellManifest(now);
    }

    /// <summary>Tells the owner of the manifest: not before every server has said what it offers, or had the time to, for from then on it
    /// is this version or none.</summary>
    public void TellManifest(Instant now)
    {
        if (_owesManifest && (now >= GuessesEnd || !_paths.Exists(static path => path.State == SourceState.Asked)) && HasProof(now))
        {
            _owesManifest = false;
            _news.Tell(FetchEventKind.ManifestReady);
        }
    }

    /// <summary>When to see again whether he may be told. What is past was not enough; then a block is waited for.</summary>
    public Instant TellAgainAt(Instant now) =>
        !_owesManifest ? Instant.Never
        : GuessesEnd > now ? GuessesEnd
        : _firstOffer + AnswerGrace is { } end && end > now ? end
        : UnprovenUntil > now ? UnprovenUntil
        : Instant.Never;

    /// <summary>Before the owner was told of the manifest, it can be taken back.</summary>
    public void TakeManifestBack()
    {
        _owesManifest = false;
        _news.TakeBack(FetchEventKind.ManifestReady);
    }

    /// <summary>The owner took the news: HTTP may have said what comes.</summary>
    public void OnTold()
    {
        IsManifestTold = true;
        IsReleased = true;
    }

    /// <summary>Bytes of it went out.</summary>
    public void OnReleased() => IsReleased = true;

    /// <summary>Remembers for other fetches that a server has not brought what it offers, where there is another version to take.</summary>
    public void RememberLag(Instant now, FetchPath path)
    {
        if (!IsReleased && HasRival && path.Offer is { } offer)
        {
            path.WithheldBefore = offer.Version;
            _tokens.StoreWithheld(path.Peer, offer.Version, now + WithheldLifetime);
        }
    }

    /// <summary>It brings it after all.</summary>
    public void RememberDelivery(Instant now, FetchPath path)
    {
        if (path.WithheldBefore is { } version && version == path.Offer?.Version && !path.Pace.IsLagging)
        {
            path.WithheldBefore = null;
            _tokens.StoreWithheld(path.Peer, version, now);
        }
    }

    /// <summary>Whether one path's offer goes before another's: who brings something, then who brought more or was tried less, then the
    /// newer version.</summary>
    private static bool GoesBefore(FetchPath path, FetchPath other)
    {
        var (pace, otherPace) = (path.Pace, other.Pace);
        if (pace.IsLagging != otherPace.IsLagging)
        {
            return otherPace.IsLagging;
        }

        if (pace.IsLagging && pace.BroughtLast != otherPace.BroughtLast)
        {
            return pace.BroughtLast > otherPace.BroughtLast;
        }

        return pace.LagCount != otherPace.LagCount ? pace.LagCount < otherPace.LagCount : path.Offer!.IsNewerThan(other.Offer!);
    }

    private bool IsWanted(OfferedVersion offer) => _wanted is not { } wanted || offer.Version == wanted;

    /// <summary>Whether the owner may be told of the version: from then on it is this one or none. Where there may be another, it must have
    /// shown that its blocks come too.</summary>
    private bool HasProof(Instant now)
    {
        if (_wanted is not null || (!HasRival && !_paths.Exists(static path => path.State == SourceState.Asked)))
        {
            return true;
        }

        // A server that has not answered may have another. While what is on offer brings nothing, it has as long as for an answer at all.
        var hasShown = _blocks.Open.Exists(static block => block.ReceivedCount > 0) || (_blocks.Open.Count == 0 && !_picker.HasAny);
        if (!HasRival && now >= (hasShown ? _firstOffer + AnswerGrace : UnprovenUntil))
        {
            return true;
        }

        var symbols = 0;
        var isAll = _blocks.Open.Count >= _blocks.OpenCountMax || !_picker.HasAny;
        foreach (var block in _blocks.Open)
        {
            var isThere = block.Phase != BlockPhase.Collecting;
            symbols += isThere ? block.SymbolCount : 0;
            isAll &= isThere;
        }

        return isAll || symbols >= ProofSymbols;
    }
}
