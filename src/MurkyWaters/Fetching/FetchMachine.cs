using PouringRain.Protocol;

namespace MurkyWaters.Fetching;

/// <summary>
/// The state of a fetch that readers share. It asks the servers and learns the version; rains in rounds what the readers want, until it is
/// all here; has it sealed; ends when the last reader has left, or when nobody can deliver. Pure: it is told what happened and when, in
/// whatever order that comes (Handle...), and says what is to be done (<see cref="TryPollAction"/>, asked after each of those until there
/// is nothing left) and when it wants to be told the time (<see cref="NextTimeout"/>). Not thread-safe.
/// </summary>
internal sealed partial class FetchMachine
{
    /// <summary>A round that says it is complete and brings nothing is a defect somewhere; it must not become a busy loop.</summary>
    private const int IdleRoundsMax = 3;

    private readonly FetchDoor _door;
    private readonly FetchDemand _demand = new();
    private readonly Queue<FetchAction> _actions = new();
    private readonly List<object> _unattached = [];
    private readonly TimeSpan _grace;
    private readonly bool _isVersionGiven;
    private Instant _roundBegan;
    private Instant _closeAt = Instant.Never;
    private (long Offset, long Length) _next;
    private long _heardCount;
    private int _takenBefore;
    private int _idleRounds;
    private bool _mayBeHere;
    private bool _isSealed;
    private bool _isRoundFutile;
    private bool _isKeepRefused;
    private bool _isFinished;
    private FetchEndReason _failure;

    /// <param name="door">By which readers come in.</param>
    /// <param name="isVersionGiven">Whether one version is wanted and no other.</param>
    /// <param name="grace">How long it goes on when its last reader has left.</param>
    public FetchMachine(FetchDoor door, bool isVersionGiven, TimeSpan grace)
    {
        _door = door;
        _isVersionGiven = isVersionGiven;
        _grace = grace;
    }

    public FetchPhase Phase { get; private set; }

    /// <summary>The version, once known.</summary>
    public Manifest? Manifest { get; private set; }

    /// <summary>What is here of it; null before it is known, and when it is not to be fetched.</summary>
    public IHeldBlocks? Blocks { get; private set; }

    /// <summary>As what it is to be kept, whoever reads; null when it is not.</summary>
    public Retention? Keep { get; private set; }

    /// <summary>Whether all is here that is wanted: between two rounds there is none either, and before an end that failed.</summary>
    public bool IsSatisfied { get; private set; }

    /// <summary>How it ended, once it has.</summary>
    public FetchEndReason End { get; private set; }

    /// <summary>Whether what comes is not kept, and passes through memory.</summary>
    public bool IsPassing => _demand.IsPassing;

    /// <summary>Whether somebody reads.</summary>
    public bool HasReaders => _demand.ReaderCount > 0;

    /// <summary>Whether anybody reads it.</summary>
    public bool IsRead => _demand.ReaderCount > 0;

    /// <summary>When to call <see cref="HandleTimeout"/>.</summary>
    public Instant NextTimeout => Phase >= FetchPhase.Finishing ? Instant.Never : _closeAt;

    /// <summary>Whether what it has may yet be kept.</summary>
    public bool CanKeep => !_demand.IsPassing && !_isSealed;

    /// <summary>What is to be done next; false when there is nothing.</summary>
    public bool TryPollAction(out FetchAction action) => _actions.TryDequeue(out action);

    /// <summary>It starts.</summary>
    public void HandleStart()
    {
        Phase = FetchPhase.Preparing;
        Do(FetchActionKind.Prepare);
    }

    /// <summary>What an earlier fetch has left is in order.</summary>
    /// <param name="now">The time.</param>
    /// <param name="mayBeHere">Whether an older version is here, of which the newer one may have the bytes: its manifest tells, which is
    /// asked for alone then.</param>
    public void HandlePrepared(Instant now, bool mayBeHere)
    {
        _mayBeHere = mayBeHere;
        Decide(now);
    }

    /// <summary>A reader has come in by the door, who wants a run of bytes.</summary>
    public void HandleJoined(Instant now, object reader, long offset, long length)
    {
        _heardCount++;
        _closeAt = Instant.Never;
        _demand.AddReader(reader, offset, length);
        if (Blocks is not null)
        {
            _actions.Enqueue(new FetchAction(FetchActionKind.Attach, reader));
        }
        else
        {
            _unattached.Add(reader);
        }

        GoOn(now);
    }

    /// <summary>Somebody has come in by the door who wants it kept.</summary>
    public void HandleKeep(Instant now, Retention retention)
    {
        _heardCount++;
        Keep = Keep == Retention.Kept ? Retention.Kept : retention;
        _demand.IsWholeWanted = true;
        if (!CanKeep)
        {
            RefuseKeep(now);
        }

        GoOn(now);
    }

    /// <summary>A reader stands before a block that is not here.</summary>
    /// <param name="now">The time.</param>
    /// <param name="reader">Who.</param>
    /// <param name="offset">Where.</param>
    /// <param name="count">How many bytes it wants there.</param>
    /// <param name="wireBytes">What has come in this round.</param>
    /// <param name="windowMax">More than that does not come at once.</param>
    public void HandleWaiting(Instant now, object reader, long offset, int count, long wireBytes, long windowMax)
    {
        if (Phase >= FetchPhase.Finishing)
        {
            return;
        }

        _demand.MoveTo(reader, offset, count);
        if (_demand.IsPassing)
        {
            MakePlaces();
            GoOn(now);
        }
        else if (Phase != FetchPhase.Raining || !_demand.IsOpen)
        {
            GoOn(now);
        }
        else if (_demand.TryAskUrgently(Blocks!, offset, count, BytesSoon(now, wireBytes, windowMax), out var bytes))
        {
            _actions.Enqueue(new FetchAction(FetchActionKind.Demand, null, bytes.Offset, bytes.Length, IsUrgent: true));
        }
    }

    /// <summary>A reader has left.</summary>
    public void HandleLeft(Instant now, object reader)
    {
        _unattached.Remove(reader);
        if (_demand.IsPassing && Blocks is not null && Phase < FetchPhase.Finishing)
        {
            // Whoever leaves in the middle has not got what it wanted.
            IsSatisfied = _demand.IsSatisfied(Blocks);
        }

        if (_demand.RemoveReader(reader) && _demand.ReaderCount == 0)
        {
            _closeAt = now + _grace;
            HandleTimeout(now);
        }

        if (_demand.IsPassing && Phase < FetchPhase.Finishing)
        {
            DropPassed();
            GoOn(now);
        }
    }

    /// <summary>Nobody waits for the whole any more: it ends, unless somebody reads.</summary>
    public void HandleGiveUp(Instant now)
    {
        Keep = null;
        _demand.IsWholeWanted = false;
        HandleUnwanted(now);
    }

    /// <summary>It ends at once, unless somebody reads or it is to be kept.</summary>
    public void HandleUnwanted(Instant now)
    {
        if (_demand.ReaderCount == 0 && Keep is null && _door.TryClose(_heardCount))
        {
            Close(now);
        }
    }

    /// <summary>The time that was asked for has come.</summary>
    public void HandleTimeout(Instant now)
    {
        if (now >= _closeAt)
        {
            _closeAt = Instant.Never;
            HandleUnwanted(now);
        }
    }

    /// <summary>It ends whoever reads.</summary>
    public void HandleStop(Instant now)
    {
        _door.Close();
        Close(now);
    }

    /// <summary>There is memory for a round, or there is none.</summary>
    /// <param name="now">The time.</param>
    /// <param name="isGranted">Whether there is.</param>
    /// <param name="passingMax">For how many blocks that pass through memory, at least 1, where they do.</param>
    public void HandleGrant(Instant now, bool isGranted, int passingMax = 1)
    {
        if (Phase != FetchPhase.Waiting)
        {
            return;
        }

        if (_door.IsClosed || (!isGranted && Manifest is not null))
        {
            Finish(_failure != FetchEndReason.None ? _failure : _door.IsClosed ? FetchEndReason.Cancelled : FetchEndReason.Busy);
            return;
        }

        Phase = FetchPhase.Raining;
        _roundBegan = now;
        _takenBefore = Blocks?.TakenCount ?? 0;
        _demand.Allow(passingMax);
        if (isGranted)
        {
            _demand.Begin(_next);
            _actions.Enqueue(new FetchAction(FetchActionKind.Rain, null, _next.Offset, _next.Length));
            AskMore();
        }
        else
        {
            // To ask who has it takes hardly anything; its window it gets when that is known.
            _actions.Enqueue(new FetchAction(FetchActionKind.Rain, null, _next.Offset));
        }
    }

    /// <summary>The version is known.</summary>
    /// <param name="now">The time.</param>
    /// <param name="manifest">The version.</param>
    /// <param name="blocks">What is here of it; null when it is not to be fetched: the resource is gone, or what is here is newer.</param>
    public void HandleManifest(Instant now, Manifest manifest, IHeldBlocks? blocks)
    {
        Manifest = manifest;
        Blocks = blocks;
        if (blocks is null)
        {
            _door.Close();
            return;
        }

        _demand.SetLayout(manifest.Layout);
        foreach (var reader in _unattached)
        {
            _actions.Enqueue(new FetchAction(FetchActionKind.Attach, reader));
        }

        _unattached.Clear();
        GoOn(now);
    }

    /// <summary>A round has ended.</summary>
    public void HandleRoundEnded(Instant now, FetchEndReason reason)
    {
        if (Phase is not (FetchPhase.Waiting or FetchPhase.Raining))
        {
            return;
        }

        _demand.End(Blocks);
        if (_isRoundFutile && _failure == FetchEndReason.None)
        {
            _isRoundFutile = false;
            Decide(now);
            return;
        }

        if (_failure != FetchEndReason.None || (reason != FetchEndReason.Completed && Blocks is not { IsComplete: true }))
        {
            EndRain(_failure != FetchEndReason.None ? _failure : reason);
            return;
        }

        _idleRounds = Blocks is null || Blocks.TakenCount == _takenBefore ? _idleRounds + 1 : 0;
        if (_idleRounds > IdleRoundsMax)
        {
            EndRain(FetchEndReason.Stalled);
            return;
        }

        Decide(now);
    }

    /// <summary>The servers of 2012 have been asked.</summary>
    /// <param name="now">The time.</param>
    /// <param name="end">How that ended; <see cref="FetchEndReason.Completed"/> when one of them had it.</param>
    public void HandleClassicEnded(Instant now, FetchEndReason end)
    {
        if (Phase != FetchPhase.AskingClassic)
        {
            return;
        }

        if (end == FetchEndReason.Completed && Blocks is not null)
        {
            // All of it is here, so that nothing is left but to keep it, if it is to be kept, and to wait for its readers.
            Decide(now);
        }
        else
        {
            Finish(end);
        }
    }

    /// <summary>Something has changed that a waiting fetch wakes for, and a running round is asked for.</summary>
    private void GoOn(Instant now)
    {
        switch (Phase)
        {
            case FetchPhase.Idle:
                Decide(now);
                break;
            case FetchPhase.Raining:
                AskMore();
                break;
            case FetchPhase.Finishing when _isFinished:
                GetOver();
                break;
        }
    }

    private void AskMore()
    {
        while (Blocks is not null && _demand.TryAskMore(Blocks, out var bytes))
        {
            _actions.Enqueue(new FetchAction(FetchActionKind.Demand, null, bytes.Offset, bytes.Length));
        }
    }

    /// <summary>What to do next, when nothing is under way.</summary>
    private void Decide(Instant now)
    {
        if (_demand.IsPassing)
        {
            DropPassed();
            MakePlaces();
        }

        var isMissing = _demand.TryFindNext(Blocks, out _next);
        var isComplete = Blocks is { IsComplete: true };
        if (!_demand.IsPassing || _demand.ReaderCount > 0)
        {
            IsSatisfied = Blocks is not null && (_demand.IsPassing ? _demand.IsSatisfied(Blocks) : !isMissing);
        }

        if (_door.IsClosed && (isMissing || _isSealed || !isComplete))
        {
            Finish(IsSatisfied ? FetchEndReason.Completed : FetchEndReason.Cancelled);
        }
        else if (isMissing)
        {
            if (_mayBeHere && Manifest is null)
            {
                _next.Length = 0;
            }

            Phase = FetchPhase.Waiting;
            Do(FetchActionKind.Enter);
        }
        else if (!_isSealed && isComplete)
        {
            Phase = FetchPhase.Sealing;
            Do(FetchActionKind.Seal);
        }
        else
        {
            Phase = FetchPhase.Idle;
        }
    }

    /// <summary>What a second brings at the pace so far, which is how long a reader may have to wait for those before it.</summary>
    private long BytesSoon(Instant now, long wireBytes, long windowMax) =>
        Math.Min(windowMax, (long)(wireBytes / Math.Max(1, (now - _roundBegan).TotalSeconds)));

    private void Do(FetchActionKind kind) => _actions.Enqueue(new FetchAction(kind));
}
