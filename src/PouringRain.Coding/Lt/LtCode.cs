namespace PouringRain.Coding.Lt;

/// <summary>
/// The Luby transform (M. Luby, "LT Codes", FOCS 2002): an encoding symbol is the sum over GF(2) of a few source symbols, chosen at random
/// from (SBN, ESI) by a generator that both ends share. It is not systematic. How the choice is made is told at
/// <see cref="LtNeighbours"/> and <see cref="RobustSoliton"/>.
/// </summary>
public sealed class LtCode : IFountainCode
{
    internal const uint EsiMax = (1 << 24) - 1;

    private LtCode()
    {
    }

    /// <summary>The code; it has no state.</summary>
    public static LtCode Instance { get; } = new();

    /// <inheritdoc/>
    public string Name => "lt";

    /// <inheritdoc/>
    public bool IsSystematic => false;

    /// <inheritdoc/>
    public int SymbolCountMax => 56403;

    /// <inheritdoc/>
    public uint EncodingSymbolIdMax => EsiMax;

    /// <inheritdoc/>
    /// <remarks>Meant for the ESIs 0, 1, 2, …, however they are divided among sources. Up to 64 source symbols these always suffice;
    /// above, they do in 99 of 100 blocks.</remarks>
    public int SymbolsToRequest(int symbolCount)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(symbolCount, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(symbolCount, SymbolCountMax);
        return symbolCount + symbolCount switch
        {
            <= LtNeighbours.DenseSymbolCountMax => 0,
            <= LtNeighbours.InTurnSymbolCountMax => 8,
            _ => 16,
        };
    }

    /// <inheritdoc/>
    public IBlockEncoder CreateEncoder(int symbolCount, int symbolSize)
    {
        RequireSizes(symbolCount, symbolSize);
        return new LtEncoder(new LtNeighbours(symbolCount), symbolCount, symbolSize);
    }

    /// <inheritdoc/>
    public IBlockDecoder CreateDecoder(int symbolCount, int symbolSize)
    {
        RequireSizes(symbolCount, symbolSize);
        return new LtDecoder(new LtNeighbours(symbolCount), symbolCount, symbolSize);
    }

    private void RequireSizes(int symbolCount, int symbolSize)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(symbolCount, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(symbolCount, SymbolCountMax);
        ArgumentOutOfRangeException.ThrowIfLessThan(symbolSize, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(symbolSize, ushort.MaxValue);

        // A block is one span of memory, and so are the symbols received for it.
        ArgumentOutOfRangeException.ThrowIfGreaterThan(
            (long)(symbolCount + LtDecoder.SpareSymbols(symbolCount, symbolSize)) * symbolSize, Array.MaxLength, nameof(symbolSize));
    }
}
