using PouringRain.Coding.Kernels;
using PouringRain.Coding.Plans;

namespace PouringRain.Coding.RaptorQ;

/// <summary>
/// Encodes by RFC 6330, section 5.3. <see cref="Begin"/> runs the cached plan of K' over the block. The intermediate symbols stay where the
/// plan leaves them, strip after strip, and the scratch slots of a strip lie where the next one will begin.
/// </summary>
internal sealed class RaptorQEncoder : IBlockEncoder
{
    private readonly CodeParameters _parameters;
    private readonly int[] _inputs;
    private readonly byte[] _lastSymbol;
    private ReadOnlyMemory<byte> _block;
    private AlignedBytes _intermediate;
    private int _intermediateLength;
    private Strips _strips;
    private bool _begun;

    public RaptorQEncoder(int symbolCount, int symbolSize)
    {
        SymbolCount = symbolCount;
        SymbolSize = symbolSize;
        _parameters = CodeParameters.For(symbolCount);
        _lastSymbol = new byte[symbolSize];
        _inputs = new int[_parameters.ExtendedCount];
        for (var i = 0; i < _inputs.Length; i++)
        {
            _inputs[i] = i < symbolCount ? i : -1;
        }
    }

    public int SymbolCount { get; }

    public int SymbolSize { get; }

    public void Begin(uint sourceBlockNumber, ReadOnlyMemory<byte> sourceBlock)
    {
        var last = (SymbolCount - 1) * SymbolSize;
        if (sourceBlock.Length <= last || sourceBlock.Length > last + SymbolSize)
        {
            throw new ArgumentException(
                $"A block of {sourceBlock.Length} bytes is not one of {SymbolCount} symbols of {SymbolSize} bytes.", nameof(sourceBlock));
        }

        _begun = false;
        _block = sourceBlock;
        var lastSymbol = _lastSymbol.AsSpan();
        var rest = sourceBlock.Span[last..];
        rest.CopyTo(lastSymbol);
        lastSymbol[rest.Length..].Clear();

        var plan = EncodingPlans.Get(_parameters);
        var count = _parameters.IntermediateCount;
        var kernel = SymbolKernels.ForPlans;
        _strips = new Strips(SymbolSize, kernel.VectorSize);
        _intermediateLength = (count * _strips.SlotSize) + ((plan.SlotCount - count) * _strips.WidthMax);
        var slots = _intermediate.Get(_intermediateLength);
        var symbols = new PlanSymbols
        {
            SymbolSize = SymbolSize,
            Main = sourceBlock.Span,
            ExtraBase = SymbolCount - 1,
            Extra = _lastSymbol,
            Inputs = _inputs,
        };
        symbols.Validate();
        for (var offset = 0; offset < SymbolSize;)
        {
            var strip = _strips.At(offset);
            kernel.Run(plan.Words, slots.Slice(offset * count, plan.SlotCount * strip.Width), strip, symbols);
            offset += strip.Length;
        }

        _begun = true;
    }

    public void Encode(uint esi, Span<byte> destination)
    {
        if (!_begun)
        {
            throw new InvalidOperationException("No block was begun.");
        }

        if (esi > RaptorQCode.MaxEncodingSymbolId)
        {
            throw new ArgumentOutOfRangeException(
                nameof(esi), esi, $"Encoding symbol identifiers end at {RaptorQCode.MaxEncodingSymbolId}.");
        }

        if (destination.Length != SymbolSize)
        {
            throw new ArgumentException($"{destination.Length} bytes do not hold a symbol of {SymbolSize}.", nameof(destination));
        }

        if (esi < SymbolCount - 1)
        {
            _block.Span.Slice((int)esi * SymbolSize, SymbolSize).CopyTo(destination);
        }
        else if (esi == SymbolCount - 1)
        {
            _lastSymbol.CopyTo(destination);
        }
        else
        {
            EncodeRepair(esi, destination);
        }
    }

    public void Dispose()
    {
        _begun = false;
        _block = default;
        _intermediate = default;
    }

    /// <summary>The intermediate symbols C[0] to C[L-1] of the block begun, one behind another: a copy, for tests.</summary>
    internal byte[] GetIntermediateSymbols()
    {
        var count = _parameters.IntermediateCount;
        var copy = new byte[count * SymbolSize];
        var slots = _intermediate.Read(_intermediateLength);
        for (var offset = 0; offset < SymbolSize;)
        {
            var strip = _strips.At(offset);
            for (var i = 0; i < count; i++)
            {
                slots.Slice((offset * count) + (i * strip.Width), strip.Length).CopyTo(copy.AsSpan((i * SymbolSize) + offset));
            }

            offset += strip.Length;
        }

        return copy;
    }

    private void EncodeRepair(uint esi, Span<byte> destination)
    {
        Span<int> indices = stackalloc int[LtTuple.IndexCountMax];
        var isi = esi + (uint)(_parameters.ExtendedCount - SymbolCount);
        indices = indices[..new LtTuple(_parameters, isi).WriteIndices(_parameters, indices)];
        var slots = _intermediate.Read(_intermediateLength);
        for (var offset = 0; offset < SymbolSize;)
        {
            var strip = _strips.At(offset);
            SymbolKernels.Best.XorGather(
                destination.Slice(offset, strip.Length), slots[(offset * _parameters.IntermediateCount)..], strip.Width, indices,
                accumulate: false);
            offset += strip.Length;
        }
    }
}
