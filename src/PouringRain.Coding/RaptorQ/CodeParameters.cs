namespace PouringRain.Coding.RaptorQ;

/// <summary>
/// The numbers of RFC 6330, section 5.3.3.3, which all follow from K': the smallest value of Table 2 that is at least K. Columns of the
/// constraint matrix stand in the order B LT symbols, S LDPC symbols, U other permanently inactive symbols, H HDPC symbols.
/// </summary>
internal sealed class CodeParameters
{
    /// <summary>The most source symbols a block may have (K'_max).</summary>
    public const int SymbolCountMax = 56403;

    private static readonly CodeParameters?[] Known = new CodeParameters?[SystematicIndices.Table.Length / SystematicIndices.ColumnCount];

    private CodeParameters(int row)
    {
        var entry = SystematicIndices.Table.Slice(row * SystematicIndices.ColumnCount, SystematicIndices.ColumnCount);
        ExtendedCount = entry[0];
        SystematicIndex = entry[1];
        LdpcCount = entry[2];
        HdpcCount = entry[3];
        LtCount = entry[4];
        IntermediateCount = ExtendedCount + LdpcCount + HdpcCount;
        PermanentCount = IntermediateCount - LtCount;
        PermanentPrime = SmallestPrimeFrom(PermanentCount);
        PureLtCount = LtCount - LdpcCount;
        TupleFactor = (uint)(53591 + (SystematicIndex * 997)) | 1;
        TupleOffset = 10267 * (uint)(SystematicIndex + 1);
    }

    /// <summary>K'.</summary>
    public int ExtendedCount { get; }

    /// <summary>J(K').</summary>
    public int SystematicIndex { get; }

    /// <summary>S.</summary>
    public int LdpcCount { get; }

    /// <summary>H.</summary>
    public int HdpcCount { get; }

    /// <summary>W.</summary>
    public int LtCount { get; }

    /// <summary>L.</summary>
    public int IntermediateCount { get; }

    /// <summary>P.</summary>
    public int PermanentCount { get; }

    /// <summary>P1.</summary>
    public int PermanentPrime { get; }

    /// <summary>B.</summary>
    public int PureLtCount { get; }

    /// <summary>U.</summary>
    public int OtherPermanentCount => PermanentCount - HdpcCount;

    /// <summary>A of section 5.3.5.4.</summary>
    public uint TupleFactor { get; }

    /// <summary>B of section 5.3.5.4.</summary>
    public uint TupleOffset { get; }

    /// <summary>The parameters of blocks of <paramref name="symbolCount"/> source symbols.</summary>
    /// <exception cref="ArgumentOutOfRangeException">K is not in 1 to <see cref="SymbolCountMax"/>.</exception>
    public static CodeParameters For(int symbolCount)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(symbolCount, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(symbolCount, SymbolCountMax);
        var low = 0;
        var high = Known.Length - 1;
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (SystematicIndices.Table[middle * SystematicIndices.ColumnCount] >= symbolCount)
            {
                high = middle;
            }
            else
            {
                low = middle + 1;
            }
        }

        // Two threads may both make one; they are equal.
        return Known[low] ??= new CodeParameters(low);
    }

    /// <summary>The largest K' of Table 2 that is at most <paramref name="limit"/>, or 0.</summary>
    public static int LargestExtendedCount(long limit)
    {
        for (var row = Known.Length - 1; row >= 0; row--)
        {
            int candidate = SystematicIndices.Table[row * SystematicIndices.ColumnCount];
            if (candidate <= limit)
            {
                return candidate;
            }
        }

        return 0;
    }

    private static int SmallestPrimeFrom(int value)
    {
        while (true)
        {
            var divisor = 2;
            while (divisor * divisor <= value && value % divisor != 0)
            {
                divisor++;
            }

            if (divisor * divisor > value)
            {
                return value;
            }

            value++;
        }
    }
}
