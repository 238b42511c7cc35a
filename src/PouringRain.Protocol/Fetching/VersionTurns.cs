namespace PouringRain.Protocol;

/// <summary>Carries through what <see cref="VersionChoice"/> decides: a version's turn begins with its manifest and what was guessed of it,
/// and ends with all that is on order and in work for it.</summary>
internal sealed class VersionTurns
{
    private readonly List<FetchPath> _paths;
    private readonly BlockPicker _picker;
    private readonly FetchBlocks _blocks;
    private readonly VersionChoice _versions;
    private readonly FetchOrders _orders;
    private readonly OrderGuesses _guesses;
    private readonly NarrowPaths _narrow;
    private readonly FetchProgress _progress;
    private readonly FetchNews _news;
    private readonly FetchBeginning? _beginning;

    public VersionTurns(
        List<FetchPath> paths, BlockPicker picker, FetchBlocks blocks, VersionChoice versions, FetchOrders orders, OrderGuesses guesses,
        NarrowPaths narrow, FetchProgress progress, FetchNews news, FetchBeginning? beginning)
    {
        _paths = paths;
        _picker = picker;
        _blocks = blocks;
        _versions = versions;
        _orders = orders;
        _guesses = guesses;
        _narrow = narrow;
        _progress = progress;
        _news = news;
        _beginning = beginning;
    }

    /// <summary>Takes the newest version on offer that comes, unless bytes of another were released already.</summary>
    public void Choose(Instant now)
    {
        if (_versions.FindBest() is not { } best)
        {
            return;
        }

        if (_versions.IsTurnOf(best.Offer!))
        {
            Begin(now, best.Offer!, isNew: !best.Pace.IsLagging);
        }

        foreach (var path in _paths)
        {
            // Who is busy or silent is taken up when it speaks for itself.
            if (path.Offer is not { } offer
                || path.State is SourceState.Lied or SourceState.NotFound or SourceState.Busy or SourceState.Silent)
            {
                continue;
            }

            if (offer.IsSameAs(_versions.Chosen))
            {
                if (!path.IsRaining)
                {
                    path.State = SourceState.Raining;
                    path.Pace.BeginNext(now, path.Log.Outstanding, path.Rate.RoundTrip);
                    path.Hurry(now);
                }

                // One object for one version, so that it is compared at a glance.
                path.Offer = _versions.Chosen;
            }
            else
            {
                _orders.WithdrawAll(path);
                path.State = SourceState.Stale;
                if (!path.WasToldStale && _versions.Chosen!.IsNewerThan(offer) && offer.Version != _versions.Chosen.Version)
                {
                    path.WasToldStale = true;
                    _news.Tell(FetchEventKind.SourceStale, path.Peer);
                }
            }
        }
    }

    /// <summary>Gives the chosen version up; the next best on offer gets its chance.</summary>
    public void ChooseAnother(Instant now)
    {
        _versions.ChooseNone();
        _versions.TakeManifestBack();
        _blocks.Forget();
        Choose(now);
    }

    /// <summary>The chosen version is true and means nothing here: it is not fetched.</summary>
    public void SetAside(Instant now, ManifestReading why)
    {
        var version = _versions.Chosen!.Version;
        _versions.OnNotUnderstood(why);
        foreach (var path in _paths)
        {
            if (path.Offer is { } offer && offer.Version == version)
            {
                _orders.WithdrawAll(path);
                path.Offer = null;
                path.State = path.HasLied ? SourceState.Lied : SourceState.Stale;
                path.NextSubscribe = now + FetchPath.ProbeGap;
            }
        }

        ChooseAnother(now);
        if (_versions.Chosen is null && !_paths.Exists(static path => path.State == SourceState.Asked))
        {
            _news.End(FetchEndReason.NotUnderstood);
        }
    }

    /// <param name="now">The time.</param>
    /// <param name="version">The version.</param>
    /// <param name="isNew">Whether it has its full time: not when it comes back because others brought nothing either.</param>
    private void Begin(Instant now, OfferedVersion version, bool isNew)
    {
        foreach (var path in _paths)
        {
            if (!path.HasGuesses)
            {
                _orders.WithdrawAll(path);
            }
        }

        _versions.TakeManifestBack();
        _progress.BeginTurn(now, _versions.Chosen, version, isNew);
        _versions.Choose(version);
        _blocks.Begin(version);
        _narrow.Tell();
        _picker.SetLayout(version.Layout);
        GoOn(now, version);
        _guesses.TakeUp(now);
        _orders.HurryAll(now);
    }

    /// <summary>Takes over what has come of the version before the fetch.</summary>
    private void GoOn(Instant now, OfferedVersion version)
    {
        if (_beginning?.TryTake(version, _blocks.SymbolSize, out var manifest, out var begun) != true)
        {
            return;
        }

        foreach (var block in begun)
        {
            _blocks.TakeOver(block);
            _picker.OnOpened(block.Index);
        }

        if (manifest is not null)
        {
            _blocks.TakeManifestAtOnce(manifest);
            _progress.OnManifest(now);
            _versions.OnManifest(now);
        }
    }
}
