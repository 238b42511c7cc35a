namespace PouringRain.Protocol;

/// <content>
/// Source isolation: who rains wrong bytes? A block of several sources whose hash is wrong does not say. From then on each block is
/// collected from one source alone, in turn, until one fails alone: it lied if another source alone gives the same block right, or if it
/// fails alone twice (one datagram damaged on the way must not condemn an honest source). When every source has given a block alone, or a
/// liar is dropped, blocks are shared again.
/// </content>
public sealed partial class Fetch
{
    private const int IsolatedSuccessesToTrust = 2;
    private bool _isIsolating;
    private int _isolationTurn;

    private void OnWrong(Instant now, CollectingBlock block)
    {
        var source = block.IsolatedSource ?? (block.Contributors.Count == 1 ? block.Contributors[0] : null);
        if (source is null)
        {
            if (!_isIsolating)
            {
                _isIsolating = true;
                _paths.ForEach(path => path.IsolatedSuccesses = 0);
            }
        }
        else
        {
            source.IsolatedFailures++;
            block.IsolatedFailures.Add(source);
            if (source.IsolatedFailures >= 2)
            {
                Condemn(now, source);
                if (HasEnded || FindOpen(block.BlockNumber) != block)
                {
                    return;
                }
            }
        }

        WithdrawBlock(block);
        Restart(block);
        block.IsolatedSource = NextIsolated(block);
        HurryAll(now);
    }

    private void OnVerified(Instant now, CollectingBlock block)
    {
        var teller = block.IsolatedSource ?? (block.Contributors.Count == 1 ? block.Contributors[0] : null);
        if (teller is null)
        {
            return;
        }

        teller.IsolatedSuccesses++;
        foreach (var failed in block.IsolatedFailures)
        {
            if (failed != teller && failed.State != SourceState.Lied)
            {
                Condemn(now, failed);
            }
        }

        if (_isIsolating
            && _paths.TrueForAll(path => !path.IsRaining || IsSetBack(path, now) || path.IsolatedSuccesses >= IsolatedSuccessesToTrust))
        {
            EndIsolation();
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
        EndIsolation();
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

        ReplaceLostIsolated(now);
        HurryAll(now);
    }

    /// <summary>A block whose one source rains no more, or is passed over, goes to another.</summary>
    private void ReplaceLostIsolated(Instant now)
    {
        foreach (var block in _open)
        {
            if (block.Phase == BlockPhase.Collecting && block.IsolatedSource is { } isolated
                && (!isolated.IsRaining || IsPassedOver(isolated, now))
                && NextIsolated(block) is var next && next != isolated)
            {
                WithdrawBlock(block);
                Restart(block);
                block.IsolatedSource = next;
                HurryAll(now);
            }
        }
    }

    private void EndIsolation()
    {
        _isIsolating = false;
        foreach (var block in _open)
        {
            // A block that one source alone got wrong stays alone: it is what tells who lied.
            if (block.IsolatedFailures.Count == 0)
            {
                block.IsolatedSource = null;
            }
        }
    }

    private void AssignIsolated(CollectingBlock block)
    {
        if (_isIsolating)
        {
            block.IsolatedSource = NextIsolated(block);
        }
    }

    /// <summary>The next source in turn, one that brings something and has not failed at this block if there is one.</summary>
    private FetchPath? NextIsolated(CollectingBlock block)
    {
        FetchPath? any = null;
        for (var i = 0; i < _paths.Count; i++)
        {
            var path = _paths[_isolationTurn++ % _paths.Count];
            if (path.IsRaining && !path.RefusedBlocks.Contains(block.BlockNumber))
            {
                var isSetBack = IsSetBack(path, _now);
                if (!isSetBack && !block.IsolatedFailures.Contains(path))
                {
                    return path;
                }

                any = any is null || (!isSetBack && IsSetBack(any, _now)) ? path : any;
            }
        }

        return any;
    }
}
