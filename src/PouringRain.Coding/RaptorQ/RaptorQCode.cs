namespace PouringRain.Coding.RaptorQ;

/// <summary>RaptorQ as RFC 6330 defines it: systematic, K of 1 to 56403 symbols, 2^24 encoding symbols of which any K, now and then K + 1
/// or K + 2, give the block.</summary>
public sealed class RaptorQCode : IFountainCode
{
    /// <summary>The most source symbols a block may have (K'_max of section 5.1.2).</summary>
    public const int MaxSymbolCount = CodeParameters.SymbolCountMax;

    /// <summary>The largest encoding symbol identifier, of 24 bits (section 3.2).</summary>
    public const uint MaxEncodingSymbolId = (1 << 24) - 1;

    /// <summary>The largest symbol, of 16 bits (section 3.3.2).</summary>
    public const int MaxSymbolSize = ushort.MaxValue;

    /// <inheritdoc/>
    public string Name => "raptorq";

    /// <inheritdoc/>
    public bool IsSystematic => true;

    /// <inheritdoc/>
    public int SymbolCountMax => MaxSymbolCount;

    /// <inheritdoc/>
    public uint EncodingSymbolIdMax => MaxEncodingSymbolId;

    /// <inheritdoc/>
    public int SymbolsToRequest(int symbolCount) => CheckCount(symbolCount);

    /// <inheritdoc/>
    public IBlockEncoder CreateEncoder(int symbolCount, int symbolSize) =>
        new RaptorQEncoder(CheckCount(symbolCount), CheckSize(symbolCount, symbolSize));

    /// <inheritdoc/>
    public IBlockDecoder CreateDecoder(int symbolCount, int symbolSize) =>
        new RaptorQDecoder(CheckCount(symbolCount), CheckSize(symbolCount, symbolSize));

    private static int CheckCount(int symbolCount)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(symbolCount, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(symbolCount, MaxSymbolCount);
        return symbolCount;
    }

    private static int CheckSize(int symbolCount, int symbolSize)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(symbolSize, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(symbolSize, MaxSymbolSize);

        // A block is one piece of memory, and the intermediate symbols, some more than K, are another.
        var parameters = CodeParameters.For(symbolCount);
        var needed = (long)(parameters.IntermediateCount + parameters.PermanentCount) * (symbolSize + 64);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(needed, Array.MaxLength, nameof(symbolSize));
        return symbolSize;
    }
}
