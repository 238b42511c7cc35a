using System.Diagnostics;
using System.Net.Sockets;
using MurkyWaters.Store;
using PouringRain.Network;
using PouringRain.Protocol;

namespace MurkyWaters.Fetching;

/// <summary>The rounds: asking, raining, waiting for what the readers want next, and the sink of the blocks.</summary>
internal sealed partial class SharedFetch : IFetchSink
{
    /// <summary>A server that has not answered for this long is silent: some dozen round trips on a long path.</summary>
    private static readonly TimeSpan AnswerWithin = TimeSpan.FromSeconds(2);

    private (long Offset, long Length) _requested;

    /// <inheritdoc/>
    public ReadOnlyMemory<ulong>? OnManifest(Manifest manifest)
    {
        ulong[] held;
        lock (_gate)
        {
            if (_manifest is null)
            {
                Volatile.Write(ref _manifest, manifest);
                var entry = _context.Store.FindEntry(Id);
                if (manifest.IsDeleted || (entry is not null && entry.Resource.Manifest.IsNewerThan(manifest)))
                {
                    // Not to be fetched: the resource is gone, or what is here is newer than all that rains.
                    _isClosed = true;
                    Wake();
                    return null;
                }

                _partial = _context.Store.HoldForFetch(Id, manifest, mustRain: _isRainOnly);
                _partial.IsExempt |= _keep == ResourceOrigin.Put;
                _partial.BlockHeld += OnBlockHeld;
                foreach (var reader in _readers)
                {
                    _context.Store.Partials.HoldAgain(_partial);
                    reader.Attach(_partial);
                }

                _found.TrySetResult(FetchOutcome.Raining);
            }

            if (_partial is null || _manifest.Version != manifest.Version)
            {
                return null;
            }

            // A round that only asks must not be asked for more.
            if (_order is null && !_isAsking)
            {
                _order = new DemandOrder(manifest.Layout);
                var (first, end) = DemandOrder.BlocksOf(manifest.Layout, _requested.Offset, _requested.Length);
                _order.Add(first, end, urgent: false);
            }

            held = _partial.CopyHeld();
        }

        // Readers who came while the manifest was not known have not been heard yet.
        ThreadPool.UnsafeQueueUserWorkItem(static fetch => fetch.IssueDemands(), this, preferLocal: false);
        return held;
    }

    /// <inheritdoc/>
    public void OnBlock(int blockIndex, ReadOnlySpan<byte> block)
    {
        var partial = _partial ?? throw new InvalidOperationException("A block came before the manifest.");
        if (partial is PartialBlob && !partial.HasBlock(blockIndex)
            && !_context.Store.TryMakeRoom(block.Length, countsForQuota: !partial.IsExempt))
        {
            throw new StoreFullException("The disk has no room for a fetched block.");
        }

        partial.Write(blockIndex, block);
    }

    /// <inheritdoc/>
    public void OnSourceEvent(FetchEvent fetchEvent)
    {
        var endpoint = _context.Servers.NameOf(fetchEvent.Peer);
        switch (fetchEvent.Kind)
        {
            case FetchEventKind.SourceLied:
                FetchLog.SourceLied(_context.Logger, endpoint, Id, Number);
                _context.Servers.NoteLie(fetchEvent.Peer);
                break;
            case FetchEventKind.SourceStale:
                FetchLog.SourceStale(_context.Logger, endpoint, Id);
                lock (_gate)
                {
                    _staleServers.Add(fetchEvent.Peer);
                }

                break;
        }
    }

    private async Task RunAsync()
    {
        using var activity = TransferActivity.Start(Number, Id);
        FetchEndReason end;
        try
        {
            foreach (var partial in _context.Store.Partials.FindAll(Id))
            {
                Prepare(partial);
            }

            end = await RainAsync();
            if (Manifest is null && end is (FetchEndReason.NotFound or FetchEndReason.Unanswered or FetchEndReason.Busy))
            {
                end = await TryClassicAsync(end);
            }
        }
        catch (Exception error)
        {
            // Whatever it is: those who wait for this fetch must not wait for ever.
            end = error is SocketException ? FetchEndReason.NoNetwork : FetchEndReason.LocalFailure;
            if (error is not SocketException)
            {
                FetchLog.TransferBroken(_context.Logger, error, Number, Id);
            }
        }

        await FinishAsync(end);
        TransferActivity.End(activity, Snapshot());
    }

    private void Prepare(PartialBlob partial)
    {
        try
        {
            partial.Prepare();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or AggregateException)
        {
            // What cannot be read is fetched again.
            FetchLog.TransferBroken(_context.Logger, error, Number, Id);
            _context.Store.Partials.Retire(partial);
        }
    }

    private async Task<FetchEndReason> RainAsync()
    {
        var isSealed = false;
        var idleRounds = 0;
        while (true)
        {
            Task wake;
            FetchRequest? request;
            var heldBefore = 0;
            lock (_gate)
            {
                request = NextRequest();
                heldBefore = _partial?.HeldCount ?? 0;
                if (_wake.Task.IsCompleted)
                {
                    _wake = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                }

                wake = _wake.Task;

                // Only then is all here that was wanted: between two rounds there is none either, and before an end that failed.
                _isIdle = request is null && _partial is not null;
                if (_isClosed && (request is not null || isSealed || _partial is not { IsComplete: true }))
                {
                    return _found.Task.IsCompleted && request is null ? FetchEndReason.Completed : FetchEndReason.Cancelled;
                }
            }

            if (request is not null)
            {
                // A round that says it is complete and brings nothing is a defect somewhere; it must not become a busy loop.
                const int idleRoundsMax = 3;
                var reason = await RunRoundAsync(request);
                if (reason != FetchEndReason.Completed && _partial is not { IsComplete: true })
                {
                    return reason;
                }

                idleRounds = _partial is null || _partial.HeldCount == heldBefore ? idleRounds + 1 : 0;
                if (idleRounds > idleRoundsMax)
                {
                    return FetchEndReason.Stalled;
                }
            }
            else if (!isSealed && _partial is { IsComplete: true })
            {
                isSealed = true;
                if (await SealAsync())
                {
                    return FetchEndReason.Completed;
                }
            }
            else
            {
                await wake;
            }
        }
    }

    /// <summary>What to ask for next; null when all that is wanted is here. Under the lock.</summary>
    private FetchRequest? NextRequest()
    {
        foreach (var (offset, length) in Wanted())
        {
            if (_manifest is null)
            {
                // Where an older version is here, the newer one may have the same bytes, which its manifest tells.
                var mayBeHere = !_isRainOnly && _context.Store.FindEntry(Id) is { IsTombstone: false };
                _requested = (offset, mayBeHere ? 0 : length);
                return RequestOf(offset, _requested.Length);
            }

            if (_partial is null)
            {
                return null;
            }

            var layout = _manifest.Layout;
            var (first, end) = DemandOrder.BlocksOf(layout, offset, length);
            while (first < end && _partial.HasBlock(first))
            {
                first++;
            }

            if (first < end)
            {
                _requested = (layout.OffsetOf(first), BytesOf(layout, (first, end)));
                _order = new DemandOrder(layout);
                _order.Add(first, end, urgent: false);
                return RequestOf(_requested.Offset, _requested.Length);
            }
        }

        return null;
    }

    private IEnumerable<(long Offset, long Length)> Wanted()
    {
        foreach (var reader in _readers)
        {
            yield return (reader.DemandOffset, reader.DemandLength);
        }

        if (_keep is not null)
        {
            yield return (0, long.MaxValue);
        }
    }

    private FetchRequest RequestOf(long offset, long length)
    {
        var servers = _context.Servers.AddressesForFetch(includeOwn: _isRainOnly);
        return new FetchRequest
        {
            Resource = Id,
            Version = _manifest?.Version ?? WantedVersion,
            Servers = _extraServer is { } extra && !_isExtraServerClassic && !servers.Contains(extra) ? [.. servers, extra] : servers,
            DemandOffset = offset,
            DemandLength = length,
        };
    }

    private async Task<FetchEndReason> RunRoundAsync(FetchRequest request)
    {
        if (request.Servers.Count == 0)
        {
            return FetchEndReason.NotFound;
        }

        using var grant = await EnterAsync();
        if (grant is null)
        {
            if (Manifest is not null)
            {
                return _closing.Task.IsCompleted ? FetchEndReason.Cancelled : FetchEndReason.Busy;
            }

            // To ask who has it takes hardly anything; its window it gets when that is known.
            request = request with { DemandLength = 0 };
            lock (_gate)
            {
                _requested = (request.DemandOffset, 0);
                _isAsking = true;
            }
        }

        var options = _context.Options with { WindowBytesMax = grant?.Bytes ?? 0 };
        var round = _context.Transport.StartFetch(request, options, this);
        bool isClosed;
        lock (_gate)
        {
            _round = round;
            _roundStarted = Stopwatch.GetTimestamp();
            isClosed = _isClosed;
        }

        if (isClosed)
        {
            round.Cancel();
        }
        else
        {
            IssueDemands();
        }

        var reason = await round.Completion;
        var snapshot = round.Snapshot;
        var lasted = Stopwatch.GetElapsedTime(_roundStarted);
        lock (_gate)
        {
            _figures.Add(snapshot);
            _times = TimesWith(round);
            _rained += lasted;
            _round = null;
            _order = null;
            _isAsking = false;
        }

        _context.Servers.Learn(snapshot.Sources, hadTime: reason == FetchEndReason.Unanswered || lasted >= AnswerWithin);
        return reason;
    }

    /// <summary>The memory for a round. One that has its version waits for it, as long as anybody waits for that; one that still has
    /// to find out what there is gets it now or not at all.</summary>
    private async Task<FetchBudget.Grant?> EnterAsync()
    {
        const int fewBlocks = 2;
        if (Manifest is not { } manifest)
        {
            return _context.Budget.TryEnter(fewBlocks * (long)_context.Store.Options.BlockSize);
        }

        using var left = new CancellationTokenSource();
        Volatile.Write(ref _isWaiting, true);
        try
        {
            var entry = _context.Budget.EnterAsync(Network, fewBlocks * (long)manifest.Layout.BlockBytes, _context.Patience, left.Token);
            if (await Task.WhenAny(entry, _closing.Task) != entry)
            {
                await left.CancelAsync();
            }

            return await entry;
        }
        finally
        {
            Volatile.Write(ref _isWaiting, false);
        }
    }

    /// <summary>The times of the rounds before and of one more. Under the lock.</summary>
    private FetchTimes TimesWith(IRainRound? round) => round?.Times is not { } more ? _times
        : new FetchTimes(_times.FirstDroplet ?? _rained + more.FirstDroplet, _times.Verifying + more.Verifying);

    /// <summary>Asks the running round for what readers want beside what it was asked for.</summary>
    private void IssueDemands()
    {
        IRainRound? round;
        ResourceLayout layout;
        List<(int First, int End)>? demands = null;
        lock (_gate)
        {
            if (_round is null || _order is null || _partial is null)
            {
                return;
            }

            round = _round;
            layout = _partial.Manifest.Layout;
            foreach (var (offset, length) in Wanted())
            {
                var (first, end) = DemandOrder.BlocksOf(layout, offset, length);
                if (!_order.Covers(first, end, _partial))
                {
                    _order.Add(first, end, urgent: false);
                    (demands ??= []).Add((first, end));
                }
            }
        }

        foreach (var blocks in demands ?? [])
        {
            round.Demand(layout.OffsetOf(blocks.First), BytesOf(layout, blocks), urgent: false);
        }
    }

    private void OnBlockHeld(int blockIndex)
    {
        TaskCompletionSource? waiter;
        lock (_gate)
        {
            _waiters.Remove(blockIndex, out waiter);
        }

        waiter?.TrySetResult();
    }
}
