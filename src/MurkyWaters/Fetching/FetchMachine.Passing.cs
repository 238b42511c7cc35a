using PouringRain.Protocol;

namespace MurkyWaters.Fetching;

/// <summary>A fetch that the disk does not take: its blocks pass through memory to its readers.</summary>
internal sealed partial class FetchMachine
{
    /// <summary>A reader is at an offset, of a fetch whose blocks pass through memory.</summary>
    public void HandlePassed(Instant now, object reader, long offset)
    {
        if (_demand.IsPassing && Phase < FetchPhase.Finishing)
        {
            _demand.Pass(reader, offset);
            DropPassed();
            GoOn(now);
        }
    }

    /// <summary>The disk takes no more. What comes from now on passes through memory to those who read, and is not kept.</summary>
    public void HandleNoRoom(Instant now)
    {
        if (_demand.IsPassing || Phase >= FetchPhase.Finishing)
        {
            return;
        }

        _demand.BeginPassing();
        if (Phase == FetchPhase.Raining)
        {
            // It was asked for more than memory holds. Another one begins where the readers are.
            _isRoundFutile = true;
            Do(FetchActionKind.CancelRound);
        }

        if (Keep is not null)
        {
            RefuseKeep(now);
        }
    }

    /// <summary>It is to be kept and cannot be: it goes on for its readers alone, and when there are none it ends.</summary>
    private void RefuseKeep(Instant now)
    {
        Keep = null;
        _demand.IsWholeWanted = false;
        _isKeepRefused = true;
        if (_demand.ReaderCount == 0 && _closeAt == Instant.Never)
        {
            HandleUnwanted(now);
        }
    }

    private void DropPassed()
    {
        while (Blocks is not null && _demand.TryDrop(Blocks, out var block))
        {
            _actions.Enqueue(new FetchAction(FetchActionKind.Drop, null, block));
        }
    }

    private void MakePlaces()
    {
        if (Blocks is not null && _demand.TryMakePlace(Blocks, out var block))
        {
            _actions.Enqueue(new FetchAction(FetchActionKind.Drop, null, block));
        }
    }
}
