using System.Diagnostics;
using PouringRain.Protocol;

namespace MurkyWaters.Fetching;

/// <summary>How a fetch ends: sealed, failed, or wanted by nobody.</summary>
internal sealed partial class FetchMachine
{
    /// <summary>The store has taken it in, or is not to.</summary>
    /// <param name="now">The time.</param>
    /// <param name="isHere">Whether nobody needs to be led to this fetch any more.</param>
    public void HandleSealed(Instant now, bool isHere)
    {
        if (Phase != FetchPhase.Sealing)
        {
            return;
        }

        _isSealed = true;
        if (!isHere)
        {
            if (Keep is not null)
            {
                RefuseKeep(now);
            }

            Decide(now);
        }
        else if (_door.TryClose(_heardCount) || _door.IsClosed)
        {
            Finish(FetchEndReason.Completed);
        }
        else
        {
            // Somebody has just come in, who may want it kept in another way. What is here already is sealed in no time.
            _isSealed = false;
            Phase = FetchPhase.Idle;
        }
    }

    /// <summary>Something failed here, as it must not: those who wait for this fetch must not wait for ever.</summary>
    public void HandleFailure(Instant now, FetchEndReason reason)
    {
        _failure = _failure == FetchEndReason.None ? reason : _failure;
        _door.Close();
        if (Phase is FetchPhase.Waiting or FetchPhase.Raining or FetchPhase.AskingClassic)
        {
            // What runs is ended first: until then it may bring something.
            Close(now);
        }
        else if (Phase < FetchPhase.Finishing)
        {
            Finish(reason);
        }
    }

    /// <summary>It is known what to tell those who have no blocks.</summary>
    /// <param name="end">How it ended.</param>
    public void HandleFinished(FetchEndReason end)
    {
        if (Phase == FetchPhase.Finishing && !_isFinished)
        {
            _isFinished = true;
            End = end;
            GetOver();
        }
    }

    /// <summary>The door is closed: what runs is ended.</summary>
    private void Close(Instant now)
    {
        switch (Phase)
        {
            case FetchPhase.Idle:
                Decide(now);
                break;
            case FetchPhase.Waiting:
                Do(FetchActionKind.LeaveLine);
                break;
            case FetchPhase.Raining:
                Do(FetchActionKind.CancelRound);
                break;
            case FetchPhase.AskingClassic:
                Do(FetchActionKind.CancelClassic);
                break;
        }
    }

    private void EndRain(FetchEndReason reason)
    {
        if (Manifest is null && !_isVersionGiven && !_door.IsClosed
            && reason is FetchEndReason.NotFound or FetchEndReason.Unanswered or FetchEndReason.Busy)
        {
            Phase = FetchPhase.AskingClassic;
            _actions.Enqueue(new FetchAction(FetchActionKind.AskClassic, End: reason));
        }
        else
        {
            Finish(reason);
        }
    }

    private void Finish(FetchEndReason reason)
    {
        if (_isKeepRefused && reason is FetchEndReason.Completed or FetchEndReason.Cancelled)
        {
            // Whoever reads has got it; who wanted it kept has not.
            reason = FetchEndReason.LocalFailure;
        }

        _door.Close();
        Phase = FetchPhase.Finishing;
        _actions.Enqueue(new FetchAction(FetchActionKind.Finish, End: reason));
    }

    /// <summary>Ends it once all have been heard of who came in by the door.</summary>
    private void GetOver()
    {
        Debug.Assert(_door.IsClosed, "It cannot be joined any more.");
        if (_heardCount < _door.EntryCount)
        {
            return;
        }

        Phase = FetchPhase.Over;
        Do(FetchActionKind.Withdraw);
        foreach (var reader in _unattached)
        {
            _actions.Enqueue(new FetchAction(FetchActionKind.Refuse, reader));
        }

        _unattached.Clear();
        Do(FetchActionKind.Release);
    }
}
