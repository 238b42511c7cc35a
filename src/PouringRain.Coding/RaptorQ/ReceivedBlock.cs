namespace PouringRain.Coding.RaptorQ;

/// <summary>What has been received of a block. Symbols are numbered by their places: those below K in <see cref="Block"/>, the others in
/// <see cref="Extra"/>.</summary>
internal readonly ref struct ReceivedBlock
{
    public required CodeParameters Parameters { get; init; }

    public required int SymbolCount { get; init; }

    public required int SymbolSize { get; init; }

    /// <summary>How many source symbols have come; they are in their places.</summary>
    public required int SourceCount { get; init; }

    /// <summary>A bit for each of them.</summary>
    public required ReadOnlySpan<ulong> SourceSeen { get; init; }

    /// <summary>The ESIs of the repair symbols.</summary>
    public required ReadOnlySpan<uint> RepairIds { get; init; }

    /// <summary>Their places.</summary>
    public required ReadOnlySpan<int> RepairPlaces { get; init; }

    /// <summary>The block, with repair symbols in some of its holes.</summary>
    public required Span<byte> Block { get; init; }

    /// <summary>More repair symbols.</summary>
    public required ReadOnlySpan<byte> Extra { get; init; }

    public int MissingCount => SymbolCount - SourceCount;

    /// <summary>What is added to the ESI of a repair symbol to get its ISI.</summary>
    public uint PaddingCount => (uint)(Parameters.ExtendedCount - SymbolCount);

    public bool IsSeen(int index) => (SourceSeen[index >> 6] & (1UL << index)) != 0;
}
