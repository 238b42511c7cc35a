using System.Buffers.Binary;
using System.Text;
using PouringRain.Coding;
using PouringRain.Protocol;

namespace Hostile.Rain;

/// <summary>What a fake rain server delivers of what it offers.</summary>
internal enum Delivery
{
    /// <summary>Everything that is asked for.</summary>
    Everything,

    /// <summary>The offer alone.</summary>
    OfferOnly,

    /// <summary>The offer, and that it is at work.</summary>
    StatusOnly,

    /// <summary>The manifest, and that it is at work.</summary>
    ManifestOnly,

    /// <summary>A droplet now and then.</summary>
    Trickle,
}

/// <summary>One version of a resource as a fake rain server has it: its manifest may be one that the product would not make.</summary>
internal sealed class FakeResource
{
    private const int BlockBytes = 256 * 1024, SymbolSize = 1408;
    private const int StampOffset = 5;
    private readonly byte[] _body;
    private readonly ResourceLayout _layout;
    private readonly Dictionary<uint, IBlockEncoder> _encoders = [];

    private FakeResource(Manifest manifest, byte[] manifestBytes, OfferMessage offer, byte[] body, Delivery delivery)
    {
        ManifestBytes = manifestBytes;
        Offer = offer;
        Delivery = delivery;
        _body = body;
        _layout = manifest.Layout;
        Code = manifest.Code;
        Version = Sha256Digest.Of(manifestBytes);
    }

    public byte[] ManifestBytes { get; }

    public OfferMessage Offer { get; }

    public string Code { get; }

    public Delivery Delivery { get; }

    public Sha256Digest Version { get; }

    /// <summary>A version that has bytes.</summary>
    public static FakeResource Of(byte[] body, long stamp, Delivery delivery = Delivery.Everything)
    {
        var manifest = ManifestOf(body, stamp);
        return new FakeResource(manifest, manifest.Bytes.ToArray(), OfferMessage.Of(manifest, isComplete: true), body, delivery);
    }

    /// <summary>A deletion.</summary>
    public static FakeResource Tombstone(long stamp)
    {
        var manifest = Manifest.CreateTombstone(FountainCodes.All[0].Name, stamp);
        return new FakeResource(manifest, manifest.Bytes.ToArray(), OfferMessage.Of(manifest, isComplete: true), [], Delivery.Everything);
    }

    /// <summary>A version whose manifest, good otherwise, has a stamp or a media type that no honest one has.</summary>
    public static FakeResource Spoilt(byte[] body, long stamp, string contentType)
    {
        var honest = ManifestOf(body, 1);
        var head = honest.Bytes.Span;
        var codeEnd = StampOffset + 8 + 8 + 4 + 4 + 32 + 2 + honest.Code.Length;
        var typeBytes = Encoding.UTF8.GetBytes(contentType);
        var rest = head[(codeEnd + 2 + BinaryPrimitives.ReadUInt16BigEndian(head[codeEnd..]))..];
        var bytes = new byte[codeEnd + 2 + typeBytes.Length + rest.Length];
        head[..codeEnd].CopyTo(bytes);
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(StampOffset), stamp);
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(codeEnd), (ushort)typeBytes.Length);
        typeBytes.CopyTo(bytes, codeEnd + 2);
        rest.CopyTo(bytes.AsSpan(codeEnd + 2 + typeBytes.Length));
        var offer = OfferMessage.Of(honest, isComplete: true);
        offer.Stamp = stamp;
        offer.Version = Sha256Digest.Of(bytes);
        offer.ManifestBytes = bytes.Length;
        return new FakeResource(honest, bytes, offer, body, Delivery.Everything);
    }

    /// <summary>A version that is said to have a manifest of so many bytes, and rains symbols of it.</summary>
    public static FakeResource Huge(int manifestBytes, long length, int blockBytes, int symbolSize, long stamp)
    {
        var manifest = ManifestOf([1, 2, 3], stamp);
        var offer = OfferMessage.Of(manifest, isComplete: true);
        offer.ManifestBytes = manifestBytes;
        offer.Length = length;
        offer.BlockBytes = blockBytes;
        offer.SymbolSize = symbolSize;
        return new FakeResource(manifest, new byte[1], offer, [1, 2, 3], Delivery.Everything);
    }

    /// <summary>Writes a symbol; false when there is none.</summary>
    public bool TryWrite(uint block, uint esi, Span<byte> symbol)
    {
        var isManifest = block == WireFormat.ManifestBlockNumber;
        if (ManifestBytes.Length != Offer.ManifestBytes)
        {
            // Of what is not there any bytes do.
            symbol.Fill((byte)esi);
            return true;
        }

        if (!isManifest && block >= _layout.BlockCount)
        {
            return false;
        }

        ReadOnlyMemory<byte> bytes = isManifest
            ? ManifestBytes : _body.AsMemory((int)_layout.OffsetOf((int)block), _layout.BytesOf((int)block));
        if (!_encoders.TryGetValue(block, out var encoder))
        {
            FountainCodes.TryGet(Code, out var code);
            encoder = code!.CreateEncoder((bytes.Length + symbol.Length - 1) / symbol.Length, symbol.Length);
            encoder.Begin(block, bytes);
            _encoders.Add(block, encoder);
        }

        if (encoder.SymbolSize != symbol.Length)
        {
            return false;
        }

        encoder.Encode(esi, symbol);
        return true;
    }

    /// <summary>The symbols of a block, at most which a client is sent when it guesses.</summary>
    public int SymbolsOf(uint block) =>
        block == WireFormat.ManifestBlockNumber ? (Offer.ManifestBytes + Offer.SymbolSize - 1) / Offer.SymbolSize
        : block < _layout.BlockCount ? _layout.SymbolsOf((int)block)
        : 0;

    private static Manifest ManifestOf(byte[] body, long stamp)
    {
        if (!ResourceLayout.TryCreate(body.Length, BlockBytes, SymbolSize, out var layout))
        {
            throw new InvalidOperationException($"{body.Length} bytes cannot be laid out");
        }

        return Manifest.Create(
            layout, FountainCodes.All[0].Name, stamp, Sha256Digest.Of(body), "application/octet-stream", null,
            BlockDigest.OfBlocks(layout, body));
    }
}
