namespace PouringRain.Protocol;

/// <content>
/// Who answers and brings nothing? A source that does not bring what is ordered of it is passed over: its orders go to other sources of the
/// version, and it is asked again after 5, 10, 20, 40 s. As long as the owner was told of no version, the version itself is set
/// aside when no source of it brings anything and there is another on offer. Where nobody does better, nobody is passed over.
/// </content>
public sealed partial class Fetch
{
    /// <summary>Symbols in a <see cref="FetchOptions.StallTimeout"/> without which a fetch is taken for stalled, or a little less than one
    /// a second where that is short: what comes more slowly would not end.</summary>
    private const int StallSymbolsMax = 8;

    /// <inheritdoc cref="StallSymbolsMax"/>
    private const double StallSymbolsShare = 0.8;

    /// <summary>Symbols that a version must have brought, where there may be another, before the owner is told of it.</summary>
    private const int ProofSymbols = 32;

    /// <summary>Versions of which is remembered how far they came.</summary>
    private const int VersionsRemembered = 256;

    /// <summary>How long the owner is not told of a version because a server has not answered yet that may offer another.</summary>
    private static readonly TimeSpan AnswerGrace = TimeSpan.FromSeconds(1);

    /// <summary>How long a version that a server has not brought goes after others in the fetches that come.</summary>
    private static readonly TimeSpan WithheldLifetime = TimeSpan.FromMinutes(1);

    private Instant _lastSymbol, _lastLooked;
    private bool _hadWork;
    private int _symbolsSinceUseful, _symbolsOfChosen, _symbolsBefore;

    /// <summary>The most symbols that a version brought in one of its turns: as many come again when it is taken once more, and are no
    /// progress then.</summary>
    private readonly Dictionary<Sha256Digest, int> _symbolsByVersion = [];

    /// <summary>Whether a source that brought nothing must wait while others of the version are asked.</summary>
    private bool IsPassedOver(SymbolSource path, Instant now)
    {
        if (!path.IsSetBack(now))
        {
            return false;
        }

        foreach (var other in _paths)
        {
            if (other != path && other.IsRaining && other.Offer == _chosen && !other.IsSetBack(now))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Another turn begins: the account of what is progress in it.</summary>
    private void BeginTurn(OfferedVersion? before, OfferedVersion version)
    {
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

    /// <summary>When a version that brings no symbol is set aside, if there is another.</summary>
    private Instant VersionIsDueAt
    {
        get
        {
            var window = TimeSpan.Zero;
            foreach (var path in _paths)
            {
                if (path.IsRaining)
                {
                    var other = DeliveryPace.WindowOf(path.Rate.RoundTrip);
                    window = other > window ? other : window;
                }
            }

            return window == TimeSpan.Zero ? Instant.Never : _lastSymbol + (window * 2);
        }
    }

    /// <summary>Until when the owner is not told of a version that has shown nothing but its manifest, because of servers that have not
    /// answered.</summary>
    private Instant UnprovenUntil => Instant.Max(_started + _options.DiscoveryTimeout, (_firstOffer ?? _started) + AnswerGrace);

    private void OnUseful(Instant now)
    {
        _lastSymbol = now;
        _due = _owesManifest ? now : _due;
        if (++_symbolsOfChosen <= _symbolsBefore)
        {
            return;
        }

        if (++_symbolsSinceUseful >= Math.Clamp(_options.StallTimeout.TotalSeconds * StallSymbolsShare, 1, StallSymbolsMax))
        {
            _symbolsSinceUseful = 0;
            _lastUseful = now;
        }
    }

    /// <summary>Time in which the owner has blocks to work on does not count; but what waits for a manifest that does not come is no
    /// work.</summary>
    private void PauseWhileWorking(Instant now)
    {
        if (_hadWork)
        {
            _lastUseful = Instant.Min(now, _lastUseful + (now - _lastLooked));
        }

        _hadWork = Manifest is not null && _blocks.AreAtWork;
        _lastLooked = now;
    }

    /// <summary>The version's sources fell silent: when they come back, they must bring something before they count again.</summary>
    private void SetSilentBack(Instant now)
    {
        foreach (var path in HasRival ? _paths : [])
        {
            if (path.State == SourceState.Silent && path.Offer == _chosen)
            {
                path.Pace.Lag(now);
                RememberLag(now, path);
            }
        }
    }

    /// <summary>Remembers for other fetches that a server has not brought what it offers, where there is another version to take.</summary>
    private void RememberLag(Instant now, FetchPath path)
    {
        if (!_isReleased && HasRival && path.Offer is { } offer)
        {
            path.WithheldBefore = offer.Version;
            _tokens.StoreWithheld(path.Peer, offer.Version, now + WithheldLifetime);
        }
    }

    /// <summary>It brings it after all.</summary>
    private void RememberDelivery(Instant now, FetchPath path)
    {
        if (path.WithheldBefore is { } version && version == path.Offer?.Version && !path.Pace.IsLagging)
        {
            path.WithheldBefore = null;
            _tokens.StoreWithheld(path.Peer, version, now);
        }
    }

    private void CheckPaces(Instant now)
    {
        var lags = false;
        foreach (var path in _paths)
        {
            if (!path.IsRaining || now < path.Pace.EndsAt(path.Rate.RoundTrip))
            {
                continue;
            }

            if (path.Pace.HasFailed(path.Log.Outstanding))
            {
                lags = true;
                path.Pace.Lag(now);
                RememberLag(now, path);
                if (IsPassedOver(path, now))
                {
                    WithdrawAll(path);
                }
            }

            path.Pace.BeginNext(now, path.Log.Outstanding, path.Rate.RoundTrip);
        }

        if (!_isReleased && _chosen is not null && HasRival && now >= VersionIsDueAt)
        {
            // Whatever is said of what was ordered: none of it came.
            _lastSymbol = now;
            foreach (var path in _paths)
            {
                // Who was asked for nothing meanwhile is now, once, in place of those who were.
                if (path.IsRaining && path.Offer == _chosen && !path.Pace.TrySpare())
                {
                    lags = true;
                    path.Pace.Lag(now);
                    RememberLag(now, path);
                }
            }
        }

        if (lags)
        {
            if (!_isReleased)
            {
                TryAgainSmall(now);
                ChooseVersion(now);
            }

            HurryAll(now);
        }
    }

    /// <summary>Where no source of any version brings anything, the ways may have become too narrow for what is asked, though it was too
    /// little to tell: all are tried once more, with small symbols.</summary>
    private void TryAgainSmall(Instant now)
    {
        if (_blocks.AreSmall || !HasRival || !_paths.Exists(path => path.Offer is { } offer && offer.SmallLayout != offer.Layout)
            || _paths.Exists(
                path => path.Offer is not null && path.State is SourceState.Raining or SourceState.Stale && !path.Pace.IsLagging))
        {
            return;
        }

        _lastUseful = now;
        TakeSmallSymbols(now, _paths.Find(path => path.Offer == _chosen)?.Peer ?? _paths[0].Peer);
        _paths.ForEach(path => path.Pace.Forgive());
    }

    /// <summary>Whether another version is on offer that may be taken.</summary>
    private bool HasRival => _request.Version is null && _paths.Exists(path =>
        path.Offer is { } offer && !offer.IsSameAs(_chosen)
        && path.State is not (SourceState.Lied or SourceState.NotFound or SourceState.Silent));

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

    /// <summary>Whether the owner may be told of the version: from then on it is this one or none. Where there may be another, it must have
    /// shown that its blocks come too.</summary>
    private bool HasProof(Instant now)
    {
        if (_request.Version is not null || (!HasRival && !_paths.Exists(path => path.State == SourceState.Asked)))
        {
            return true;
        }

        // A server that has not answered may have another. While what is on offer brings nothing, it has as long as for an answer at all.
        var hasShown = _blocks.Open.Exists(block => block.ReceivedCount > 0) || (_blocks.Open.Count == 0 && !_picker.HasAny);
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
