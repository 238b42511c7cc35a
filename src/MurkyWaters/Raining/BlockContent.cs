using MurkyWaters.Store;
using PouringRain.Coding;
using PouringRain.Protocol;

namespace MurkyWaters.Raining;

/// <summary>A version of which blocks are here, whole or in part, as the rain servers see it: source symbols of a systematic code come
/// straight from the file, all others from the shared encoders.</summary>
internal abstract class BlockContent : IRainContent
{
    private readonly IBlockSource? _source;
    private readonly IFountainCode? _code;
    private readonly BlockEncoders _encoders;
    private readonly BlockChecks? _checks;
    private readonly TimeProvider _time;
    private readonly bool _isMade;
    private long _lastUseMs;

    protected BlockContent(
        Manifest manifest, IBlockSource? source, BlockEncoders encoders, TimeProvider time, BlockChecks? checks, bool isMade = false)
    {
        _isMade = isMade;
        Manifest = manifest;
        _source = source;
        _encoders = encoders;
        _time = time;
        _lastUseMs = time.GetMilliseconds();
        _checks = checks;

        // A record may name a code that this build does not know; it is kept and served over HTTP, but cannot be rained.
        FountainCodes.TryGet(manifest.Code, out _code);
    }

    /// <inheritdoc/>
    public Manifest Manifest { get; }

    /// <inheritdoc/>
    public abstract bool IsComplete { get; }

    /// <inheritdoc/>
    public abstract int HeldBlockCount { get; }

    /// <inheritdoc/>
    public abstract uint HeldEpoch { get; }

    /// <summary>When it was last wanted, in milliseconds of the store's clock.</summary>
    public long LastUseMs => Volatile.Read(ref _lastUseMs);

    public void Touch() => Volatile.Write(ref _lastUseMs, _time.GetMilliseconds());

    /// <inheritdoc/>
    public abstract bool HasBlock(int blockIndex);

    /// <inheritdoc/>
    public abstract int CopyArrivals(int from, Span<int> blocks);

    /// <inheritdoc/>
    public abstract void CopyHeld(int firstBlock, Span<byte> bitmap);

    public SymbolReadResult TryReadSymbol(int blockIndex, uint esi, Span<byte> destination) =>
        TryReadSymbols(blockIndex, esi, destination.Length, destination, destination.Length, out _);

    public SymbolReadResult TryReadSymbols(int blockIndex, uint esi, int symbolSize, Span<byte> destination, int stride, out int written)
    {
        written = 0;
        var layout = symbolSize == Manifest.Layout.SymbolSize ? Manifest.Layout : Manifest.SmallLayout;
        if (_source is null || _code is null || !HasBlock(blockIndex) || symbolSize != layout.SymbolSize
            || destination.Length < symbolSize || layout.SymbolsOf(blockIndex) > _code.SymbolCountMax)
        {
            return SymbolReadResult.Unavailable;
        }

        Touch();

        // What has to be made first is made by the workers of the encoders, a block at a time.
        var sourceCount = _code.IsSystematic && !_isMade ? layout.SymbolsOf(blockIndex) : 0;
        if (esi < (uint)sourceCount)
        {
            if (_checks is not null)
            {
                if (_checks.Prepare(blockIndex) is not SymbolReadResult.Ok and var state)
                {
                    return state;
                }

                // Blocks are rained in order, so the next one is compared while this one rains.
                if (HasBlock(blockIndex + 1))
                {
                    _checks.Prepare(blockIndex + 1);
                }
            }

            var count = Math.Min(((destination.Length - symbolSize) / stride) + 1, sourceCount - (int)esi);
            if (!TryReadSource(_source, layout, blockIndex, (int)esi, destination[..(((count - 1) * stride) + symbolSize)], stride))
            {
                return SymbolReadResult.Unavailable;
            }

            written = count;
        }

        for (var at = written * stride; at + symbolSize <= destination.Length; at += stride)
        {
            var id = esi + (uint)written;
            var result = id > _code.EncodingSymbolIdMax ? SymbolReadResult.Unavailable
                : _encoders.TryEncode(_source, _checks, _code, layout, blockIndex, id, destination.Slice(at, symbolSize));
            if (result != SymbolReadResult.Ok)
            {
                return result;
            }

            written++;
        }

        return SymbolReadResult.Ok;
    }

    /// <summary>One read of the file, into the end of the destination; from there the symbols move forward to their places.</summary>
    private static bool TryReadSource(
        IBlockSource source, ResourceLayout layout, int blockIndex, int esi, Span<byte> destination, int stride)
    {
        var size = layout.SymbolSize;
        var count = ((destination.Length - size) / stride) + 1;
        var offset = esi * size;
        var run = destination[^(count * size)..];
        var bytes = Math.Min(run.Length, layout.BytesOf(blockIndex) - offset);
        try
        {
            source.Read(layout.OffsetOf(blockIndex) + offset, run[..bytes]);
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
