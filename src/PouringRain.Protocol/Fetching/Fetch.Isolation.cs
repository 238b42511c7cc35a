namespace PouringRain.Protocol;

/// <content>What follows when a block is right or wrong: who lied is dropped, and what he rained with it.</content>
public sealed partial class Fetch
{
    private void OnWrong(Instant now, CollectingBlock block)
    {
        if (_blocks.Isolation.OnWrong(block) is { } liar)
        {
            Condemn(now, liar);
            if (HasEnded || _blocks.Find(block.BlockNumber) != block)
            {
                return;
            }
        }

        WithdrawBlock(block);
        _blocks.Restart(block);
        block.IsolatedSource = _blocks.Isolation.NextFor(now, block);
        HurryAll(now);
    }

    private void OnVerified(Instant now, CollectingBlock block)
    {
        if (SourceIsolation.OnRight(block) is not { } teller)
        {
            return;
        }

        foreach (var failed in block.IsolatedFailures)
        {
            if (failed != teller && !failed.HasLied)
            {
                Condemn(now, failed);
            }
        }

        _blocks.Isolation.EndIfTrusted(now);
    }

    private void Condemn(Instant now, SymbolSource liar)
    {
        if (liar.HasLied)
        {
            return;
        }

        if (liar is FetchPath liarsPath)
        {
            WithdrawAll(liarsPath);
        }

        liar.State = SourceState.Lied;
        Tell(FetchEventKind.SourceLied, liar.Peer);
        _blocks.Isolation.End();
        if (!_paths.Exists(path => path.Offer == _chosen && path.State is SourceState.Raining or SourceState.Silent))
        {
            if (!_isReleased)
            {
                // Perhaps the version itself was the lie: the next best on offer gets its chance.
                _chosen = null;
                ForgetVersion();
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

        foreach (var block in _blocks.Open)
        {
            if (block.Phase is BlockPhase.Collecting or BlockPhase.Ready && block.Contributors.Contains(liar))
            {
                WithdrawBlock(block);
                _blocks.Restart(block);
            }
        }

        ReplaceLostIsolated(now);
        HurryAll(now);
    }

    /// <summary>A block whose one source rains no more, or is passed over, goes to another.</summary>
    private void ReplaceLostIsolated(Instant now)
    {
        foreach (var block in _blocks.Open)
        {
            if (block.Phase == BlockPhase.Collecting && block.IsolatedSource is { } isolated
                && (!isolated.IsRaining || IsPassedOver(isolated, now))
                && _blocks.Isolation.NextFor(now, block) is var next && next != isolated)
            {
                WithdrawBlock(block);
                _blocks.Restart(block);
                block.IsolatedSource = next;
                HurryAll(now);
            }
        }
    }
}
