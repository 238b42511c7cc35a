using Microsoft.Extensions.Logging;
using MurkyWaters.Fetching;
using MurkyWaters.Servers;
using MurkyWaters.Store;
using PouringRain.Protocol;

namespace MurkyWaters.Propagating;

/// <summary>
/// What other nodes ask this one to fetch and keep. A request goes two ways:
/// <list type="number">
/// <item>it waits for a look, which asks the source what the version is. A deletion, and what is here already, is done with that; a source
/// that is silent is left after seconds;</item>
/// <item>bytes wait for a place of their own, so that no deletion ever waits for them. A source that brings too few of them is left as
/// well.</item>
/// </list>
/// Places are shared among who asks (<see cref="FairQueue"/>), and what failed is tried again after growing pauses. A node repeats its
/// question until this one holds the version, so what does not fit is dropped, and what is under way is not begun twice. Those of 2012
/// ask once, and have nothing that could be looked at.
/// </summary>
internal sealed class PropagateInbox
{
    private readonly ResourceStore _store;
    private readonly FetchTable _fetches;
    private readonly ServerTable _servers;
    private readonly InboxTimes _times;
    private readonly bool _autoAddPeers;
    private readonly bool _isSealed;
    private readonly ILogger _logger;
    private readonly CancellationToken _stopping;
    private readonly Lock _gate = new();
    private readonly HashSet<(ResourceId, Sha256Digest?, PeerAddress)> _underWay = [];
    private readonly TimeProvider _time;
    private readonly FailedSources _failed;
    private readonly FairQueue _looks;
    private readonly FairQueue _bytes;
    private readonly PriorityQueue<AskedFetch, Instant> _resting = new();
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _runningCount;
    private bool _isStopped;

    public PropagateInbox(
        ResourceStore store, FetchTable fetches, ServerTable servers, InboxTimes times, bool autoAddPeers, bool isSealed, ILogger logger,
        CancellationToken stopping)
    {
        _stopping = stopping;
        _store = store;
        _time = store.Options.Time;
        _failed = new FailedSources(_time);
        _fetches = fetches;
        _servers = servers;
        _times = times;
        _autoAddPeers = autoAddPeers;
        _isSealed = isSealed;
        _logger = logger;
        _looks = new FairQueue(InboxTimes.LookCount, InboxTimes.ShareMax, InboxTimes.WaitingCountMax, _failed.Contains);
        _bytes = new FairQueue(InboxTimes.FetchCount, InboxTimes.ShareMax, InboxTimes.WaitingCountMax, _failed.Contains);
    }

    /// <summary>Takes a request; never waits. <paramref name="version"/> is null in format 1, which has no versions.</summary>
    public void Add(ResourceId id, Sha256Digest? version, PeerAddress source)
    {
        var request = new AskedFetch(id, version, source, AskedSource.Of(source, _servers.IsKnown(source)));
        lock (_gate)
        {
            if (!_isStopped && _underWay.Add(request.Key))
            {
                Enqueue(version is null ? _bytes : _looks, request);
                StartWhatMay();
            }
        }
    }

    /// <summary>Once a second: what has rested long enough waits for its turn.</summary>
    public void Tick()
    {
        lock (_gate)
        {
            while (_resting.TryPeek(out var request, out var until) && until <= _time.GetInstant())
            {
                _resting.Dequeue();
                Enqueue(request.Version is null ? _bytes : _looks, request);
            }

            StartWhatMay();
        }
    }

    /// <summary>Takes no more; ends when the running ones have.</summary>
    public Task StopAsync()
    {
        lock (_gate)
        {
            _isStopped = true;
            _looks.Clear();
            _bytes.Clear();
            _resting.Clear();
            if (_runningCount == 0)
            {
                _drained.TrySetResult();
            }
        }

        return _drained.Task;
    }

    private bool MayStart => !_isStopped && !_stopping.IsCancellationRequested;

    /// <summary>Under the lock.</summary>
    private void Enqueue(FairQueue queue, AskedFetch request)
    {
        if (!queue.TryAdd(request, out var lost))
        {
            _underWay.Remove(request.Key);
        }

        if (lost is not null)
        {
            _underWay.Remove(lost.Key);
        }
    }

    /// <summary>Under the lock.</summary>
    private void StartWhatMay()
    {
        while (MayStart && _looks.TryTake(out var request))
        {
            Start(request, _looks, () => LookAsync(request));
        }

        while (MayStart && _bytes.TryTake(out var request))
        {
            var found = request.Found;
            request.Found = null;
            Start(request, _bytes, () => FetchAsync(request, found));
        }
    }

    /// <summary>Under the lock.</summary>
    private void Start(AskedFetch request, FairQueue queue, Func<Task<AskedOutcome>> handle)
    {
        _runningCount++;
        _ = Task.Run(async () =>
        {
            var outcome = AskedOutcome.Settled;
            try
            {
                outcome = await handle();
            }
            catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
            {
                // The node stops.
            }
            catch (Exception error)
            {
                PropagationLog.RequestFailed(_logger, error, request.Id, request.Source.ToString());
            }

            (SharedFetch Fetch, ResourceReader Reader)? unused = null;
            lock (_gate)
            {
                queue.Release(request);
                End(request, outcome);
                StartWhatMay();
                if (outcome == AskedOutcome.HasBytes)
                {
                    // What has to wait for its bytes lets go of the fetch meanwhile.
                    unused = request.Found;
                    request.Found = null;
                }

                if (--_runningCount == 0 && _isStopped)
                {
                    _drained.TrySetResult();
                }
            }

            if (unused is { } held)
            {
                await held.Reader.DisposeAsync();
            }
        });
    }

    /// <summary>Under the lock.</summary>
    private void End(AskedFetch request, AskedOutcome outcome)
    {
        switch (outcome)
        {
            case AskedOutcome.HasBytes when !_isStopped:
                Enqueue(_bytes, request);
                return;
            case AskedOutcome.Delivered:
                _failed.NoteSuccess(request.Share);
                break;
            case AskedOutcome.Silent or AskedOutcome.SilentForGood:
                _failed.NoteFailure(request.Share);
                break;
        }

        var attempts = request.Version is null ? InboxTimes.ClassicAttemptCountMax : InboxTimes.AttemptCountMax;
        if (outcome is AskedOutcome.Silent or AskedOutcome.NoPlace && ++request.FailureCount < attempts && !_isStopped
            && _resting.Count < InboxTimes.WaitingCountMax)
        {
            var pause = request.Version is null || outcome == AskedOutcome.NoPlace
                ? _times.FirstPause
                : _times.PauseAfter(request.FailureCount);
            _resting.Enqueue(request, _time.GetInstant() + pause);
            return;
        }

        _underWay.Remove(request.Key);
    }

    /// <summary>Asks what the version is.</summary>
    private async Task<AskedOutcome> LookAsync(AskedFetch request)
    {
        if (await IsHereAsync(request))
        {
            return AskedOutcome.Settled;
        }

        if (_fetches.Look(request.Id, request.Version!.Value, request.Source) is not ({ } fetch, { } reader))
        {
            return AskedOutcome.NoPlace;
        }

        OpenResult result;
        using (var limited = new CancellationTokenSource(_times.LookWithin, _time))
        using (var limit = CancellationTokenSource.CreateLinkedTokenSource(_stopping, limited.Token))
        {
            try
            {
                result = await fetch.OpenAsync(reader, limit.Token);
            }
            catch (OperationCanceledException) when (!_stopping.IsCancellationRequested)
            {
                fetch.EndUnlessWanted();
                return AskedOutcome.Silent;
            }
        }

        NotePeer(request, fetch);
        if (result.Reader is null)
        {
            return fetch.Manifest is { IsDeleted: true } ? AskedOutcome.Delivered : OutcomeOf(fetch.End);
        }

        if (result.Reader != reader)
        {
            // What is here is newer, or came meanwhile.
            await result.Reader.DisposeAsync();
            return await IsHereAsync(request) ? AskedOutcome.Delivered : AskedOutcome.Settled;
        }

        request.Found = (fetch, reader);
        return AskedOutcome.HasBytes;
    }

    /// <summary>Fetches it whole.</summary>
    private async Task<AskedOutcome> FetchAsync(AskedFetch request, (SharedFetch Fetch, ResourceReader Reader)? found)
    {
        try
        {
            var isClassic = request.Version is null;
            if (isClassic && _autoAddPeers)
            {
                _servers.AddPeer(request.Source, isClassic: true);
            }

            if (await IsHereAsync(request))
            {
                return AskedOutcome.Settled;
            }

            var fetch = found?.Fetch.TryKeep(Retention.Kept) == true
                ? found.Value.Fetch
                : _fetches.Keep(request.Id, request.Version, Retention.Kept, request.Source, isClassic);
            if (fetch is null)
            {
                return AskedOutcome.NoPlace;
            }

            await (found?.Reader.DisposeAsync() ?? ValueTask.CompletedTask);
            if (isClassic)
            {
                // Its bytes come all at once or not at all, within a limit of its own. When the fetch that was joined, which does not know
                // the asking node, finds nothing, there is another.
                await fetch.Completion;
                return _store.FindEntry(request.Id) is { IsTombstone: false } ? AskedOutcome.Delivered
                    : fetch.AsksClassic(request.Source) ? AskedOutcome.SilentForGood
                    : AskedOutcome.NoPlace;
            }

            var outcome = await WatchAsync(fetch);
            NotePeer(request, fetch);
            return outcome;
        }
        finally
        {
            await (found?.Reader.DisposeAsync() ?? ValueTask.CompletedTask);
        }
    }

    private static AskedOutcome OutcomeOf(FetchEndReason end) => end switch
    {
        FetchEndReason.Completed => AskedOutcome.Delivered,
        FetchEndReason.Unanswered or FetchEndReason.Stalled => AskedOutcome.Silent,
        FetchEndReason.Busy => AskedOutcome.NoPlace,
        _ => AskedOutcome.Settled,
    };

    /// <summary>Waits for the end of a fetch, or until it brings too little.</summary>
    private async Task<AskedOutcome> WatchAsync(SharedFetch fetch)
    {
        var before = 0L;
        while (true)
        {
            await Task.WhenAny(fetch.Completion, Task.Delay(_times.ProgressWithin, _time, _stopping));
            _stopping.ThrowIfCancellationRequested();
            if (fetch.Completion.IsCompleted)
            {
                return OutcomeOf(fetch.End);
            }

            var arrived = fetch.ArrivedBytes;
            if (arrived - before < _times.ProgressBytesMin)
            {
                fetch.GiveUp();
                PropagationLog.SourceTooSlow(_logger, fetch.Id, fetch.Number, arrived - before, _times.ProgressWithin.TotalSeconds);
                return AskedOutcome.Silent;
            }

            before = arrived;
        }
    }

    /// <summary>Whether the version is here (in format 1, any); if so, it stays.</summary>
    private async Task<bool> IsHereAsync(AskedFetch request)
    {
        using (await _store.EnterAsync(request.Id, CancellationToken.None))
        {
            var entry = _store.FindEntry(request.Id);
            if (request.Version is null ? entry is not { IsTombstone: false } : entry?.Resource.Manifest.Version != request.Version)
            {
                return false;
            }

            if (entry is { IsTombstone: false, Resource.Retention: Retention.Cached })
            {
                // Fetched for a reader before; asked for by a node it is to stay.
                _store.ChangeRetention(entry, Retention.Kept);
            }

            return true;
        }
    }

    /// <summary>A node that was heard at the port that it named is asked from now on.</summary>
    private void NotePeer(AskedFetch request, SharedFetch fetch)
    {
        if (_autoAddPeers && fetch.HasHeard(request.Source))
        {
            _servers.AddPeer(request.Source, isClassic: false, _isSealed);
        }
    }

    /// <summary>How one way of a request ended.</summary>
    private enum AskedOutcome
    {
        /// <summary>There is nothing to do, or nothing that could be done.</summary>
        Settled,

        /// <summary>The source, or another, delivered.</summary>
        Delivered,

        /// <summary>There are bytes to fetch.</summary>
        HasBytes,

        /// <summary>Nobody delivered, which may be otherwise later.</summary>
        Silent,

        /// <summary>Nobody delivered, and that was the last try.</summary>
        SilentForGood,

        /// <summary>It did not come to it.</summary>
        NoPlace,
    }
}
