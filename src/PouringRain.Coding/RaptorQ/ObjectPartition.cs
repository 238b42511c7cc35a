namespace PouringRain.Coding.RaptorQ;

/// <summary>One of the two kinds of parts that RFC 6330's Partition[I, J] makes: so many of them, of such a size.</summary>
/// <param name="Count">How many parts.</param>
/// <param name="Size">The size of each.</param>
public readonly record struct PartitionPart(int Count, int Size);

/// <summary>
/// How an object falls into source blocks and these into sub-blocks: RFC 6330, section 4.4.1.2. With N = 1 a symbol is T consecutive
/// bytes of the object; with more it is made of one sub-symbol of each sub-block, so that a receiver may decode one sub-block at a time.
/// </summary>
public sealed class ObjectPartition
{
    /// <summary>Partitions an object.</summary>
    public ObjectPartition(ObjectTransmissionInformation information)
    {
        ArgumentNullException.ThrowIfNull(information);
        Information = information;
        SymbolCount = (int)ObjectTransmissionInformation.CeilDivide(information.TransferLength, information.SymbolSize);
        (LongBlocks, ShortBlocks) = Partition(SymbolCount, information.SourceBlockCount);
        var units = information.SymbolSize / information.Alignment;
        (LongSubSymbols, ShortSubSymbols) = Partition(units, information.SubBlockCount);
    }

    /// <summary>What the object was described by.</summary>
    public ObjectTransmissionInformation Information { get; }

    /// <summary>Kt, the number of source symbols of the object.</summary>
    public int SymbolCount { get; }

    /// <summary>ZL blocks of KL symbols come first.</summary>
    public PartitionPart LongBlocks { get; }

    /// <summary>ZS blocks of KS symbols come after them.</summary>
    public PartitionPart ShortBlocks { get; }

    /// <summary>NL sub-blocks with sub-symbols of TL * Al bytes come first.</summary>
    public PartitionPart LongSubSymbols { get; }

    /// <summary>NS sub-blocks with sub-symbols of TS * Al bytes come after them.</summary>
    public PartitionPart ShortSubSymbols { get; }

    /// <summary>Partition[I, J] of section 4.4.1.2: J parts of nearly equal size, the long ones first.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="total"/> is negative or
    /// <paramref name="parts"/> not positive.</exception>
    public static (PartitionPart Long, PartitionPart Short) Partition(int total, int parts)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(total);
        ArgumentOutOfRangeException.ThrowIfLessThan(parts, 1);
        var shortSize = total / parts;
        var longCount = total % parts;
        return (new PartitionPart(longCount, longCount == 0 ? shortSize : shortSize + 1), new PartitionPart(parts - longCount, shortSize));
    }

    /// <summary>K of a source block.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such block.</exception>
    public int GetSymbolCount(int sourceBlockNumber)
    {
        CheckBlock(sourceBlockNumber);
        return sourceBlockNumber < LongBlocks.Count ? LongBlocks.Size : ShortBlocks.Size;
    }

    /// <summary>Where a source block starts in the object, in bytes.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such block.</exception>
    public long GetOffset(int sourceBlockNumber)
    {
        CheckBlock(sourceBlockNumber);
        var longer = Math.Min(sourceBlockNumber, LongBlocks.Count);
        return (((long)longer * LongBlocks.Size) + ((long)(sourceBlockNumber - longer) * ShortBlocks.Size)) * Information.SymbolSize;
    }

    /// <summary>How many bytes of the object a source block holds: K * T but for padding in the last.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such block.</exception>
    public long GetLength(int sourceBlockNumber) => Math.Min(
        (long)GetSymbolCount(sourceBlockNumber) * Information.SymbolSize, Information.TransferLength - GetOffset(sourceBlockNumber));

    /// <summary>Makes the source symbols of a block of the object's bytes: a copy, interleaved if
    /// there are sub-blocks, padded with zeros.</summary>
    /// <param name="sourceBlockNumber">Which block.</param>
    /// <param name="bytes">The bytes, <see cref="GetLength"/> of them.</param>
    /// <param name="symbols">K * T bytes.</param>
    /// <exception cref="ArgumentException">A length does not fit.</exception>
    public void ToSymbols(int sourceBlockNumber, ReadOnlySpan<byte> bytes, Span<byte> symbols)
    {
        CheckLengths(sourceBlockNumber, bytes.Length, symbols.Length);
        foreach (var piece in new Pieces(this, GetSymbolCount(sourceBlockNumber)))
        {
            var target = symbols.Slice(piece.InSymbols, piece.Length);
            var source = bytes[Math.Min(piece.InBlock, bytes.Length)..Math.Min(piece.InBlock + piece.Length, bytes.Length)];
            source.CopyTo(target);
            target[source.Length..].Clear();
        }
    }

    /// <summary>The inverse of <see cref="ToSymbols"/>; padding is dropped.</summary>
    /// <param name="sourceBlockNumber">Which block.</param>
    /// <param name="symbols">K * T bytes.</param>
    /// <param name="bytes">Room for <see cref="GetLength"/> bytes.</param>
    /// <exception cref="ArgumentException">A length does not fit.</exception>
    public void ToBytes(int sourceBlockNumber, ReadOnlySpan<byte> symbols, Span<byte> bytes)
    {
        CheckLengths(sourceBlockNumber, bytes.Length, symbols.Length);
        foreach (var piece in new Pieces(this, GetSymbolCount(sourceBlockNumber)))
        {
            var target = bytes[Math.Min(piece.InBlock, bytes.Length)..Math.Min(piece.InBlock + piece.Length, bytes.Length)];
            symbols.Slice(piece.InSymbols, target.Length).CopyTo(target);
        }
    }

    private void CheckBlock(int sourceBlockNumber)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(sourceBlockNumber);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(sourceBlockNumber, Information.SourceBlockCount);
    }

    private void CheckLengths(int sourceBlockNumber, int bytes, int symbols)
    {
        if (bytes != GetLength(sourceBlockNumber) || symbols != (long)GetSymbolCount(sourceBlockNumber) * Information.SymbolSize)
        {
            throw new ArgumentException($"Block {sourceBlockNumber} is neither {bytes} bytes nor has it symbols of {symbols} in all.");
        }
    }

    /// <summary>Sub-symbols, one after another in the block: each is a piece of a symbol.</summary>
    private ref struct Pieces(ObjectPartition partition, int symbolCount)
    {
        private readonly int _alignment = partition.Information.Alignment;
        private int _subBlock = -1;
        private int _symbol = symbolCount - 1;
        private int _inSymbol;

        public Piece Current { get; private set; }

        public readonly Pieces GetEnumerator() => this;

        public bool MoveNext()
        {
            var next = Current.InBlock + Current.Length;
            if (++_symbol == symbolCount)
            {
                _inSymbol += Current.Length;
                _symbol = 0;
                if (++_subBlock == partition.Information.SubBlockCount)
                {
                    return false;
                }
            }

            var length =
                _alignment * (_subBlock < partition.LongSubSymbols.Count ? partition.LongSubSymbols.Size : partition.ShortSubSymbols.Size);
            Current = new Piece(next, (_symbol * partition.Information.SymbolSize) + _inSymbol, length);
            return true;
        }
    }

    private readonly record struct Piece(int InBlock, int InSymbols, int Length);
}
