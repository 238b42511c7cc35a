namespace PouringRain.Coding.Erasure;

/// <summary>
/// How the source blocks of a resource fall into cells: a block of n bytes has k cells of ceil(n / k) bytes, cell p of a block being
/// its bytes from p * ceil(n / k) on; the last cells may be short or empty, and count as filled up with zeros. Piece j of a resource
/// is its coded cells j, one of each block, one behind another, each whole. So the 16 pieces of a (16, 11) code take at most 1.47 of the
/// resource in blocks of 1 KiB and more, and 16 bytes. Blocks of a multiple of k bytes, as of symbols of 1408, have no padding.
/// All arithmetic of lengths is here.
/// </summary>
public sealed record CellLayout
{
    /// <summary>Lays out a resource.</summary>
    /// <param name="length">The resource's bytes.</param>
    /// <param name="blockBytes">Bytes of every source block but the last.</param>
    /// <param name="partCount">k, the cells of a block.</param>
    /// <exception cref="ArgumentOutOfRangeException">A negative length; no bytes in a block, or no cells; 2^31 blocks or more.</exception>
    public CellLayout(long length, int blockBytes, int partCount)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfLessThan(blockBytes, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(partCount, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length / blockBytes, int.MaxValue - 1, nameof(length));
        Length = length;
        BlockBytes = blockBytes;
        PartCount = partCount;
        BlockCount = (int)(length / blockBytes) + (length % blockBytes == 0 ? 0 : 1);
        CellBytes = CellBytesFor(blockBytes, partCount);
    }

    /// <summary>The resource's bytes.</summary>
    public long Length { get; }

    /// <summary>Bytes of every source block but the last.</summary>
    public int BlockBytes { get; }

    /// <summary>k: cells of a block.</summary>
    public int PartCount { get; }

    /// <summary>Source blocks, and cells of a piece; 0 when the resource is empty.</summary>
    public int BlockCount { get; }

    /// <summary>Bytes of every cell but those of the last block.</summary>
    public int CellBytes { get; }

    /// <summary>Bytes of a piece, and of a part with its padding: the same for all of them.</summary>
    public long PieceLength => BlockCount == 0 ? 0 : OffsetInPieceOf(BlockCount - 1) + CellBytesOf(BlockCount - 1);

    /// <summary>Bytes of a cell of a block of so many bytes.</summary>
    public static int CellBytesFor(int blockBytes, int partCount) => (int)(((long)blockBytes + partCount - 1) / partCount);

    /// <summary>Bytes of a block.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such block.</exception>
    public int BytesOf(int blockIndex) => (int)Math.Min(BlockBytes, Length - OffsetOf(blockIndex));

    /// <summary>Where a block starts in the resource.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such block.</exception>
    public long OffsetOf(int blockIndex)
    {
        RequireBlock(blockIndex);
        return (long)blockIndex * BlockBytes;
    }

    /// <summary>Bytes of a cell of a block, with its padding.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such block.</exception>
    public int CellBytesOf(int blockIndex) => CellBytesFor(BytesOf(blockIndex), PartCount);

    /// <summary>Bytes of one cell of a block without its padding: 0 to the whole cell.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such block or cell.</exception>
    public int CellBytesOf(int blockIndex, int part)
    {
        RequirePart(part);
        var cell = CellBytesOf(blockIndex);
        return (int)Math.Clamp(BytesOf(blockIndex) - ((long)part * cell), 0, cell);
    }

    /// <summary>Where the cell of a block starts in every piece.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such block.</exception>
    public long OffsetInPieceOf(int blockIndex)
    {
        RequireBlock(blockIndex);
        return (long)blockIndex * CellBytes;
    }

    /// <summary>Where a cell starts in the resource: its end when the cell holds padding alone.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such block or cell.</exception>
    public long OffsetOf(int blockIndex, int part)
    {
        RequirePart(part);
        return OffsetOf(blockIndex) + Math.Min(BytesOf(blockIndex), (long)part * CellBytesOf(blockIndex));
    }

    /// <summary>The block that holds a byte of the resource.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such byte.</exception>
    public int BlockAt(long offset)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(offset, Length);
        return (int)(offset / BlockBytes);
    }

    /// <summary>The block whose cell holds a byte of a piece.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such byte.</exception>
    public int BlockAtPieceOffset(long offset)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(offset, PieceLength);
        return (int)(offset / CellBytes);
    }

    /// <summary>What of one block's cells a range of the resource touches.</summary>
    /// <param name="blockIndex">The block.</param>
    /// <param name="offset">The range's first byte in the resource.</param>
    /// <param name="length">Its bytes.</param>
    /// <returns>The cells, and the bytes of every piece's cell from which they are decoded; empty when the range lies elsewhere.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There is no such block, or the range does not lie in the resource.</exception>
    public CellRange RangeOf(int blockIndex, long offset, long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Length - offset);
        var blockOffset = OffsetOf(blockIndex);
        var start = (int)Math.Clamp(offset - blockOffset, 0, BytesOf(blockIndex));
        var end = (int)Math.Clamp(offset + length - blockOffset, 0, BytesOf(blockIndex));
        if (start >= end)
        {
            return new CellRange(blockIndex, 0, 0, 0, 0);
        }

        // Within one cell those columns do; a range over the border of two takes them whole.
        var cell = CellBytesOf(blockIndex);
        var (first, last) = (start / cell, (end - 1) / cell);
        return first == last
            ? new CellRange(blockIndex, first, 1, start - (first * cell), end - start)
            : new CellRange(blockIndex, first, last - first + 1, 0, cell);
    }

    private void RequireBlock(int blockIndex)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(blockIndex);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(blockIndex, BlockCount);
    }

    private void RequirePart(int part)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(part);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(part, PartCount);
    }
}
