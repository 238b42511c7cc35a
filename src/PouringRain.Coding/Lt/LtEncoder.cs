using PouringRain.Coding.Kernels;

namespace PouringRain.Coding.Lt;

/// <summary>Sums the neighbours of each droplet wanted, straight from the source block.</summary>
internal sealed class LtEncoder : IBlockEncoder
{
    private readonly LtNeighbours _neighbours;
    private ReadOnlyMemory<byte> _sourceBlock;
    private uint _sourceBlockNumber;

    internal LtEncoder(LtNeighbours neighbours, int symbolCount, int symbolSize)
    {
        _neighbours = neighbours;
        SymbolCount = symbolCount;
        SymbolSize = symbolSize;
    }

    public int SymbolCount { get; }

    public int SymbolSize { get; }

    public void Begin(uint sourceBlockNumber, ReadOnlyMemory<byte> sourceBlock)
    {
        if (sourceBlock.Length > (long)SymbolCount * SymbolSize || sourceBlock.Length <= (long)(SymbolCount - 1) * SymbolSize)
        {
            throw new ArgumentException(
                $"A block of {sourceBlock.Length} bytes does not fill {SymbolCount} symbols of {SymbolSize} bytes.", nameof(sourceBlock));
        }

        _sourceBlockNumber = sourceBlockNumber;
        _sourceBlock = sourceBlock;
    }

    public void Encode(uint esi, Span<byte> destination)
    {
        if (_sourceBlock.IsEmpty)
        {
            throw new InvalidOperationException("No block was begun.");
        }

        if (esi > LtCode.EsiMax)
        {
            throw new ArgumentException($"The ESI {esi} is above {LtCode.EsiMax}.", nameof(esi));
        }

        if (destination.Length != SymbolSize)
        {
            throw new ArgumentException($"A symbol has {SymbolSize} bytes, not {destination.Length}.", nameof(destination));
        }

        var source = _sourceBlock.Span;
        Span<int> room = stackalloc int[_neighbours.DegreeMax];
        var neighbours = _neighbours.Expand(_neighbours.Row(_sourceBlockNumber, esi), room);

        // The last symbol may be short; it is then added by itself, as far as it goes.
        var lastStart = (SymbolCount - 1) * SymbolSize;
        var position = source.Length < lastStart + SymbolSize ? neighbours.IndexOf(SymbolCount - 1) : -1;
        if (position >= 0)
        {
            neighbours[position] = neighbours[^1];
            neighbours = neighbours[..^1];
        }

        SymbolKernels.Best.XorGather(destination, source, SymbolSize, neighbours, accumulate: false);
        if (position >= 0)
        {
            var last = source[lastStart..];
            SymbolKernels.Best.Xor(destination[..last.Length], last);
        }
    }

    public void Dispose() => _sourceBlock = default;
}
