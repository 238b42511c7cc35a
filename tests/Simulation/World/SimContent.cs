using PouringRain.Coding;
using PouringRain.Protocol;

namespace Simulation;

/// <summary>A version of a resource in memory, which can be rained.</summary>
public sealed class SimContent : IRainContent
{
    private readonly Dictionary<(int Block, int SymbolSize), IBlockEncoder> _encoders;
    private readonly IFountainCode _code;
    private readonly HashSet<int>? _blocks;
    private readonly List<int> _arrivals;

    private SimContent(
        byte[] bytes, Manifest manifest, HashSet<int>? blocks, Dictionary<(int Block, int SymbolSize), IBlockEncoder>? encoders = null)
    {
        Bytes = bytes;
        Manifest = manifest;
        _blocks = blocks;
        _arrivals = blocks is null ? [] : [.. blocks];
        _encoders = encoders ?? [];
        FountainCodes.TryGet(manifest.Code, out var code);
        _code = code!;
    }

    public byte[] Bytes { get; }

    public Manifest Manifest { get; }

    public bool IsComplete => _blocks is null || _blocks.Count == Manifest.Layout.BlockCount;

    public int HeldBlockCount => _blocks?.Count ?? Manifest.Layout.BlockCount;

    /// <summary>Another one for a node that has started again with fewer blocks.</summary>
    public uint HeldEpoch { get; init; } = 1;

    /// <summary>In so many of a million cases a symbol is not ready.</summary>
    public int NotReadyPerMillion { get; set; }

    /// <summary>In so many of a million symbols it rains wrong bytes.</summary>
    public int LiesPerMillion { get; set; }

    public bool IsLying
    {
        get => LiesPerMillion > 0;
        set => LiesPerMillion = value ? 1_000_000 : 0;
    }

    public SimRandom? Random { get; set; }

    public static SimContent Create(
        byte[] bytes, string code = "raptorq", int blockBytes = 64 * 1024, int symbolSize = 1408, long stamp = 1,
        bool isGrowing = false)
    {
        isGrowing &= bytes.Length > ResourceLayout.FirstBlockBytes;
        if (!ResourceLayout.TryCreate(bytes.Length, blockBytes, symbolSize, isGrowing, out var layout))
        {
            throw new ArgumentException("The layout is impossible.", nameof(bytes));
        }

        var manifest = Manifest.Create(
            layout, code, stamp, Sha256Digest.Of(bytes), "application/octet-stream", "file.bin", BlockDigest.OfBlocks(layout, bytes));
        return new SimContent(bytes, manifest, null);
    }

    /// <summary>A version under a manifest of any kind.</summary>
    public static SimContent Of(byte[] bytes, Manifest manifest) => new(bytes, manifest, null);

    public static SimContent CreateTombstone(long stamp, string code = "raptorq") => new([], Manifest.CreateTombstone(code, stamp), null);

    /// <summary>The same version, of which only some blocks are held.</summary>
    public SimContent WithBlocks(HashSet<int> blocks, uint epoch = 1) => new(Bytes, Manifest, blocks, _encoders) { HeldEpoch = epoch };

    /// <summary>One that held only some blocks has got another.</summary>
    public void AddBlock(int blockIndex)
    {
        if (_blocks?.Add(blockIndex) == true)
        {
            _arrivals.Add(blockIndex);
        }
    }

    /// <summary>The same version in another server's hands.</summary>
    public SimContent Copy() => new(Bytes, Manifest, _blocks);

    public int CopyArrivals(int from, Span<int> blocks)
    {
        var count = Math.Clamp(_arrivals.Count - from, 0, blocks.Length);
        for (var i = 0; i < count; i++)
        {
            blocks[i] = _arrivals[from + i];
        }

        return count;
    }

    public void CopyHeld(int firstBlock, Span<byte> bitmap)
    {
        for (var i = 0; i < bitmap.Length * 8; i++)
        {
            var bit = (byte)(1 << (i % 8));
            bitmap[i / 8] = (byte)(HasBlock(firstBlock + i) ? bitmap[i / 8] | bit : bitmap[i / 8] & ~bit);
        }
    }

    public bool HasBlock(int blockIndex) => _blocks?.Contains(blockIndex) ?? true;

    public SymbolReadResult TryReadSymbol(int blockIndex, uint esi, Span<byte> destination)
    {
        if (!HasBlock(blockIndex))
        {
            return SymbolReadResult.Unavailable;
        }

        if (NotReadyPerMillion > 0 && Random!.Chance(NotReadyPerMillion))
        {
            return SymbolReadResult.NotReady;
        }

        var layout = destination.Length == Manifest.Layout.SymbolSize ? Manifest.Layout : Manifest.SmallLayout;
        var at = (int)esi * (long)destination.Length;
        if (_code.IsSystematic && LiesPerMillion == 0 && at + destination.Length <= layout.BytesOf(blockIndex))
        {
            Bytes.AsSpan((int)(layout.OffsetOf(blockIndex) + at), destination.Length).CopyTo(destination);
            return SymbolReadResult.Ok;
        }

        if (!_encoders.TryGetValue((blockIndex, destination.Length), out var encoder))
        {
            encoder = _code.CreateEncoder(layout.SymbolsOf(blockIndex), layout.SymbolSize);
            encoder.Begin((uint)blockIndex, Bytes.AsMemory((int)layout.OffsetOf(blockIndex), layout.BytesOf(blockIndex)));
            _encoders[(blockIndex, destination.Length)] = encoder;
        }

        encoder.Encode(esi, destination);
        if (LiesPerMillion == 1_000_000 || (LiesPerMillion > 0 && Random!.Chance(LiesPerMillion)))
        {
            destination[(int)(esi % (uint)destination.Length)] ^= 0x55;
        }

        return SymbolReadResult.Ok;
    }
}

/// <summary>The resources of one simulated server.</summary>
public sealed class SimCatalog(SimWorld? world = null) : IRainCatalog
{
    private readonly Dictionary<ResourceId, List<IRainContent>> _contents = [];
    private readonly HashSet<ResourceId> _atHand = [], _loading = [];

    public event Action<ResourceId>? Loaded;

    /// <summary>How long it takes to load what is not at hand.</summary>
    public TimeSpan LoadTime { get; set; }

    /// <summary>In so many of a million times that something at hand is asked for, it has been forgotten.</summary>
    public int ForgetsPerMillion { get; set; }

    public void Add(ResourceId id, IRainContent content)
    {
        if (!_contents.TryGetValue(id, out var versions))
        {
            _contents[id] = versions = [];
        }

        versions.Add(content);
    }

    public void Remove(ResourceId id) => _contents.Remove(id);

    /// <summary>Forgets all versions before it.</summary>
    public void Replace(ResourceId id, IRainContent content)
    {
        _contents.Remove(id);
        Add(id, content);
    }

    /// <summary>All versions of a resource.</summary>
    public IReadOnlyList<IRainContent> All(ResourceId id) => _contents.TryGetValue(id, out var versions) ? versions : [];

    public IRainContent? Find(ResourceId id)
    {
        IRainContent? newest = null;
        foreach (var content in _contents.GetValueOrDefault(id) ?? [])
        {
            newest = newest is null || content.Manifest.IsNewerThan(newest.Manifest) ? content : newest;
        }

        return newest;
    }

    CatalogAnswer IRainCatalog.Find(ResourceId id, out IRainContent? content)
    {
        content = IsAtHand(id) ? Find(id) : null;
        return AnswerOf(id, content);
    }

    CatalogAnswer IRainCatalog.Find(ResourceId id, ulong versionTag, out IRainContent? content)
    {
        content = IsAtHand(id) ? Find(id, versionTag) : null;
        return AnswerOf(id, content);
    }

    private CatalogAnswer AnswerOf(ResourceId id, IRainContent? content) =>
        content is not null ? CatalogAnswer.Found : _loading.Contains(id) ? CatalogAnswer.Loading : CatalogAnswer.Missing;

    private bool IsAtHand(ResourceId id)
    {
        if (LoadTime == TimeSpan.Zero)
        {
            return true;
        }

        if (_atHand.Contains(id) && (ForgetsPerMillion == 0 || !world!.Random.Chance(ForgetsPerMillion)))
        {
            return true;
        }

        _atHand.Remove(id);
        if (_loading.Add(id))
        {
            world!.After(LoadTime, () =>
            {
                _loading.Remove(id);
                _atHand.Add(id);
                Loaded?.Invoke(id);
            });
        }

        return false;
    }

    private IRainContent? Find(ResourceId id, ulong versionTag) =>
        (_contents.GetValueOrDefault(id) ?? []).Find(content => content.Manifest.Version.Tag == versionTag);
}
