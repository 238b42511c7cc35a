using System.Diagnostics.CodeAnalysis;

namespace PouringRain.Protocol;

// What follows when a block has enough: its work, the manifest, the end.
public sealed partial class Fetch
{
    /// <summary>Versions remembered as not understood: more than one fetch is offered.</summary>
    private const int NotUnderstoodMax = 64;

    /// <summary>Versions whose manifests are not understood.</summary>
    private readonly Queue<Sha256Digest> _notUnderstood = new();

    /// <summary>The version whose manifest was not understood last, and why.</summary>
    public (Sha256Digest Version, ManifestReading Why)? NotUnderstood { get; private set; }

    /// <summary>A block that has enough symbols: the owner calls <see cref="BlockWork.Run"/> on any thread, keeps the verified bytes,
    /// and gives the work back with <see cref="CompleteWork"/>.</summary>
    public bool TryPollWork([NotNullWhen(true)] out BlockWork? work)
    {
        work = null;
        return !HasEnded && _isManifestTold && _blocks.TryTakeWork(out work);
    }

    /// <summary>Takes a work back. A block that was verified is done (when <paramref name="kept"/>) and its memory is used again; one
    /// that was not goes on collecting, or has its sources isolated.</summary>
    public void CompleteWork(Instant now, BlockWork work, bool kept)
    {
        ArgumentNullException.ThrowIfNull(work);
        _now = now;
        var block = work.Block;
        if (_isDisposed || HasEnded || _blocks.Find(block.BlockNumber) != block)
        {
            // The fetch has ended, or is on another version by now.
            block.Phase = BlockPhase.Done;
            block.Decoder?.Dispose();
            return;
        }

        block.Phase = BlockPhase.Ready;
        if (work.IsVerified)
        {
            if (!kept)
            {
                block.Phase = BlockPhase.Done;
                End(FetchEndReason.LocalFailure);
                return;
            }

            _isReleased = true;
            _blocks.CountVerified(block);
            OnVerified(now, block);
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

        HurryAll(now);
    }

    private void FinishIfEnough(Instant now, CollectingBlock block)
    {
        if (block.HasEnough)
        {
            OnEnough(now, block);
        }
    }

    /// <summary>Opens the next block that is wanted, if the window has room.</summary>
    private bool TryOpenNext(FetchPath path)
    {
        if (_blocks.Room <= 0 || !_picker.TryPick(path, out var index))
        {
            return false;
        }

        _picker.OnOpened(index);
        _blocks.OpenBlock(_now, index);
        return true;
    }

    /// <summary>Takes a block out of work; what is still on order for it is withdrawn.</summary>
    private void Close(CollectingBlock block)
    {
        WithdrawBlock(block);
        _blocks.Close(block);
    }

    private void OnEnough(Instant now, CollectingBlock block)
    {
        _blocks.MakeReady(block);
        if (block.Index >= 0)
        {
            _due = now;
            return;
        }

        var work = _blocks.WorkOnManifest(block);
        if (!work.IsDecoded)
        {
            _blocks.GoOn(block);
            HurryAll(now);
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
                    OnVerified(now, block);
                    Close(block);
                    TakeManifest(now, manifest!);
                    break;
                case ManifestReading.Malformed:
                    OnWrong(now, block);
                    break;
                case var unknown:
                    OnVerified(now, block);
                    SetAside(now, unknown);
                    break;
            }
        }
    }

    /// <summary>The version is true and means nothing here: it is not fetched. The next best on offer gets its chance.</summary>
    private void SetAside(Instant now, ManifestReading why)
    {
        if (_notUnderstood.Count == NotUnderstoodMax)
        {
            _notUnderstood.Dequeue();
        }

        _notUnderstood.Enqueue(_chosen!.Version);
        NotUnderstood = (_chosen.Version, why);
        Tell(FetchEventKind.VersionNotUnderstood);
        foreach (var path in _paths)
        {
            if (path.Offer is { } offer && offer.Version == _chosen.Version)
            {
                WithdrawAll(path);
                path.Offer = null;
                path.State = path.State == SourceState.Lied ? SourceState.Lied : SourceState.Stale;
                path.NextSubscribe = now + ProbeGap;
            }
        }

        _chosen = null;
        ForgetVersion();
        ChooseVersion(now);
        if (_chosen is null && !_paths.Exists(path => path.State == SourceState.Asked))
        {
            End(FetchEndReason.NotUnderstood);
        }
    }

    private void TakeManifest(Instant now, Manifest manifest)
    {
        if (manifest.Layout != _chosen!.Layout || manifest.Code != _chosen.Code.Name || manifest.Stamp != _chosen.Stamp)
        {
            // The offer did not tell the truth about a true version: whoever made it is not to be trusted, the version is.
            foreach (var path in _paths.Where(path => path.Offer == _chosen && path.IsRaining).ToArray())
            {
                Condemn(now, path);
            }

            return;
        }

        _blocks.TakeManifest(manifest);
        _lastUseful = _symbolsBefore == 0 ? now : _lastUseful;
        _owesManifest = true;
        TellManifest(now);
        HurryAll(now);
    }

    /// <summary>Tells the owner of the manifest: not before every server has said what it offers, or had the time to, for from then on it
    /// is this version or none.</summary>
    private void TellManifest(Instant now)
    {
        if (_owesManifest && (now >= GuessesEnd || !_paths.Exists(path => path.State == SourceState.Asked)) && HasProof(now))
        {
            _owesManifest = false;
            Tell(FetchEventKind.ManifestReady);
        }
    }

    private void CheckCompleted()
    {
        if (!HasEnded && Manifest is not null && _isManifestTold && _blocks.Open.Count == 0 && !_picker.HasAny)
        {
            End(FetchEndReason.Completed);
        }
    }
}
