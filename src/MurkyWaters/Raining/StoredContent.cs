using MurkyWaters.Store;
using PouringRain.Coding;
using PouringRain.Protocol;

namespace MurkyWaters.Raining;

/// <summary>A version that is here whole, as the rain servers see it: source symbols of a systematic code come straight from the file,
/// all others from the shared encoders.</summary>
internal sealed class StoredContent : IRainContent
{
    private readonly Blob? _blob;
    private readonly IFountainCode? _code;
    private readonly BlockEncoders _encoders;
    private long _lastUseMs = Environment.TickCount64;

    public StoredContent(Manifest manifest, Blob? blob, BlockEncoders encoders)
    {
        Manifest = manifest;
        _blob = blob;
        _encoders = encoders;

        // A record may name a code that this build does not know; it is kept and served over HTTP, but cannot be rained.
        FountainCodes.TryGet(manifest.Code, out _code);
    }

    public Manifest Manifest { get; }

    public bool IsComplete => true;

    /// <summary>When it was last wanted, on the clock of <see cref="Environment.TickCount64"/>.</summary>
    public long LastUseMs => Volatile.Read(ref _lastUseMs);

    public void Touch() => Volatile.Write(ref _lastUseMs, Environment.TickCount64);

    public bool HasBlock(int blockIndex) => (uint)blockIndex < (uint)Manifest.Layout.BlockCount;

    public SymbolReadResult TryReadSymbol(int blockIndex, uint esi, Span<byte> destination)
    {
        var layout = Manifest.Layout;
        if (_blob is null || _code is null || !HasBlock(blockIndex) || esi > _code.EncodingSymbolIdMax || destination.Length != layout.SymbolSize
            || layout.SymbolsOf(blockIndex) > _code.SymbolCountMax)
        {
            return SymbolReadResult.Unavailable;
        }

        Touch();
        return _code.IsSystematic && esi < (uint)layout.SymbolsOf(blockIndex)
            ? ReadSourceSymbol(_blob, layout, blockIndex, esi, destination)
            : _encoders.TryEncode(_blob, _code, layout, blockIndex, esi, destination);
    }

    private static SymbolReadResult ReadSourceSymbol(Blob blob, ResourceLayout layout, int blockIndex, uint esi, Span<byte> destination)
    {
        var offsetInBlock = (int)esi * layout.SymbolSize;
        var count = Math.Min(layout.SymbolSize, layout.BytesOf(blockIndex) - offsetInBlock);
        try
        {
            blob.Read(layout.OffsetOf(blockIndex) + offsetInBlock, destination[..count]);
        }
        catch (IOException)
        {
            return SymbolReadResult.Unavailable;
        }

        destination[count..].Clear();
        return SymbolReadResult.Ok;
    }
}
