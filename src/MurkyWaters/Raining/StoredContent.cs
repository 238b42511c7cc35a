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
    private readonly BlockChecks? _checks;
    private readonly TimeProvider _time;
    private long _lastUseMs;

    public StoredContent(Manifest manifest, Blob? blob, BlockEncoders encoders, TimeProvider time, BlockChecks? checks = null)
    {
        Manifest = manifest;
        _blob = blob;
        _encoders = encoders;
        _time = time;
        _lastUseMs = time.GetMilliseconds();
        _checks = checks;

        // A record may name a code that this build does not know; it is kept and served over HTTP, but cannot be rained.
        FountainCodes.TryGet(manifest.Code, out _code);
    }

    public Manifest Manifest { get; }

    public bool IsComplete => true;

    /// <summary>When it was last wanted, in milliseconds of the store's clock.</summary>
    public long LastUseMs => Volatile.Read(ref _lastUseMs);

    /// <summary>Whether a rain server has asked for it.</summary>
    public bool IsRained { get; private set; }

    /// <summary>A rain server asks for it.</summary>
    public void NoteRain() => IsRained = true;

    public void Touch() => Volatile.Write(ref _lastUseMs, _time.GetMilliseconds());

    /// <summary>Says when the file was last written; once a second while it rains.</summary>
    public void NoteWritten(long ticks) => _checks?.NoteWritten(ticks);

    public bool HasBlock(int blockIndex) => (uint)blockIndex < (uint)Manifest.Layout.BlockCount;

    public SymbolReadResult TryReadSymbol(int blockIndex, uint esi, Span<byte> destination) =>
        TryReadSymbols(blockIndex, esi, destination.Length, destination, destination.Length, out _);

    public SymbolReadResult TryReadSymbols(int blockIndex, uint esi, int symbolSize, Span<byte> destination, int stride, out int written)
    {
        written = 0;
        var layout = symbolSize == Manifest.Layout.SymbolSize ? Manifest.Layout : Manifest.SmallLayout;
        if (_blob is null || _code is null || !HasBlock(blockIndex) || symbolSize != layout.SymbolSize
            || destination.Length < symbolSize || layout.SymbolsOf(blockIndex) > _code.SymbolCountMax)
        {
            return SymbolReadResult.Unavailable;
        }

        Touch();
        var sourceCount = _code.IsSystematic ? layout.SymbolsOf(blockIndex) : 0;
        if (esi < (uint)sourceCount)
        {
            if (_checks is not null)
            {
                if (_checks.Prepare(blockIndex) is not SymbolReadResult.Ok and var state)
                {
                    return state;
                }

                // Blocks are rained in order, so the next one is compared while this one rains.
                if (blockIndex + 1 < layout.BlockCount)
                {
                    _checks.Prepare(blockIndex + 1);
                }
            }

            var count = Math.Min(((destination.Length - symbolSize) / stride) + 1, sourceCount - (int)esi);
            if (!TryReadSource(_blob, layout, blockIndex, (int)esi, destination[..(((count - 1) * stride) + symbolSize)], stride))
            {
                return SymbolReadResult.Unavailable;
            }

            written = count;
        }

        for (var at = written * stride; at + symbolSize <= destination.Length; at += stride)
        {
            var id = esi + (uint)written;
            var result = id > _code.EncodingSymbolIdMax ? SymbolReadResult.Unavailable
                : _encoders.TryEncode(_blob, _checks, _code, layout, blockIndex, id, destination.Slice(at, symbolSize));
            if (result != SymbolReadResult.Ok)
            {
                return result;
            }

            written++;
        }

        return SymbolReadResult.Ok;
    }

    /// <summary>One read of the file, into the end of the destination; from there the symbols move forward to their places.</summary>
    private static bool TryReadSource(Blob blob, ResourceLayout layout, int blockIndex, int esi, Span<byte> destination, int stride)
    {
        var size = layout.SymbolSize;
        var count = ((destination.Length - size) / stride) + 1;
        var offset = esi * size;
        var run = destination[^(count * size)..];
        var bytes = Math.Min(run.Length, layout.BytesOf(blockIndex) - offset);
        try
        {
            blob.Read(layout.OffsetOf(blockIndex) + offset, run[..bytes]);
        }
        catch (IOException)
        {
            return false;
        }

        run[bytes..].Clear();
        for (var i = 0; i < count - 1; i++)
        {
            run.Slice(i * size, size).CopyTo(destination[(i * stride)..]);
        }

        return true;
    }
}
