using System.Diagnostics.CodeAnalysis;
using PouringRain.Coding;

namespace PouringRain.Protocol;

/// <summary>The blocks in work of the version that is fetched, its manifest's among them: opened, filled with symbols, handed out as works
/// and closed, with their decoders and memory. Of sources it knows no more than that they contribute, of orders nothing.</summary>
internal sealed class FetchBlocks : IDisposable
{
    private const int OpenCountLeast = 2, OpenCountMost = 1 << 16;

    private readonly Dictionary<uint, CollectingBlock> _openByNumber = [];
    private readonly Queue<CollectingBlock> _ready = new();
    private readonly long _windowBytesMax;
    private OfferedVersion? _version;
    private ResourceLayout? _layout;
    private BlockPool? _pool;
    private CollectingBlock? _lastFound;

    /// <param name="windowBytesMax">Bytes of blocks in work at once.</param>
    /// <param name="askable">The sources that may be asked for a block alone; the list grows.</param>
    public FetchBlocks(long windowBytesMax, IReadOnlyList<SymbolSource> askable)
    {
        _windowBytesMax = windowBytesMax;
        Isolation = new SourceIsolation(askable, Open);
    }

    /// <summary>Those in work, the manifest's first, then in the order in which they were opened.</summary>
    public List<CollectingBlock> Open { get; } = [];

    /// <summary>Who is asked for a block alone, when one of many rains wrong bytes.</summary>
    public SourceIsolation Isolation { get; }

    /// <summary>The manifest, once known.</summary>
    public Manifest? Manifest { get; private set; }

    /// <summary>Whether symbols are small, because there is a path on which large ones vanish.</summary>
    public bool AreSmall { get; private set; }

    /// <summary>The blocks of the version, in symbols of the size that is asked for.</summary>
    public ResourceLayout Layout => _layout!;

    /// <summary>Bytes of the symbols that are taken; 0 before there is a version.</summary>
    public int SymbolSize => _layout?.SymbolSize ?? 0;

    /// <summary>Blocks in work at once; the manifest does not count.</summary>
    public int OpenCountMax { get; private set; } = OpenCountLeast;

    /// <summary>How many more may be opened.</summary>
    public int Room => OpenCountMax - (Open.Count - (Manifest is null ? 1 : 0));

    public long VerifiedBytes { get; private set; }

    public int VerifiedBlocks { get; private set; }

    /// <summary>K summed over the blocks begun.</summary>
    public long SymbolsNeeded { get; private set; }

    /// <summary>Distinct droplets of the version.</summary>
    public long DropletsReceived { get; private set; }

    /// <summary>Whether there is something to do for the owner.</summary>
    public bool AreAtWork => Open.Exists(static block => block.Phase is BlockPhase.Ready or BlockPhase.Working);

    /// <summary>Drops what there is and begins with the manifest of a version.</summary>
    public void Begin(OfferedVersion version)
    {
        Forget();
        _version = version;
        OpenCountMax = (int)Math.Clamp(_windowBytesMax / version.Layout.BlockBytes, OpenCountLeast, OpenCountMost);
        SetLayout();
        Add(new CollectingBlock(-1, version.ManifestBytes, Layout.SymbolSize, version.Code));
    }

    /// <summary>Drops what there is, the manifest too: it is of a version that is not fetched any more.</summary>
    public void Forget()
    {
        Manifest = null;
        OpenCountMax = OpenCountLeast;
        Drop();
    }

    /// <summary>From now on symbols are small. What was collected of unfinished blocks is given up; one that has enough, or is at work, is
    /// as good as ever.</summary>
    /// <param name="version">What is fetched, if anything.</param>
    /// <returns>Whether that makes a difference to it.</returns>
    public bool TakeSmallSymbols(OfferedVersion? version)
    {
        AreSmall = true;
        if (version is null || version.SmallLayout == _layout)
        {
            return false;
        }

        SetLayout();
        foreach (var block in Open)
        {
            if (block.Phase == BlockPhase.Collecting)
            {
                Restart(block);
            }
        }

        return true;
    }

    /// <summary>Finds a block in work.</summary>
    public CollectingBlock? Find(uint blockNumber)
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

    /// <summary>Whether somebody waits for this block more than for others: the manifest, and then the first that comes.</summary>
    public bool IsAwaited(CollectingBlock block) =>
        block.Index < 0 || (VerifiedBlocks == 0 && Open.Find(static each => each.Index >= 0) == block);

    /// <summary>Opens a block, for which there is <see cref="Room"/>.</summary>
    public void OpenBlock(Instant now, int index)
    {
        var block = new CollectingBlock(index, Layout.BytesOf(index), Layout.SymbolSize, _version!.Code);
        Add(block);
        Isolation.Assign(now, block);
    }

    /// <summary>A droplet came for the first time.</summary>
    public void CountDroplet() => DropletsReceived++;

    /// <summary>Takes a symbol.</summary>
    public SymbolUse AddSymbol(SymbolSource source, CollectingBlock block, uint esi, ReadOnlySpan<byte> symbol)
    {
        switch (block.Add(esi, symbol, _pool!))
        {
            case AddResult.Accepted:
                block.Contribute(source);
                return SymbolUse.Useful;
            case AddResult.NotNeeded:
                return block.CanDecode ? SymbolUse.Full : SymbolUse.Wrong;
            default:
                return SymbolUse.None;
        }
    }

    /// <summary>A block has enough; its work is to be polled.</summary>
    public void MakeReady(CollectingBlock block)
    {
        block.Phase = BlockPhase.Ready;
        if (block.Index >= 0)
        {
            _ready.Enqueue(block);
        }
    }

    /// <summary>Hands out the work of a block that has enough, once the manifest says what it must be.</summary>
    public bool TryTakeWork([NotNullWhen(true)] out BlockWork? work)
    {
        work = null;
        while (Manifest is not null && _ready.TryDequeue(out var block))
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

    /// <summary>Does the work of the manifest's block: it is small.</summary>
    public BlockWork WorkOnManifest(CollectingBlock block)
    {
        var version = _version!.Version;
        var work = new BlockWork(block, BlockDigestAlgorithm.Sha256, new BlockDigest(version.High, version.Low));
        work.Run();
        return work;
    }

    /// <summary>The manifest's block was right and said this.</summary>
    public void TakeManifest(Manifest manifest) => Manifest = manifest;

    /// <summary>The manifest was known before: its block is not collected.</summary>
    public void TakeManifestAtOnce(Manifest manifest)
    {
        PutBack(Find(WireFormat.ManifestBlockNumber)!);
        TakeManifest(manifest);
    }

    /// <summary>Lets go of the blocks that are being collected or have enough, with their symbols: somebody else goes on with
    /// them.</summary>
    public List<CollectingBlock> GiveAway()
    {
        var given = Open.FindAll(static block =>
            block.Index >= 0 && block.Decoder is not null && block.Phase is BlockPhase.Collecting or BlockPhase.Ready);
        foreach (var block in given)
        {
            Open.Remove(block);
            _openByNumber.Remove(block.BlockNumber);
            SymbolsNeeded -= block.SymbolCount;
        }

        _ready.Clear();
        _lastFound = null;
        return given;
    }

    /// <summary>Takes what somebody else has let go of.</summary>
    public void TakeOver(CollectingBlock block)
    {
        Add(block);
        if (block.Phase == BlockPhase.Ready)
        {
            _ready.Enqueue(block);
        }
    }

    /// <summary>A block was right and is kept.</summary>
    public void CountVerified(CollectingBlock block)
    {
        VerifiedBytes += block.Bytes;
        VerifiedBlocks++;
    }

    /// <summary>What a block has was not enough after all.</summary>
    public void GoOn(CollectingBlock block)
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

    /// <summary>Forgets a block's symbols; from now on it takes those of the size that is asked for.</summary>
    public void Restart(CollectingBlock block)
    {
        if (block.SymbolSize != Layout.SymbolSize)
        {
            SymbolsNeeded -= block.SymbolCount;
            block.GiveBack(_pool!);
            block.Exchange(Layout.SymbolSize, _version!.Code);
            SymbolsNeeded += block.SymbolCount;
        }

        block.Restart();
    }

    /// <summary>Takes a block out of work; nothing may be on order for it any more.</summary>
    public void Close(CollectingBlock block)
    {
        block.Phase = BlockPhase.Done;
        Open.Remove(block);
        _openByNumber.Remove(block.BlockNumber);
        _lastFound = null;
        block.GiveBack(_pool!);
    }

    /// <summary>Takes a block out of work that is to be opened again later; nothing may be on order for it.</summary>
    public void PutBack(CollectingBlock block)
    {
        SymbolsNeeded -= block.SymbolCount;
        Close(block);
    }

    /// <summary>Gives decoders and buffers back; what is known of the version stays.</summary>
    public void Dispose()
    {
        Drop();
        _pool?.Dispose();
    }

    private void SetLayout()
    {
        _pool?.Dispose();
        _layout = AreSmall ? _version!.SmallLayout : _version!.Layout;
        _pool = new BlockPool(_version.Code, _layout.SymbolSize, _layout.SymbolsOfLargest);
    }

    private void Add(CollectingBlock block)
    {
        Open.Add(block);
        _openByNumber.Add(block.BlockNumber, block);
        SymbolsNeeded += block.SymbolCount;
    }

    private void Drop()
    {
        foreach (var block in Open)
        {
            // A work that is out is disposed of when it comes back.
            if (block.Phase != BlockPhase.Working)
            {
                block.Decoder?.Dispose();
            }

            block.Phase = block.Phase == BlockPhase.Working ? block.Phase : BlockPhase.Done;
        }

        Open.Clear();
        _openByNumber.Clear();
        _ready.Clear();
        _lastFound = null;
        SymbolsNeeded = 0;
        DropletsReceived = 0;
    }
}

/// <summary>What a symbol was to its block.</summary>
internal enum SymbolUse
{
    /// <summary>It brings it on.</summary>
    Useful,

    /// <summary>The block is full, though it wants more by its own estimate: a try makes room, by dropping what proves redundant.</summary>
    Full,

    /// <summary>The block is full and a try has failed: somebody sent symbols that depend on each other.</summary>
    Wrong,

    /// <summary>It was there, or makes no sense.</summary>
    None,
}
