using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;

namespace PouringRain.Coding.RaptorQ;

/// <summary>
/// The object transmission information of RFC 6330, sections 3.3.2 and 3.3.3: all that a receiver must know of an object. Instances are
/// valid: every rule of these sections and of 4.4.1.2 holds.
/// </summary>
public sealed record ObjectTransmissionInformation
{
    /// <summary>Bytes on the wire: common and scheme-specific part.</summary>
    public const int Size = 12;

    /// <summary>The largest transfer length: 56403 symbols of 65535 bytes in 255 blocks (erratum 5548; Z has 8 bits).</summary>
    public const long TransferLengthMax = 942_574_504_275;

    private ObjectTransmissionInformation(long transferLength, int symbolSize, int sourceBlockCount, int subBlockCount, int alignment)
    {
        TransferLength = transferLength;
        SymbolSize = symbolSize;
        SourceBlockCount = sourceBlockCount;
        SubBlockCount = subBlockCount;
        Alignment = alignment;
    }

    /// <summary>F, the length of the object in bytes.</summary>
    public long TransferLength { get; }

    /// <summary>T in bytes.</summary>
    public int SymbolSize { get; }

    /// <summary>Z, the number of source blocks.</summary>
    public int SourceBlockCount { get; }

    /// <summary>N, the number of sub-blocks of each source block.</summary>
    public int SubBlockCount { get; }

    /// <summary>Al: sub-symbols are multiples of this many bytes.</summary>
    public int Alignment { get; }

    /// <summary>Makes one of its numbers.</summary>
    /// <param name="transferLength">F, 1 to <see cref="TransferLengthMax"/>.</param>
    /// <param name="symbolSize">T, 1 to 65535, a multiple of Al.</param>
    /// <param name="sourceBlockCount">Z, 1 to 255, so many that no block has more than 56403 symbols and none is empty.</param>
    /// <param name="subBlockCount">N, 1 to T / Al.</param>
    /// <param name="alignment">Al, 1 to 255.</param>
    /// <exception cref="ArgumentException">A rule is broken; the message names it.</exception>
    public static ObjectTransmissionInformation Create(
        long transferLength, int symbolSize, int sourceBlockCount, int subBlockCount, int alignment) =>
        FindFault(transferLength, symbolSize, sourceBlockCount, subBlockCount, alignment) is { } fault
            ? throw new ArgumentException(fault)
            : new ObjectTransmissionInformation(transferLength, symbolSize, sourceBlockCount, subBlockCount, alignment);

    /// <summary>Chooses T, Z and N by the example of section 4.3.</summary>
    /// <param name="transferLength">F.</param>
    /// <param name="payloadSize">P', the largest packet payload in bytes, which becomes T.</param>
    /// <param name="workingSet">WS, the largest block in bytes that the receiver can decode in working memory.</param>
    /// <param name="alignment">Al.</param>
    /// <param name="subSymbolMinimum">SS: sub-symbols have at least SS * Al bytes.</param>
    /// <exception cref="ArgumentException">There is no such choice: WS is too small for the smallest block, or Z would exceed 255, or
    /// another rule is broken.</exception>
    public static ObjectTransmissionInformation Derive(
        long transferLength, int payloadSize, long workingSet, int alignment, int subSymbolMinimum)
    {
        if (FindFault(transferLength, payloadSize, 1, 1, alignment, checksBlocks: false) is { } fault)
        {
            throw new ArgumentException(fault);
        }

        ArgumentOutOfRangeException.ThrowIfLessThan(subSymbolMinimum, 1);
        var subBlocksMax = (int)(payloadSize / ((long)subSymbolMinimum * alignment));
        if (subBlocksMax < 1)
        {
            throw new ArgumentException($"Symbols of {payloadSize} bytes hold no sub-symbol of {subSymbolMinimum} * {alignment} bytes.");
        }

        var symbols = CeilDivide(transferLength, payloadSize);
        var largest = SymbolsWithin(workingSet, payloadSize, alignment, subBlocksMax);
        if (largest == 0)
        {
            throw new ArgumentException($"No block fits in a working set of {workingSet} bytes.");
        }

        var blocks = CeilDivide(symbols, largest);
        if (blocks > byte.MaxValue)
        {
            throw new ArgumentException($"{blocks} source blocks are needed, and there can be 255.");
        }

        var subBlocks = 1;
        while (CeilDivide(symbols, blocks) > SymbolsWithin(workingSet, payloadSize, alignment, subBlocks))
        {
            subBlocks++;
        }

        return Create(transferLength, payloadSize, (int)blocks, subBlocks, alignment);
    }

    /// <summary>Reads the 12 bytes of sections 3.3.2 and 3.3.3; the reserved byte is ignored.</summary>
    /// <returns><see langword="false"/> if there are less, or a rule is broken.</returns>
    public static bool TryRead(ReadOnlySpan<byte> source, [NotNullWhen(true)] out ObjectTransmissionInformation? information)
    {
        information = null;
        if (source.Length < Size)
        {
            return false;
        }

        var transferLength = ((long)BinaryPrimitives.ReadUInt32BigEndian(source) << 8) | source[4];
        int symbolSize = BinaryPrimitives.ReadUInt16BigEndian(source[6..]);
        int subBlockCount = BinaryPrimitives.ReadUInt16BigEndian(source[9..]);
        if (FindFault(transferLength, symbolSize, source[8], subBlockCount, source[11]) is not null)
        {
            return false;
        }

        information = new ObjectTransmissionInformation(transferLength, symbolSize, source[8], subBlockCount, source[11]);
        return true;
    }

    /// <summary>Writes the 12 bytes.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no room for <see cref="Size"/> bytes.</exception>
    public void Write(Span<byte> destination)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(destination.Length, Size, nameof(destination));
        BinaryPrimitives.WriteUInt32BigEndian(destination, (uint)(TransferLength >> 8));
        destination[4] = (byte)TransferLength;
        destination[5] = 0;
        BinaryPrimitives.WriteUInt16BigEndian(destination[6..], (ushort)SymbolSize);
        destination[8] = (byte)SourceBlockCount;
        BinaryPrimitives.WriteUInt16BigEndian(destination[9..], (ushort)SubBlockCount);
        destination[11] = (byte)Alignment;
    }

    internal static long CeilDivide(long dividend, long divisor) => (dividend + divisor - 1) / divisor;

    // KL(n): the most symbols of a block whose sub-blocks, one of n, fit in the working set.
    private static int SymbolsWithin(long workingSet, int symbolSize, int alignment, int subBlocks) =>
        CodeParameters.LargestExtendedCount(workingSet / (alignment * CeilDivide(symbolSize, (long)alignment * subBlocks)));

    private static string? FindFault(
        long transferLength, int symbolSize, int sourceBlockCount, int subBlockCount, int alignment, bool checksBlocks = true)
    {
        if (transferLength is < 1 or > TransferLengthMax)
        {
            return $"The transfer length F must be 1 to {TransferLengthMax}, not {transferLength}.";
        }

        if (symbolSize is < 1 or > ushort.MaxValue)
        {
            return $"The symbol size T must be 1 to 65535, not {symbolSize}.";
        }

        if (alignment is < 1 or > byte.MaxValue || symbolSize % alignment != 0)
        {
            return $"The alignment Al must be 1 to 255 and divide T = {symbolSize}, unlike {alignment}.";
        }

        if (!checksBlocks)
        {
            return null;
        }

        if (sourceBlockCount is < 1 or > byte.MaxValue)
        {
            return $"The number of source blocks Z must be 1 to 255, not {sourceBlockCount}.";
        }

        if (subBlockCount < 1 || subBlockCount > symbolSize / alignment)
        {
            return $"The number of sub-blocks N must be 1 to T / Al = {symbolSize / alignment}, not {subBlockCount}.";
        }

        var symbols = CeilDivide(transferLength, symbolSize);
        if (sourceBlockCount > symbols)
        {
            return $"{symbols} symbols do not make {sourceBlockCount} source blocks.";
        }

        return CeilDivide(symbols, sourceBlockCount) > CodeParameters.SymbolCountMax
            ? $"A block of {CeilDivide(symbols, sourceBlockCount)} symbols has more than {CodeParameters.SymbolCountMax}."
            : null;
    }
}
