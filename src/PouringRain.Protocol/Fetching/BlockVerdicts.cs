namespace PouringRain.Protocol;

/// <summary>What follows when a block has enough, is right, is wrong or is not to be had: its orders, its sources, the manifest, the
/// end.</summary>
internal sealed class BlockVerdicts
{
    private readonly List<FetchPath> _paths;
    private readonly FetchBlocks _blocks;
    private readonly BlockPicker _picker;
    private readonly VersionChoice _versions;
    private readonly VersionTurns _turns;
    private readonly FetchOrders _orders;
    private readonly FetchProgress _progress;
    private readonly FetchNews _news;
    private readonly FetchClock _clock;

    public BlockVerdicts(
        List<FetchPath> paths, FetchBlocks blocks, BlockPicker picker, VersionChoice versions, VersionTurns turns, FetchOrders orders,
        FetchProgress progress, FetchNews news, FetchClock clock)
    {
        _paths = paths;
        _blocks = blocks;
        _picker = picker;
        _versions = versions;
        _turns = turns;
        _orders = orders;
        _progress = progress;
        _news = news;
        _clock = clock;
    }

    /// <summary>What a path lost is not on order any more, which may be all that a block waited for.</summary>
    public void SettleLosses(Instant now, FetchPath path)
    {
        for (var i = 0; i < path.Log.Count; i++)
        {
            if (_orders.DeclareLost(now, path, i) is { } block)
            {
                FinishIfEnough(now, block);
            }
        }

        path.Log.Trim();
    }

    /// <summary>A symbol came for a block, or is given up.</summary>
    public void FinishIfEnough(Instant now, CollectingBlock block)
    {
        if (block.HasEnough)
        {
            OnEnough(now, block);
        }
    }

    /// <summary>A block is to be tried: the owner's work, but for the manifest's, which is done at once.</summary>
    public void OnEnough(Instant now, CollectingBlock block)
    {
        _blocks.MakeReady(block);
        if (block.Index >= 0)
        {
            _clock.Wake();
            return;
        }

        var work = _blocks.WorkOnManifest(block);
        if (!work.IsDecoded)
        {
            _blocks.GoOn(block);
            _orders.HurryAll(now);
        }
        else if (!work.IsVerified)
        {
            OnWrong(now, block);
        }
        else
        {
            switch (Manifest.Parse(work.Bytes.Span, out var manifest))
            {
                case ManifestReading.Read:
                    OnRight(now, block);
                    Close(block);
                    TakeManifest(now, manifest!);
                    break;
                case ManifestReading.Malformed:
                    OnWrong(now, block);
                    break;
                case var unknown:
                    OnRight(now, block);
                    _turns.SetAside(now, unknown);
                    break;
            }
        }
    }

    /// <summary>A block's work came back; the fetch has not ended, and it is of the version that is fetched.</summary>
    public void OnWorked(Instant now, BlockWork work, bool kept)
    {
        var block = work.Block;
        block.Phase = BlockPhase.Ready;
        if (work.IsVerified)
        {
            if (!kept)
            {
                block.Phase = BlockPhase.Done;
                _news.End(FetchEndReason.LocalFailure);
                return;
            }

            _versions.OnReleased();
            _blocks.CountVerified(block);
            OnRight(now, block);
            Close(block);
            CheckCompleted();
        }
        else if (work.IsDecoded)
        {
            OnWrong(now, block);
        }
        else
        {
            _blocks.GoOn(block);
        }

        _orders.HurryShort(now);
    }

    /// <summary>A block is wrong: somebody rained wrong bytes.</summary>
    public void OnWrong(Instant now, CollectingBlock block)
    {
        if (_blocks.Isolation.OnWrong(block) is { } liar)
        {
            Condemn(now, liar);
            if (_news.HasEnded || _blocks.Find(block.BlockNumber) != block)
            {
                return;
            }
        }

        Isolate(now, block, _blocks.Isolation.NextFor(now, block));
    }

    /// <summary>A block whose one source rains no more, is passed over, or turns out not to hold it, goes to another.</summary>
    public void ReplaceLostIsolated(Instant now)
    {
        foreach (var block in _blocks.Open)
        {
            if (block.Phase == BlockPhase.Collecting && block.IsolatedSource is { } isolated
                && (!isolated.IsRaining || _orders.IsPassedOver(isolated, now)
                    || (isolated is FetchPath path && !_orders.MayServe(path, block)))
                && _blocks.Isolation.NextFor(now, block) is var next && next != isolated)
            {
                Isolate(now, block, next);
            }
        }
    }

    /// <summary>The owner has these blocks already.</summary>
    public void CloseHeld(ReadOnlySpan<ulong> bitmap)
    {
        for (var i = _blocks.Open.Count - 1; i >= 0; i--)
        {
            var block = _blocks.Open[i];
            if (block.Index >= 0 && block.Phase is BlockPhase.Collecting or BlockPhase.Ready
                && block.Index / 64 < bitmap.Length && (bitmap[block.Index / 64] & (1UL << (block.Index % 64))) != 0)
            {
                Close(block);
            }
        }
    }

    /// <summary>Ends the fetch when all is here that was demanded.</summary>
    public void CheckCompleted()
    {
        if (!_news.HasEnded && _blocks.Manifest is not null && _versions.IsManifestTold && _blocks.Open.Count == 0 && !_picker.HasAny)
        {
            _news.End(FetchEndReason.Completed);
        }
    }

    private void OnRight(Instant now, CollectingBlock block)
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

    /// <summary>Collects a block anew, from one source alone when there is one.</summary>
    private void Isolate(Instant now, CollectingBlock block, SymbolSource? source)
    {
        _orders.WithdrawBlock(block);
        _blocks.Restart(block);
        block.IsolatedSource = source;
        _orders.HurryAll(now);
    }

    /// <summary>Who lied is dropped, and what he rained with him.</summary>
    private void Condemn(Instant now, SymbolSource liar)
    {
        if (liar.HasLied)
        {
            return;
        }

        if (liar is FetchPath liarsPath)
        {
            _orders.WithdrawAll(liarsPath);
        }

        liar.State = SourceState.Lied;
        _news.Tell(FetchEventKind.SourceLied, liar.Peer);
        _blocks.Isolation.End();
        if (!_paths.Exists(path => path.Offer == _versions.Chosen && path.State is SourceState.Raining or SourceState.Silent))
        {
            if (!_versions.IsReleased)
            {
                // Perhaps the version itself was the lie.
                _turns.ChooseAnother(now);
            }

            if (_versions.Chosen is null || _versions.IsReleased)
            {
                if (!_paths.Exists(static path => path.State == SourceState.Asked))
                {
                    _news.End(FetchEndReason.IntegrityFailure);
                }

                return;
            }
        }

        foreach (var block in _blocks.Open)
        {
            if (block.Phase is BlockPhase.Collecting or BlockPhase.Ready && block.Contributors.Contains(liar))
            {
                _orders.WithdrawBlock(block);
                _blocks.Restart(block);
            }
        }

        ReplaceLostIsolated(now);
        _orders.HurryAll(now);
    }

    private void TakeManifest(Instant now, Manifest manifest)
    {
        var chosen = _versions.Chosen!;
        if (manifest.Layout != chosen.Layout || manifest.Code != chosen.Code.Name || manifest.Stamp != chosen.Stamp)
        {
            // The offer did not tell the truth about a true version: whoever made it is not to be trusted, the version is. Who is silent or
            // busy made it as well: were it believed of them, the fetch would wait for a manifest that it does not ask for any more.
            foreach (var path in _paths.FindAll(path => chosen.IsSameAs(path.Offer)))
            {
                Condemn(now, path);
            }

            return;
        }

        _blocks.TakeManifest(manifest);
        _progress.OnManifest(now);
        _versions.OnManifest(now);
        _orders.HurryAll(now);
    }

    /// <summary>Takes a block out of work; what is still on order for it is withdrawn.</summary>
    private void Close(CollectingBlock block)
    {
        _orders.WithdrawBlock(block);
        _blocks.Close(block);
    }
}
