namespace PouringRain.Protocol;

/// <content>
/// Who rains wrong bytes? A block of several sources whose hash is wrong does not say. From then on each block is collected from one
/// source alone, in turn, until one fails alone: it lied if another source alone gives the same block right, or if it fails alone
/// twice (one datagram damaged on the way must not condemn an honest source). When every source has given a block alone, or a liar
/// is dropped, blocks are shared again.
/// </content>
public sealed partial class Fetch
{
    private const int SoloSuccessesToTrust = 2;
    private bool _isDoubting;
    private int _soloTurn;

    private void OnWrong(Instant now, CollectingBlock block)
    {
        var suspect = block.Solo ?? (block.Contributors.Count == 1 ? block.Contributors[0] : null);
        if (suspect is null)
        {
            if (!_isDoubting)
            {
                _isDoubting = true;
                _paths.ForEach(path => path.SoloSuccesses = 0);
            }
        }
        else
        {
            suspect.SoloFailures++;
            block.SoloFailures.Add(suspect);
            if (suspect.SoloFailures >= 2)
            {
                Condemn(now, suspect);
                if (HasEnded || FindOpen(block.BlockNumber) != block)
                {
                    return;
                }
            }
        }

        WithdrawBlock(block);
        Restart(block);
        block.Solo = NextSolo(block);
        HurryAll(now);
    }

    private void OnVerified(Instant now, CollectingBlock block)
    {
        var teller = block.Solo ?? (block.Contributors.Count == 1 ? block.Contributors[0] : null);
        if (teller is null)
        {
            return;
        }

        teller.SoloSuccesses++;
        foreach (var failed in block.SoloFailures)
        {
            if (failed != teller && failed.State != SourceState.Lied)
            {
                Condemn(now, failed);
            }
        }

        if (_isDoubting && _paths.TrueForAll(path => !path.IsRaining || IsSetBack(path, now) || path.SoloSuccesses >= SoloSuccessesToTrust))
        {
            EndDoubt();
        }
    }

    private void Condemn(Instant now, FetchPath liar)
    {
        if (liar.State == SourceState.Lied)
        {
            return;
        }

        WithdrawAll(liar);
        liar.State = SourceState.Lied;
        Tell(FetchEventKind.SourceLied, liar.Peer);
        EndDoubt();
        if (!_paths.Exists(path => path.Offer == _chosen && path.State is SourceState.Raining or SourceState.Silent))
        {
            if (!_isReleased)
            {
                // Perhaps the version itself was the lie: the next best on offer gets its chance.
                _chosen = null;
                ForgetManifest();
                DropBlocks();
                ChooseVersion(now);
            }

            if (_chosen is null || _isReleased)
            {
                if (!_paths.Exists(path => path.State == SourceState.Asked))
                {
                    End(FetchEndReason.IntegrityFailure);
                }

                return;
            }
        }

        foreach (var block in _open)
        {
            if (block.Phase is BlockPhase.Collecting or BlockPhase.Ready && block.Contributors.Contains(liar))
            {
                WithdrawBlock(block);
                Restart(block);
            }
        }

        ReplaceLostSolos(now);
        HurryAll(now);
    }

    /// <summary>A block whose one source rains no more, or is passed over, goes to another.</summary>
    private void ReplaceLostSolos(Instant now)
    {
        foreach (var block in _open)
        {
            if (block.Phase == BlockPhase.Collecting && block.Solo is { } solo && (!solo.IsRaining || IsPassedOver(solo, now))
                && NextSolo(block) is var next && next != solo)
            {
                WithdrawBlock(block);
                Restart(block);
                block.Solo = next;
                HurryAll(now);
            }
        }
    }

    private void EndDoubt()
    {
        _isDoubting = false;
        foreach (var block in _open)
        {
            // A block that one source alone got wrong stays alone: it is what tells who lied.
            if (block.SoloFailures.Count == 0)
            {
                block.Solo = null;
            }
        }
    }

    private void AssignSolo(CollectingBlock block)
    {
        if (_isDoubting)
        {
            block.Solo = NextSolo(block);
        }
    }

    /// <summary>The next source in turn, one that brings something and has not failed at this block if there is one.</summary>
    private FetchPath? NextSolo(CollectingBlock block)
    {
        FetchPath? any = null;
        for (var i = 0; i < _paths.Count; i++)
        {
            var path = _paths[_soloTurn++ % _paths.Count];
            if (path.IsRaining && !path.RefusedBlocks.Contains(block.BlockNumber))
            {
                var isSetBack = IsSetBack(path, _now);
                if (!isSetBack && !block.SoloFailures.Contains(path))
                {
                    return path;
                }

                any = any is null || (!isSetBack && IsSetBack(any, _now)) ? path : any;
            }
        }

        return any;
    }
}
