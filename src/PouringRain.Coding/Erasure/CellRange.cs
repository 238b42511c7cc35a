namespace PouringRain.Coding.Erasure;

/// <summary>Cells of one block, and the same bytes of each: what it takes to decode a range of the block, k times
/// <paramref name="Bytes"/> of pieces.</summary>
/// <param name="BlockIndex">The block.</param>
/// <param name="FirstPart">The first cell.</param>
/// <param name="PartCount">How many; 0 when there is nothing of the range in the block.</param>
/// <param name="Offset">The first byte in each cell.</param>
/// <param name="Bytes">How many bytes of each cell.</param>
public readonly record struct CellRange(int BlockIndex, int FirstPart, int PartCount, int Offset, int Bytes)
{
    /// <summary>Whether there is nothing to decode.</summary>
    public bool IsEmpty => PartCount == 0;
}
