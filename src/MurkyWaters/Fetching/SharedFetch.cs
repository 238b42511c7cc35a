using MurkyWaters.Store;
using PouringRain.Network;
using PouringRain.Protocol;

namespace MurkyWaters.Fetching;

/// <summary>
/// One transfer of one resource, however many readers wait for it. What it does and when, <see cref="FetchMachine"/> decides; this is what
/// gets it done. Its life:
/// <list type="number">
/// <item>it asks the servers, and learns the manifest (<see cref="FetchSink"/>): from here on it is one version;</item>
/// <item>it rains in rounds (SharedFetch.Rounds.cs): what the readers demand, until it is all here; a round ends, and another begins when a
/// reader wants more;</item>
/// <item>verified blocks go to a <see cref="PartialBlob"/> (or are compared with what is here, <see cref="CheckedBlob"/>), from which every
/// reader reads at its own speed (<see cref="FetchReader"/>, <see cref="BlockWaiters"/>);</item>
/// <item>when the version is whole it is sealed into the store (<see cref="FetchKeeping"/>); when the last reader has left it ends, and
/// what it has is kept for the next fetch (SharedFetch.Ending.cs).</item>
/// </list>
/// Thread-safe: what happens is a message in the mailbox, taken in order by one thread at a time; what others read is <see cref="View"/>.
/// </summary>
internal sealed partial class SharedFetch
{
    private readonly FetchContext _context;
    private readonly PeerAddress? _extraServer;
    private readonly bool _isExtraServerClassic;
    private readonly Action<SharedFetch> _onEnded;
    private readonly FetchDoor _door = new();
    private readonly BlockWaiters _waiters = new();
    private readonly Mailbox<SharedFetch> _mailbox;
    private readonly FetchMachine _machine;
    private readonly FetchKeeping _keeping;
    private FetchView _view = new();
    private ITimer? _timer;
    private Instant _timerAt = Instant.Never;

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
        FetchContext context, long number, ResourceId id, Sha256Digest? wantedVersion, bool isRainOnly, PeerAddress? extraServer,
        bool isExtraServerClassic,
        Bits128 network, Action<SharedFetch> onEnded)
    {
        _context = context;
        Number = number;
        Id = id;
        WantedVersion = wantedVersion;
        IsRainOnly = isRainOnly;
        _extraServer = extraServer;
        _isExtraServerClassic = isExtraServerClassic;
        Network = network;
        _onEnded = onEnded;
        _machine = new FetchMachine(_door, wantedVersion is not null, context.Grace);
        _keeping = new FetchKeeping(context, this);
        _ceiling = context.RepairCeiling?.Join();
        _mailbox = new Mailbox<SharedFetch>(this, static fetch => fetch.Act(), static (fetch, error) => fetch.Break(error));
    }

    public long Number { get; }

    public ResourceId Id { get; }

    /// <summary>Of whom asked first.</summary>
    public Bits128 Network { get; }

    public Sha256Digest? WantedVersion { get; }

    public bool IsRainOnly { get; }

    /// <summary>Whom it asks, and nobody else; null for all that are known.</summary>
    public IReadOnlyList<PeerAddress>? Sources { get; init; }

    /// <summary>What it is held to in place of the ceiling of repair, as long as nobody reads it; null for none.</summary>
    public FetchCeiling? Pace
    {
        init => (_ceiling, _isPaced) = value is null ? (_ceiling, false) : (value.Join(), true);
    }

    /// <summary>Ends when the fetch has, in no exception.</summary>
    public Task Completion => _completion.Task;

    /// <summary>What is to be seen of it now.</summary>
    public FetchView View => Volatile.Read(ref _view);

    /// <inheritdoc cref="FetchView.IsActive"/>
    public bool IsActive => View.IsActive;

    /// <summary>The version, once known.</summary>
    public Manifest? Manifest => View.Manifest;

    /// <summary>As what it is to be kept, whoever reads; null when it is not.</summary>
    public Retention? KeptAs => View.Keep;

    /// <summary>How it ended, once <see cref="Completion"/> has.</summary>
    public FetchEndReason End => View.End;

    /// <summary>Bytes of distinct symbols that have arrived so far, and of the object store.</summary>
    public long ArrivedBytes => View is var view
        ? (view.FiguresNow.DropletsReceived * (long)(view.Manifest?.Layout.SymbolSize ?? 0)) + view.StoreBytesNow
        : 0;

    /// <inheritdoc cref="FetchView.Times"/>
    public FetchTimes Times => View.Times;

    private FetchBlocks? Blocks => (FetchBlocks?)_machine.Blocks;

    private Instant Now => _context.Time.GetInstant();

    private bool IsObjectStoreAway => _context.Objects is { Health.Trouble: not null };

    public void Start()
    {
        _activity = TransferActivity.Start(Number, Id);
        _mailbox.Post(static (fetch, _, _, _) => fetch._machine.HandleStart());
    }

    /// <summary>Adds a reader; null when the fetch is about to end.</summary>
    public FetchReader? TryJoin(long demandOffset, long demandLength)
    {
        if (!_door.TryEnter())
        {
            return null;
        }

        var reader = new FetchReader(this);
        _mailbox.Post(
            static (fetch, reader, offset, length) =>
                fetch._machine.HandleJoined(fetch.Now, reader!, offset, length), reader, demandOffset, demandLength);
        return reader;
    }

    /// <summary>Makes it fetch the whole, without a reader, to be kept; false when it is about to end, or has given up keeping.</summary>
    /// <param name="retention">As what.</param>
    /// <param name="isMending">Whether that has time.</param>
    public bool TryKeep(Retention retention, bool isMending = false)
    {
        if (!View.CanKeep || !_door.TryEnter())
        {
            return false;
        }

        _mailbox.Post(
            static (fetch, _, retention, isMending) =>
            {
                fetch._isMending = isMending != 0 && (fetch._isMending || fetch._machine.Keep is null);
                fetch._machine.HandleKeep(fetch.Now, (Retention)retention);
            },
            null, (long)retention, isMending ? 1 : 0);
        return true;
    }

    /// <summary>Nobody waits for the whole any more: it ends, unless somebody reads.</summary>
    public void GiveUp() => _mailbox.Post(static (fetch, _, _, _) => fetch._machine.HandleGiveUp(fetch.Now));

    /// <summary>Ends it at once, unless somebody reads or it is to be kept.</summary>
    public void EndUnlessWanted() => _mailbox.Post(static (fetch, _, _, _) => fetch._machine.HandleUnwanted(fetch.Now));

    /// <summary>A reader lets go.</summary>
    public void Leave(FetchReader reader) =>
        _mailbox.Post(static (fetch, reader, _, _) => fetch._machine.HandleLeft(fetch.Now, reader!), reader);

    /// <summary>A reader is at an offset, of blocks that pass through memory.</summary>
    public void NotePassed(FetchReader reader, long offset) =>
        _mailbox.Post(static (fetch, reader, offset, _) => fetch._machine.HandlePassed(fetch.Now, reader!, offset), reader, offset);

    /// <summary>Ends it now, whoever reads: the node stops.</summary>
    public void Stop()
    {
        _door.Close();
        _mailbox.Post(static (fetch, _, _, _) => fetch._machine.HandleStop(fetch.Now));
    }

    /// <summary>Whether it asks a server of 2012 that is in no list.</summary>
    public bool AsksClassic(PeerAddress server) => _isExtraServerClassic && _extraServer == server;

    /// <summary>Whether a server was heard in this fetch.</summary>
    public bool HasHeard(PeerAddress server) =>
        View.FiguresNow.Sources.Any(source => source.Peer == server && source.LastHeard is not null);

    /// <summary>Waits until the version is known, or that there is none.</summary>
    public async Task<OpenResult> OpenAsync(FetchReader reader, CancellationToken cancellationToken)
    {
        var isHandedOut = false;
        try
        {
            var outcome = await reader.Opened.WaitAsync(cancellationToken);
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

            return new OpenResult(outcome.Stored is null ? outcome.Status : OpenStatus.Deleted, null, Reports())
            {
                IsObjectStoreAway = IsObjectStoreAway,
            };
        }
        finally
        {
            if (!isHandedOut)
            {
                await reader.DisposeAsync();
            }
        }
    }

    /// <summary>Waits until the block at an offset is here.</summary>
    /// <exception cref="FetchFailedException">It never will be.</exception>
    public async ValueTask WaitForBlockAsync(
        FetchReader reader, FetchBlocks blocks, long offset, int count, CancellationToken cancellationToken)
    {
        var block = blocks.Layout.BlockAt(offset);
        while (_waiters.Find(blocks, block, out var isOver) is var wait)
        {
            if (isOver)
            {
                throw new FetchFailedException(End, Reports(), _context.Store.Files.Health.Trouble)
                {
                    IsObjectStoreAway = IsObjectStoreAway,
                };
            }

            if (wait is null)
            {
                return;
            }

            _mailbox.Post(
                static (fetch, reader, offset, count) => fetch._machine.HandleWaiting(
                    fetch.Now, reader!, offset, (int)count, fetch._view.Round?.Snapshot.WireBytes ?? 0,
                    fetch._context.Options.WindowBytesMax),
                reader, offset, count);
            await wait.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Its figures now.</summary>
    public TransferSnapshot Snapshot() => View.ToSnapshot(Number, Id, Now, _context.Servers.NameOf, _gifts);

    /// <summary>Takes a sample of the running round: what bounds it, and for the table of servers what it has seen so far.</summary>
    public void Sample()
    {
        if (View.Round?.Snapshot is { } snapshot)
        {
            _mailbox.Post(
                static (fetch, _, bound, _) => fetch.Publish(
                    fetch._view with { Figures = fetch._view.Figures.WithSample((FetchBound)bound) }),
                null, (long)snapshot.Bound);
            _context.Servers.Learn(snapshot.Sources, hadTime: false);
        }
    }

    private SourceReport[] Reports() =>
        [.. View.FiguresNow.Sources.Select(source => new SourceReport(
            _context.Servers.NameOf(source.Peer),
            StateNames.Of(source.State),
            source.Droplets,
            TransferFigures.LossOf(source),
            TransferFigures.RoundTripMsOf(source),
            _context.Time.TimeOfDay(source.LastHeard) ?? _context.Servers.LastSeenOf(source.Peer)))];

    private void Publish(FetchView view) => Volatile.Write(ref _view, view);

    /// <summary>After each message: what others see, then what is to be done, then the timer.</summary>
    private void Act()
    {
        PublishState();
        while (_machine.TryPollAction(out var action))
        {
            Do(action);
            PublishState();
        }

        if (_machine.NextTimeout != _timerAt)
        {
            _timerAt = _machine.NextTimeout;
            var due = _timerAt == Instant.Never ? Timeout.InfiniteTimeSpan
                : _timerAt - Now is var left && left > TimeSpan.Zero ? left
                : TimeSpan.Zero;
            _timer ??= _context.Time.CreateTimer(
                static fetch => ((SharedFetch)fetch!)._mailbox.Post(static (fetch, _, _, _) => fetch.Tick()), this,
                Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            _timer.Change(due, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>The timer has gone off, which is not exact: it may be set once more.</summary>
    private void Tick()
    {
        _timerAt = Instant.Never;
        _machine.HandleTimeout(Now);
    }

    private void PublishState()
    {
        HoldBack();
        var view = _view;
        if (view.Phase != _machine.Phase || view.IsSatisfied != _machine.IsSatisfied || view.CanKeep != _machine.CanKeep
            || view.Keep != _machine.Keep || view.Manifest != _machine.Manifest)
        {
            if (_machine.Keep == Retention.Kept && _lease is not null)
            {
                _lease.Blocks.IsExempt = true;
            }

            Publish(view with
            {
                Phase = _machine.Phase,
                IsSatisfied = _machine.IsSatisfied,
                CanKeep = _machine.CanKeep,
                Keep = _machine.Keep,
                Manifest = _machine.Manifest,
                Blocks = Blocks,
                End = _machine.Manifest is { IsDeleted: true } && _machine.Phase == FetchPhase.Over
                    ? FetchEndReason.NotFound
                    : _machine.End,
            });
        }
    }

    private void Do(FetchAction action)
    {
        switch (action.Kind)
        {
            case FetchActionKind.Prepare:
                Prepare();
                break;
            case FetchActionKind.Enter:
                _ = EnterAsync();
                break;
            case FetchActionKind.LeaveLine:
                _leaveLine?.Invoke();
                break;
            case FetchActionKind.Rain:
                _ = RainAsync(action.Offset, action.Length);
                break;
            case FetchActionKind.Demand:
                _view.Round?.Demand(action.Offset, action.Length, action.IsUrgent);
                break;
            case FetchActionKind.Drop:
                Blocks!.Drop((int)action.Offset);
                break;
            case FetchActionKind.CancelRound:
                _view.Round?.Cancel();
                break;
            case FetchActionKind.AskClassic:
                _ = AskClassicAsync(action.End);
                break;
            case FetchActionKind.CancelClassic:
                _cancelClassic?.Invoke();
                break;
            case FetchActionKind.Seal:
                _ = SealAsync();
                break;
            case FetchActionKind.Attach:
                Attach((FetchReader)action.Reader!);
                break;
            case FetchActionKind.Finish:
                _ = FinishAsync(action.End);
                break;
            case FetchActionKind.Withdraw:
                Withdraw();
                break;
            case FetchActionKind.Refuse:
                ((FetchReader)action.Reader!).Refuse(_outcome ?? FetchOutcome.LocalFailure);
                break;
            case FetchActionKind.Release:
                Release();
                break;
        }
    }

    private void Attach(FetchReader reader)
    {
        try
        {
            reader.Attach(_lease!.Again(), Blocks!);
        }
        catch
        {
            reader.Refuse(FetchOutcome.LocalFailure);
            throw;
        }
    }

    /// <summary>A message failed, as none may: it ends, and nobody waits for ever.</summary>
    private void Break(Exception error)
    {
        FetchLog.TransferBroken(_context.Logger, error, Number, Id);
        try
        {
            _machine.HandleFailure(Now, FetchEndReason.LocalFailure);
            Act();
        }
        catch (Exception again)
        {
            FetchLog.TransferBroken(_context.Logger, again, Number, Id);
            LetGoOfCeiling();
        }
    }
}
