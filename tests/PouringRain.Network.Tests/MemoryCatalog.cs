using System.Collections.Concurrent;
using PouringRain.Coding;
using PouringRain.Protocol;
using PouringRain.Protocol.Classic;

namespace PouringRain.Network.Tests;

/// <summary>Resources in memory, for rain servers of tests.</summary>
internal sealed class MemoryCatalog : IRainCatalog, IClassicCatalog
{
    private readonly ConcurrentDictionary<ResourceId, Content> _contents = new();

    /// <summary>Called before a symbol is read.</summary>
    public Action<Manifest>? BeforeSymbol { get; set; }

    public Manifest Add(ResourceId id, byte[] bytes, int blockBytes = 64 * 1024, int symbolSize = 1024)
    {
        Assert.True(ResourceLayout.TryCreate(bytes.Length, blockBytes, symbolSize, out var layout));
        var manifest = Manifest.Create(
            layout, FountainCodes.All[0].Name, 1, Sha256Digest.Of(bytes), "application/octet-stream", null,
            BlockDigest.OfBlocks(layout, bytes));
        _contents[id] = new Content(this, manifest, bytes);
        return manifest;
    }

    public CatalogAnswer Find(ResourceId id, out IRainContent? content)
    {
        content = _contents.GetValueOrDefault(id);
        return content is null ? CatalogAnswer.Missing : CatalogAnswer.Found;
    }

    public CatalogAnswer Find(ResourceId id, ulong versionTag, out IRainContent? content) =>
        Find(id, out content) == CatalogAnswer.Found && content!.Manifest.Version.Tag == versionTag
            ? CatalogAnswer.Found
            : CatalogAnswer.Missing;

    public bool TryRead(ResourceId resource, out ReadOnlyMemory<byte> bytes)
    {
        var content = _contents.GetValueOrDefault(resource);
        bytes = content?.Bytes;
        return content is not null;
    }

    private sealed class Content : IRainContent
    {
        private readonly MemoryCatalog _catalog;
        private readonly IBlockEncoder?[] _encoders, _smallEncoders;

        public Content(MemoryCatalog catalog, Manifest manifest, byte[] bytes)
        {
            _catalog = catalog;
            Manifest = manifest;
            Bytes = bytes;
            _encoders = new IBlockEncoder?[manifest.Layout.BlockCount];
            _smallEncoders = new IBlockEncoder?[manifest.Layout.BlockCount];
        }

        public Manifest Manifest { get; }

        public byte[] Bytes { get; }

        public bool IsComplete => true;

        public bool HasBlock(int blockIndex) => true;

        public SymbolReadResult TryReadSymbol(int blockIndex, uint esi, Span<byte> destination)
        {
            _catalog.BeforeSymbol?.Invoke(Manifest);
            EncoderOf(blockIndex, isSmall: destination.Length != Manifest.Layout.SymbolSize).Encode(esi, destination);
            return SymbolReadResult.Ok;
        }

        private IBlockEncoder EncoderOf(int blockIndex, bool isSmall)
        {
            var encoders = isSmall ? _smallEncoders : _encoders;
            if (Volatile.Read(ref encoders[blockIndex]) is { } known)
            {
                return known;
            }

            lock (encoders)
            {
                if (encoders[blockIndex] is { } other)
                {
                    return other;
                }

                var layout = isSmall ? Manifest.SmallLayout : Manifest.Layout;
                Assert.True(FountainCodes.TryGet(Manifest.Code, out var code));
                var encoder = code.CreateEncoder(layout.SymbolsOf(blockIndex), layout.SymbolSize);
                encoder.Begin((uint)blockIndex, Bytes.AsMemory((int)layout.OffsetOf(blockIndex), layout.BytesOf(blockIndex)));
                Volatile.Write(ref encoders[blockIndex], encoder);
                return encoder;
            }
        }
    }
}
