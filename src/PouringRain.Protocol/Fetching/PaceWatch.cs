namespace PouringRain.Protocol;

/// <summary>Who answers and brings nothing? Such a source is passed over: its orders go to other sources of the version, and it is asked
/// again after 5, 10, 20, 40 s.</summary>
/// <remarks>As long as the owner was told of no version, the version itself is set aside when no source of it brings anything and there is
/// another on offer.</remarks>
internal sealed class PaceWatch
{
    private readonly List<FetchPath> _paths;
    private readonly FetchBlocks _blocks;
    private readonly VersionChoice _versions;
    private readonly VersionTurns _turns;
    private readonly FetchOrders _orders;
    private readonly NarrowPaths _narrow;
    private readonly FetchProgress _progress;

    public PaceWatch(
        List<FetchPath> paths, FetchBlocks blocks, VersionChoice versions, VersionTurns turns, FetchOrders orders, NarrowPaths narrow,
        FetchProgress progress)
    {
        _paths = paths;
        _blocks = blocks;
        _versions = versions;
        _turns = turns;
        _orders = orders;
        _narrow = narrow;
        _progress = progress;
    }

    /// <summary>When a version that brings no symbol is set aside, if there is another.</summary>
    public Instant VersionIsDueAt
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

            return window == TimeSpan.Zero ? Instant.Never : _progress.LastSymbol + (window * 2);
        }
    }

    /// <summary>Looks at those whose window is over.</summary>
    public void Check(Instant now)
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
                path.Pace.Lag(now, isBriefly: path.Neighbour is not null);
                _versions.RememberLag(now, path);
                if (_orders.IsPassedOver(path, now))
                {
                    _orders.WithdrawAll(path);
                }
            }

            path.Pace.BeginNext(now, path.Log.Outstanding, path.Rate.RoundTrip);
        }

        if (!_versions.IsReleased && _versions.Chosen is not null && _versions.HasRival && now >= VersionIsDueAt)
        {
            // Whatever is said of what was ordered: none of it came.
            _progress.OnLookedAt(now);
            foreach (var path in _paths)
            {
                // Who was asked for nothing meanwhile is now, once, in place of those who were.
                if (path.IsRaining && path.Offer == _versions.Chosen && !path.Pace.TrySpare())
                {
                    lags = true;
                    path.Pace.Lag(now);
                    _versions.RememberLag(now, path);
                }
            }
        }

        if (lags)
        {
            if (!_versions.IsReleased)
            {
                TryAgainSmall(now);
                _turns.Choose(now);
            }

            _orders.HurryAll(now);
        }
    }

    /// <summary>The version's sources fell silent: when they come back, they must bring something before they count again.</summary>
    public void SetSilentBack(Instant now)
    {
        foreach (var path in _versions.HasRival ? _paths : [])
        {
            if (path.State == SourceState.Silent && path.Offer == _versions.Chosen)
            {
                path.Pace.Lag(now);
                _versions.RememberLag(now, path);
            }
        }
    }

    /// <summary>Where no source of any version brings anything, the ways may have become too narrow for what is asked, though it was too
    /// little to tell: all are tried once more, with small symbols.</summary>
    private void TryAgainSmall(Instant now)
    {
        if (_blocks.AreSmall || !_versions.HasRival || !_paths.Exists(path => path.Offer is { } offer && offer.SmallLayout != offer.Layout)
            || _paths.Exists(
                path => path.Offer is not null && path.State is SourceState.Raining or SourceState.Stale && !path.Pace.IsLagging))
        {
            return;
        }

        _progress.OnChangedWay(now);
        _narrow.TakeSmallSymbols(now, _paths.Find(path => path.Offer == _versions.Chosen)?.Peer ?? _paths[0].Peer);
        _paths.ForEach(static path => path.Pace.Forgive());
    }
}
