namespace PouringRain.Protocol;

/// <summary>All that a fetch does because time has passed, and when the next of it is due.</summary>
internal sealed class FetchTimers
{
    private static readonly TimeSpan FallbackDelay = TimeSpan.FromSeconds(1);

    private readonly TimeSpan _discoveryTimeout;
    private readonly List<FetchPath> _paths;
    private readonly FetchBlocks _blocks;
    private readonly VersionChoice _versions;
    private readonly VersionTurns _turns;
    private readonly FetchOrders _orders;
    private readonly BlockVerdicts _verdicts;
    private readonly PaceWatch _paces;
    private readonly FetchProgress _progress;
    private readonly FetchNews _news;
    private readonly FetchClock _clock;

    public FetchTimers(
        TimeSpan discoveryTimeout, List<FetchPath> paths, FetchBlocks blocks, VersionChoice versions, VersionTurns turns,
        FetchOrders orders, BlockVerdicts verdicts, PaceWatch paces, FetchProgress progress, FetchNews news, FetchClock clock)
    {
        _discoveryTimeout = discoveryTimeout;
        _paths = paths;
        _blocks = blocks;
        _versions = versions;
        _turns = turns;
        _orders = orders;
        _verdicts = verdicts;
        _paces = paces;
        _progress = progress;
        _news = news;
        _clock = clock;
    }

    /// <summary>Whether no server rains yet, nor ever did.</summary>
    private bool IsDiscovering => _versions.Chosen is null
        || (_blocks.DropletsReceived == 0 && !_paths.Exists(static path => path.State is SourceState.Raining or SourceState.Silent));

    private Instant DiscoveryEnd => _clock.Started + _discoveryTimeout;

    /// <summary>Does what is due.</summary>
    public void Run(Instant now)
    {
        _versions.TellManifest(now);
        _verdicts.CheckCompleted();
        if (_news.HasEnded)
        {
            return;
        }

        SilenceTheQuiet(now);
        _paces.Check(now);
        _verdicts.ReplaceLostIsolated(now);
        if (IsDiscovering)
        {
            if (now >= DiscoveryEnd)
            {
                _news.End(_paths.Exists(static path => path.State == SourceState.Busy) ? FetchEndReason.Busy
                    : _paths.Exists(static path => path.HasLied) ? FetchEndReason.IntegrityFailure
                    : _versions.NotUnderstood is not null ? FetchEndReason.NotUnderstood
                    : FetchEndReason.Unanswered);
            }

            return;
        }

        // What waits for a manifest that does not come is no work.
        _progress.PauseWhileWorking(now, hasWork: _blocks.Manifest is not null && _blocks.AreAtWork);
        if (!_versions.IsReleased && now >= Instant.Max(_progress.LastUseful, _progress.LastSymbol) + FallbackDelay
            && !_paths.Exists(static path => path.IsRaining))
        {
            _paces.SetSilentBack(now);
            _turns.Choose(now);
        }

        if (now >= _progress.StalledAt)
        {
            _news.End(FetchEndReason.Stalled);
        }
    }

    /// <summary>When something is due next.</summary>
    public Instant NextDue(Instant now)
    {
        var due = IsDiscovering ? DiscoveryEnd : _progress.StalledAt;
        if (due <= now)
        {
            // The deadline is over and the fetch goes on: something is at work.
            due = now + FetchPath.IdleGap;
        }

        due = Instant.Min(due, _versions.TellAgainAt(now));
        if (!_versions.IsReleased && _versions.HasRival)
        {
            due = Instant.Min(due, _paces.VersionIsDueAt);
        }

        foreach (var path in _paths)
        {
            due = Instant.Min(due, path.NextSubscribe);
            due = path.IsRaining ? Instant.Min(due, path.Pace.EndsAt(path.Rate.RoundTrip)) : due;
            if (path.Log.Outstanding > 0)
            {
                due = Instant.Min(due, path.IsRaining ? path.QuietAt
                    : path.State == SourceState.Asked ? _versions.GuessesEnd
                    : Instant.Never);
            }
        }

        return due;
    }

    private void SilenceTheQuiet(Instant now)
    {
        foreach (var path in _paths)
        {
            if (path.IsRaining && path.Log.Outstanding > 0 && now >= path.QuietAt)
            {
                // It is dead, or as good as: others are asked for what it owes, and it is asked whether it lives.
                _orders.WithdrawAll(path);
                path.Pace.Restart();
                path.State = SourceState.Silent;
                path.NextSubscribe = now;
                _orders.HurryAll(now);
            }
            else if (path.State == SourceState.Asked && path.Log.Outstanding > 0 && now >= _versions.GuessesEnd)
            {
                _orders.WithdrawAll(path);
                _orders.HurryAll(now);
            }
        }
    }
}
