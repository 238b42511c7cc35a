using PouringRain.Coding.Kernels;

namespace PouringRain.Coding.Erasure;

/// <summary>
/// Rows over GF(2^8) in echelon form, each with its combination of the rows that were added. Every row of the basis has zeros where the
/// rows before it have their pivots, so that reducing by them in their order leaves nothing behind.
/// </summary>
internal sealed class PieceBasis(int columns, int rowsMax)
{
    private readonly byte[] _rows = new byte[columns * (columns + rowsMax)];
    private readonly int[] _pivots = new int[columns];
    private readonly byte[] _row = new byte[columns + rowsMax];

    /// <summary>The dimension of what was added.</summary>
    public int Rank { get; private set; }

    private int Stride => columns + rowsMax;

    /// <summary>Adds a row as number <paramref name="index"/>; says whether it told anything new.</summary>
    public bool TryAdd(ReadOnlySpan<byte> row, int index)
    {
        var reduced = _row.AsSpan();
        reduced.Clear();
        row.CopyTo(reduced);
        reduced[columns + index] = 1;
        Reduce(reduced);
        var pivot = reduced[..columns].IndexOfAnyExcept((byte)0);
        if (pivot < 0)
        {
            return false;
        }

        SymbolKernels.Best.Scale(reduced, Gf256.Inverse(reduced[pivot]));
        reduced.CopyTo(_rows.AsSpan(Rank * Stride));
        _pivots[Rank++] = pivot;
        return true;
    }

    /// <summary>Expresses a row as a combination of those added, <paramref name="coefficients"/> in the order of their numbers.</summary>
    public bool TryExpress(ReadOnlySpan<byte> row, Span<byte> coefficients)
    {
        var reduced = _row.AsSpan();
        reduced.Clear();
        row.CopyTo(reduced);
        Reduce(reduced);
        reduced.Slice(columns, coefficients.Length).CopyTo(coefficients);
        return !reduced[..columns].ContainsAnyExcept((byte)0);
    }

    private void Reduce(Span<byte> row)
    {
        for (var i = 0; i < Rank; i++)
        {
            SymbolKernels.Best.MultiplyAdd(row, _rows.AsSpan(i * Stride, Stride), row[_pivots[i]]);
        }
    }
}
