using PouringRain.Coding.Kernels;

namespace PouringRain.Coding.Erasure;

/// <summary>
/// Encodes and decodes one block at a time. A block is its bytes without padding: where its last cells are short or empty they count as
/// filled up with zeros, which are neither read nor written. Coded cells lie one behind another, <c>stride</c> bytes apart, each of
/// <see cref="CellLayout.CellBytesFor"/> bytes. Nothing is allocated.
/// </summary>
public static class CellCoder
{
    /// <summary>Makes coded cells of a block from its source cells: what whoever has the whole can do for any piece.</summary>
    /// <param name="code">The code.</param>
    /// <param name="pieces">Which pieces.</param>
    /// <param name="block">The block.</param>
    /// <param name="cells">A coded cell for each piece, in that order.</param>
    /// <param name="stride">From one coded cell to the next.</param>
    /// <exception cref="ArgumentException">The cells have no room, or there is no such piece.</exception>
    public static void Encode(ErasureCode code, ReadOnlySpan<int> pieces, ReadOnlySpan<byte> block, Span<byte> cells, int stride)
    {
        ArgumentNullException.ThrowIfNull(code);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(pieces.Length, PieceSet.CountMax);
        var cellBytes = CellLayout.CellBytesFor(block.Length, code.PartCount);
        var (whole, rest) = cellBytes == 0 ? (0, 0) : Math.DivRem(block.Length, cellBytes);
        Span<byte> matrix = stackalloc byte[PieceSet.CountMax * PieceSet.CountMax];
        for (var i = 0; i < pieces.Length; i++)
        {
            code.RowOf(pieces[i])[..whole].CopyTo(matrix[(i * whole)..]);
        }

        var kernel = SymbolKernels.Best;
        kernel.Combine(cells, stride, block, cellBytes, matrix[..(pieces.Length * whole)], pieces.Length, cellBytes, accumulate: false);
        if (rest == 0)
        {
            return;
        }

        for (var i = 0; i < pieces.Length; i++)
        {
            matrix[i] = code.RowOf(pieces[i])[whole];
        }

        kernel.Combine(cells, stride, block[(whole * cellBytes)..], 0, matrix[..pieces.Length], pieces.Length, rest, accumulate: true);
    }

    /// <summary>Makes a block of its coded cells.</summary>
    /// <param name="code">The code.</param>
    /// <param name="coefficients">What <see cref="ErasureCode.TryGetDecoding(ReadOnlySpan{int}, Span{byte})"/> gave for the pieces.</param>
    /// <param name="cells">Their coded cells, in the order in which the pieces were named.</param>
    /// <param name="stride">From one coded cell to the next.</param>
    /// <param name="block">Where the block goes.</param>
    /// <exception cref="ArgumentException">The cells are fewer, or the coefficients are not k rows.</exception>
    public static void Decode(ErasureCode code, ReadOnlySpan<byte> coefficients, ReadOnlySpan<byte> cells, int stride, Span<byte> block)
    {
        ArgumentNullException.ThrowIfNull(code);
        if (coefficients.Length % code.PartCount != 0)
        {
            throw new ArgumentException($"{coefficients.Length} coefficients are not {code.PartCount} rows.");
        }

        var cellBytes = CellLayout.CellBytesFor(block.Length, code.PartCount);
        var columns = coefficients.Length / code.PartCount;
        var (whole, rest) = cellBytes == 0 ? (0, 0) : Math.DivRem(block.Length, cellBytes);
        var kernel = SymbolKernels.Best;
        kernel.Combine(block, cellBytes, cells, stride, coefficients[..(whole * columns)], whole, cellBytes, accumulate: false);
        if (rest > 0)
        {
            var row = coefficients.Slice(whole * columns, columns);
            kernel.Combine(block[(whole * cellBytes)..], 0, cells, stride, row, 1, rest, accumulate: false);
        }
    }
}
