using System.Diagnostics.CodeAnalysis;

namespace PouringRain.Protocol;

// Blocks: opened in the order of demand, decoded and verified elsewhere, given away.
public sealed partial class Fetch
{
    /// <summary>Versions remembered as not understood: more than one fetch is offered.</summary>
    private const int NotUnderstoodMax = 64;

    private readonly List<CollectingBlock> _open = [];
    private readonly Dictionary<uint, CollectingBlock> _openByNumber = [];
    private readonly Queue<CollectingBlock> _ready = new();

    /// <summary>Versions whose manifests are not understood.</summary>
    private readonly Queue<Sha256Digest> _notUnderstood = new();
    private BlockPool? _pool;
    private CollectingBlock? _lastFound;
    private long _verifiedBytes;
    private int _verifiedBlocks;

    /// <summary>The version whose manifest was not understood last, and why.</summary>
    public (Sha256Digest Version, ManifestReading Why)? NotUnderstood { get; private set; }

    /// <summary>Blocks in work at once; the manifest does not count.</summary>
    private int OpenCountMax => _chosen is null ? 2 : (int)Math.Clamp(_options.WindowBytesMax / _chosen.Layout.BlockBytes, 2, 1 << 16);

    /// <summary>A block that has enough symbols: the owner calls <see cref="BlockWork.Run"/> on any thread, keeps the verified bytes,
    /// and gives the work back with <see cref="CompleteWork"/>.</summary>
    public bool TryPollWork([NotNullWhen(true)] out BlockWork? work)
    {
        work = null;
        if (HasEnded || Manifest is null || !_isManifestTold)
        {
            return false;
        }

        while (_ready.TryDequeue(out var block))
        {
            if (block.Phase == BlockPhase.Ready)
            {
                block.Phase = BlockPhase.Working;
                work = new BlockWork(block, Manifest.BlockDigestAlgorithm, Manifest.BlockDigests[block.Index]);
                return true;
            }
        }

        return false;
    }

    /// <summary>Takes a work back. A block that was verified is done (when <paramref name="kept"/>) and its memory is used again; one
    /// that was not goes on collecting, or has its sources isolated.</summary>
    public void CompleteWork(Instant now, BlockWork work, bool kept)
    {
        ArgumentNullException.ThrowIfNull(work);
        _now = now;
        var block = work.Block;
        if (_isDisposed || HasEnded || FindOpen(block.BlockNumber) != block)
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
            _verifiedBytes += block.Bytes;
            _verifiedBlocks++;
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
            GoOnCollecting(block);
        }

        HurryAll(now);
    }

    private void FinishIfEnough(Instant now, CollectingBlock block)
    {
        if (block.Phase == BlockPhase.Collecting && block.CanDecode && (block.Outstanding <= 0 || block.ReceivedCount >= block.Need))
        {
            OnEnough(now, block);
        }
    }

    private void GoOnCollecting(CollectingBlock block)
    {
        if (block.SymbolSize != Layout.SymbolSize)
        {
            // Nobody rains its symbols any more.
            Restart(block);
            return;
        }

        block.Phase = BlockPhase.Collecting;
        block.Need = block.ReceivedCount + Math.Max(1, block.Decoder!.SymbolsWanted);
    }

    private CollectingBlock? FindOpen(uint blockNumber)
    {
        if (_lastFound?.BlockNumber == blockNumber)
        {
            return _lastFound;
        }

        if (_openByNumber.TryGetValue(blockNumber, out var block))
        {
            _lastFound = block;
        }

        return block;
    }

    private void OpenManifest() => Open(new CollectingBlock(-1, _chosen!.ManifestBytes, Layout.SymbolSize, _chosen.Code));

    /// <summary>Opens the next block that is wanted, if the window has room.</summary>
    private bool TryOpenNext()
    {
        if (_open.Count - (Manifest is null ? 1 : 0) >= OpenCountMax || !_demand.TryPeek(out var index))
        {
            return false;
        }

        _demand.Settle(index);
        Open(new CollectingBlock(index, Layout.BytesOf(index), Layout.SymbolSize, _chosen!.Code));
        return true;
    }

    private void Open(CollectingBlock block)
    {
        _open.Add(block);
        _openByNumber.Add(block.BlockNumber, block);
        _symbolsNeeded += block.SymbolCount;
        if (block.Index >= 0)
        {
            AssignIsolated(block);
        }
    }

    /// <summary>Takes a block out of work; what is still on order for it is withdrawn.</summary>
    private void Close(CollectingBlock block)
    {
        WithdrawBlock(block);
        block.Phase = BlockPhase.Done;
        _open.Remove(block);
        _openByNumber.Remove(block.BlockNumber);
        _lastFound = null;
        block.GiveBack(_pool!);
    }

    private void DropBlocks()
    {
        foreach (var block in _open)
        {
            // A work that is out is disposed of when it comes back.
            if (block.Phase != BlockPhase.Working)
            {
                block.Decoder?.Dispose();
            }

            block.Phase = block.Phase == BlockPhase.Working ? block.Phase : BlockPhase.Done;
        }

        _open.Clear();
        _openByNumber.Clear();
        _ready.Clear();
        _lastFound = null;
        _symbolsNeeded = 0;
        _dropletsReceived = 0;
    }

    private void OnEnough(Instant now, CollectingBlock block)
    {
        block.Phase = BlockPhase.Ready;
        if (block.Index >= 0)
        {
            _ready.Enqueue(block);
            _due = now;
            return;
        }

        // The manifest is small: its work is done at once.
        var version = _chosen!.Version;
        var work = new BlockWork(block, BlockDigestAlgorithm.Sha256, new BlockDigest(version.High, version.Low));
        work.Run();
        if (!work.IsDecoded)
        {
            GoOnCollecting(block);
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
        ForgetManifest();
        DropBlocks();
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

        Manifest = manifest;
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
        if (!HasEnded && Manifest is not null && _isManifestTold && _open.Count == 0 && !_demand.TryPeek(out _))
        {
            End(FetchEndReason.Completed);
        }
    }
}
