using System.Diagnostics;
using MurkyWaters.Store;
using PouringRain.Network;
using PouringRain.Protocol;

namespace MurkyWaters.Fetching;

/// <summary>
/// One transfer of one resource, however many readers wait for it. Its life:
/// <list type="number">
/// <item>it asks the servers, and learns the manifest (<see cref="OnManifest"/>): from here on it is one version;</item>
/// <item>it rains in rounds: what the readers demand, until it is all here; a round ends, and another begins when a reader wants
/// more;</item>
/// <item>verified blocks go to a <see cref="PartialBlob"/> (or are compared with what is here, <see cref="CheckedBlob"/>), from which every reader
/// reads at its own speed;</item>
/// <item>when the version is whole it is sealed into the store; when the last reader has left it ends, and what it has is kept for the
/// next fetch.</item>
/// </list>
/// Thread-safe. Lock order: this, then the partials, then nothing.
/// </summary>
internal sealed partial class SharedFetch
{
    private readonly FetchContext _context;
    private readonly Action<SharedFetch> _onEnded;
    private readonly bool _isRainOnly;
    private readonly PeerAddress? _extraServer;
    private readonly bool _isExtraServerClassic;
    private readonly Lock _gate = new();
    private readonly TaskCompletionSource<FetchOutcome> _found = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<FetchReader> _readers = [];
    private readonly Dictionary<int, TaskCompletionSource> _waiters = [];
    private readonly HashSet<PeerAddress> _staleServers = [];
    private readonly TransferFigures _figures = new();
    private readonly TaskCompletionSource _closing = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource _wake = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Manifest? _manifest;
    private VerifiedBlocks? _partial;
    private DemandOrder? _order;
    private IRainRound? _round;
    private ResourceOrigin? _keep;
    private string? _verdict;
    private bool _isClosed;
    private bool _isWaiting;
    private bool _isAsking;
    private bool _isIdle;
    private bool _isOver;
    private FetchEndReason _end;
    private long _idleEpoch;
    private long _roundStarted;
    private TimeSpan _rained;
    private FetchTimes _times;

    /// <summary>Makes a fetch; <see cref="Start"/> starts it.</summary>
    /// <param name="context">What it works with.</param>
    /// <param name="number">Its number in the table of transfers.</param>
    /// <param name="id">The resource.</param>
    /// <param name="wantedVersion">The version, or null for the newest.</param>
    /// <param name="isRainOnly">Whether this node's own listeners are asked too: it may well be here.</param>
    /// <param name="extraServer">A server to ask beside those listed.</param>
    /// <param name="isExtraServerClassic">Whether that one speaks format 1 alone.</param>
    /// <param name="network">For whom, by which the places of fetches are shared.</param>
    /// <param name="onEnded">Called when it is over.</param>
    public SharedFetch(
        FetchContext context, long number, ResourceId id, Sha256Digest? wantedVersion, bool isRainOnly, PeerAddress? extraServer, bool isExtraServerClassic,
        UInt128 network, Action<SharedFetch> onEnded)
    {
        _context = context;
        Number = number;
        Id = id;
        WantedVersion = wantedVersion;
        _isRainOnly = isRainOnly;
        _extraServer = extraServer;
        _isExtraServerClassic = isExtraServerClassic;
        Network = network;
        _onEnded = onEnded;
    }

    public long Number { get; }

    public ResourceId Id { get; }

    /// <summary>Of whom asked first.</summary>
    public UInt128 Network { get; }

    public Sha256Digest? WantedVersion { get; }

    /// <summary>Ends when the fetch has, in no exception.</summary>
    public Task Completion { get; private set; } = Task.CompletedTask;

    /// <summary>Whether it is asking, raining or waiting for memory, and not just lingering for its readers.</summary>
    public bool IsActive
    {
        get
        {
            lock (_gate)
            {
                return !_isOver && (_manifest is null || _round is not null || _isWaiting);
            }
        }
    }

    /// <summary>The version, once known.</summary>
    public Manifest? Manifest => Volatile.Read(ref _manifest);

    public void Start() => Completion = Task.Run(RunAsync);

    /// <summary>Adds a reader; null when the fetch is about to end.</summary>
    public FetchReader? TryJoin(long demandOffset, long demandLength)
    {
        var reader = new FetchReader(this, demandOffset, demandLength);
        lock (_gate)
        {
            if (_isClosed)
            {
                return null;
            }

            _readers.Add(reader);
            _idleEpoch++;
            if (_partial is not null)
            {
                _context.Store.Partials.HoldAgain(_partial);
                reader.Attach(_partial);
            }

            Wake();
        }

        IssueDemands();
        return reader;
    }

    /// <summary>Makes it fetch the whole, without a reader, to be kept; false when it is about to end.</summary>
    public bool TryKeep(ResourceOrigin origin)
    {
        lock (_gate)
        {
            if (_isClosed)
            {
                return false;
            }

            _keep = _keep == ResourceOrigin.Put ? ResourceOrigin.Put : origin;
            if (_partial is not null)
            {
                _partial.IsExempt |= origin == ResourceOrigin.Put;
            }

            Wake();
        }

        IssueDemands();
        return true;
    }

    /// <summary>Nobody waits for the whole any more: it ends, unless somebody reads.</summary>
    public void GiveUp()
    {
        lock (_gate)
        {
            _keep = null;
        }

        EndUnlessWanted();
    }

    /// <summary>Ends it at once, unless somebody reads or it is to be kept.</summary>
    public void EndUnlessWanted()
    {
        IRainRound? round;
        lock (_gate)
        {
            if (_isClosed || _readers.Count > 0 || _keep is not null)
            {
                return;
            }

            _isClosed = true;
            round = _round;
            _ = _classicAsking?.CancelAsync();
            Wake();
        }

        round?.Cancel();
    }

    /// <summary>How it ended, once <see cref="Completion"/> has.</summary>
    public FetchEndReason End
    {
        get
        {
            lock (_gate)
            {
                return _end;
            }
        }
    }

    /// <summary>Bytes of distinct symbols that have arrived so far.</summary>
    public long ArrivedBytes
    {
        get
        {
            lock (_gate)
            {
                return _figures.With(_round?.Snapshot).DropletsReceived * (long)(_manifest?.Layout.SymbolSize ?? 0);
            }
        }
    }

    /// <summary>Whether a server was heard in this fetch.</summary>
    public bool HasHeard(PeerAddress server)
    {
        lock (_gate)
        {
            return _figures.With(_round?.Snapshot).Sources.Any(source => source.Peer == server && source.LastHeard is not null);
        }
    }

    /// <summary>Waits until the version is known, or that there is none.</summary>
    public async Task<OpenResult> OpenAsync(FetchReader reader, CancellationToken cancellationToken)
    {
        var isHandedOut = false;
        try
        {
            var outcome = await _found.Task.WaitAsync(cancellationToken);
            if (outcome.Status == OpenStatus.Found && outcome.Stored is null)
            {
                isHandedOut = true;
                return new OpenResult(OpenStatus.Found, reader, Reports());
            }

            for (var entry = outcome.Stored; entry is not null && !entry.IsTombstone; entry = _context.Store.FindEntry(Id))
            {
                if (StoredReader.TryOpen(_context.Store, entry) is { } stored)
                {
                    return new OpenResult(OpenStatus.Found, stored, Reports());
                }
            }

            return new OpenResult(outcome.Stored is null ? outcome.Status : OpenStatus.Deleted, null, Reports());
        }
        finally
        {
            if (!isHandedOut)
            {
                await reader.DisposeAsync();
            }
        }
    }

    /// <summary>A reader lets go.</summary>
    public void Leave(FetchReader reader, VerifiedBlocks? heldPartial)
    {
        lock (_gate)
        {
            if (_readers.Remove(reader) && _readers.Count == 0)
            {
                _idleEpoch++;
                _ = CloseWhenIdleAsync(_idleEpoch);
            }
        }

        if (heldPartial is not null)
        {
            _context.Store.Partials.Release(heldPartial);
        }
    }

    /// <summary>Ends it now, whoever reads: the node stops.</summary>
    public void Stop()
    {
        IRainRound? round;
        lock (_gate)
        {
            _isClosed = true;
            _closing.TrySetResult();
            round = _round;
            _ = _classicAsking?.CancelAsync();
            Wake();
        }

        round?.Cancel();
    }

    /// <summary>Waits until the block at an offset is held.</summary>
    /// <exception cref="FetchFailedException">It never will be.</exception>
    public async ValueTask WaitForBlockAsync(FetchReader reader, long offset, int count, CancellationToken cancellationToken)
    {
        var layout = reader.Manifest.Layout;
        var block = layout.BlockAt(offset);
        while (true)
        {
            IRainRound? round = null;
            (int First, int End) urgent = default;
            Task wait;
            lock (_gate)
            {
                if (_partial!.HasBlock(block))
                {
                    return;
                }

                if (_isOver)
                {
                    throw new FetchFailedException(_end, Reports(), _context.Store.Files.Health.Trouble);
                }

                if (offset < reader.DemandOffset || offset - reader.DemandOffset >= reader.DemandLength)
                {
                    (reader.DemandOffset, reader.DemandLength) = (offset, count);
                }

                if (_round is null || _order is null)
                {
                    Wake();
                }
                else if (FindUrgent(reader, DemandOrder.BlocksOf(layout, offset, count)) is { } found)
                {
                    urgent = reader.Urgent = found;
                    _order.Add(found.First, found.End, urgent: true);
                    round = _round;
                }

                if (!_waiters.TryGetValue(block, out var waiter))
                {
                    _waiters[block] = waiter = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                }

                wait = waiter.Task;
            }

            round?.Demand(layout.OffsetOf(urgent.First), BytesOf(layout, urgent), urgent: true);
            await wait.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Where its time went, up to now; idle time between rounds is not counted.</summary>
    public FetchTimes Times
    {
        get
        {
            lock (_gate)
            {
                return TimesWith(_round);
            }
        }
    }

    /// <summary>Its figures now.</summary>
    public TransferSnapshot Snapshot()
    {
        lock (_gate)
        {
            var figures = _figures.With(_round?.Snapshot);
            var isOver = _isOver || _round is null;
            var elapsed = _rained + (_round is null ? TimeSpan.Zero : Stopwatch.GetElapsedTime(_roundStarted));
            return new TransferSnapshot
            {
                Id = Number,
                Resource = Id,
                FileName = _manifest?.FileName,
                State = StateName(),
                Length = _manifest?.Layout.Length,
                ReceivedBytes = _partial?.HeldBytes ?? 0,
                DecodedBlocks = _partial?.HeldCount ?? 0,
                Blocks = _manifest?.Layout.BlockCount ?? 0,
                BlockMap = _partial is null ? null : BlockRuns.Of(_partial.CopyHeld(), _partial.Manifest.Layout.BlockCount),
                SymbolsNeeded = figures.SymbolsNeeded,
                DropletsReceived = figures.DropletsReceived,
                Overhead = figures.Overhead,
                ElapsedMs = elapsed.TotalMilliseconds,
                Verdict = _verdict ?? Verdict.Of(figures, _end, elapsed, isOver),
                Sources = [.. figures.Sources.Select(source => new TransferSource(
                    _context.Servers.NameOf(source.Peer),
                    StateNames.Of(source.State, isOver),
                    source.Droplets,
                    source.Bytes,
                    source.Lost,
                    TransferFigures.RoundTripMsOf(source),
                    TransferFigures.RateOf(source, elapsed, isOver)))],
            };
        }
    }

    /// <summary>Takes a sample of the running round: what bounds it, and for the table of servers what it has seen so far.</summary>
    public void Sample()
    {
        FetchSnapshot snapshot;
        lock (_gate)
        {
            if (_round is null)
            {
                return;
            }

            snapshot = _round.Snapshot;
            _figures.Sample(snapshot.Bound);
        }

        _context.Servers.Learn(snapshot.Sources, hadTime: false);
    }

    private static long BytesOf(ResourceLayout layout, (int First, int End) blocks) =>
        layout.OffsetOf(blocks.End - 1) + layout.BytesOf(blocks.End - 1) - layout.OffsetOf(blocks.First);

    /// <summary>The blocks that a waiting reader needs before others get theirs: those that nobody has asked for, and those that were
    /// asked for so long after others that they are not coming soon. A few at a time, so that several readers at several places
    /// take turns.</summary>
    private (int First, int End)? FindUrgent(FetchReader reader, (int First, int End) blocks)
    {
        const int urgentBlockCount = 8;
        var block = blocks.First;
        if (!_order!.Covers(blocks.First, blocks.End, _partial!))
        {
            return blocks;
        }

        if ((reader.Urgent.First <= block && block < reader.Urgent.End) || _order.IsNear(block, BytesSoon(), _partial!))
        {
            return null;
        }

        return (block, Math.Min(block + urgentBlockCount, _partial!.Manifest.Layout.BlockCount));
    }

    /// <summary>What a second brings at the pace so far, which is how long a reader may have to wait for those before it.</summary>
    private long BytesSoon()
    {
        var seconds = Math.Max(1, Stopwatch.GetElapsedTime(_roundStarted).TotalSeconds);
        return Math.Min(_context.Options.WindowBytesMax, (long)(_round!.Snapshot.WireBytes / seconds));
    }

    private string StateName()
    {
        return _manifest is { IsDeleted: true } ? StateNames.Deleted
            : _isOver ? StateNames.Of(_end)
            : _manifest is null ? "discovering"
            : _isIdle || _partial is { IsComplete: true } ? "completed"
            : "raining";
    }

    private SourceReport[] Reports()
    {
        lock (_gate)
        {
            return [.. _figures.With(_round?.Snapshot).Sources.Select(source => new SourceReport(
                _context.Servers.NameOf(source.Peer),
                StateNames.Of(source.State),
                source.Droplets,
                TransferFigures.LossOf(source),
                TransferFigures.RoundTripMsOf(source),
                WallClock.Of(source.LastHeard) ?? _context.Servers.LastSeenOf(source.Peer)))];
        }
    }

    /// <summary>Under the lock.</summary>
    private void Wake() => _wake.TrySetResult();

    private async Task CloseWhenIdleAsync(long epoch)
    {
        if (_context.Grace > TimeSpan.Zero)
        {
            await Task.Delay(_context.Grace);
        }

        IRainRound? round;
        lock (_gate)
        {
            if (_idleEpoch != epoch || _readers.Count > 0 || _keep is not null || _isClosed)
            {
                return;
            }

            _isClosed = true;
            _closing.TrySetResult();
            round = _round;
            _ = _classicAsking?.CancelAsync();
            Wake();
        }

        round?.Cancel();
    }
}
