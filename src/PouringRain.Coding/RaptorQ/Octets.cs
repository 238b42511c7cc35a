using PouringRain.Coding.Kernels;

namespace PouringRain.Coding.RaptorQ;

/// <summary>Small dense systems over GF(2^8).</summary>
internal static class Octets
{
    /// <summary>
    /// Solves for <paramref name="unknowns"/> unknowns with as many of the rows as it takes, in place: afterwards, unknown c is the sum
    /// over all unknowns d of matrix[rowOf[c], d] times the right side of row rowOf[d].
    /// </summary>
    /// <param name="matrix">Coefficients row by row; replaced.</param>
    /// <param name="stride">Bytes of a row.</param>
    /// <param name="rows">How many rows there are, at least as many as unknowns.</param>
    /// <param name="unknowns">How many unknowns there are.</param>
    /// <param name="rowOf">Per unknown the row that gives it.</param>
    /// <returns>Whether the rows determine all unknowns.</returns>
    public static bool TryInvertInPlace(Span<byte> matrix, int stride, int rows, int unknowns, Span<int> rowOf)
    {
        var kernel = SymbolKernels.Best;
        for (var column = 0; column < unknowns; column++)
        {
            var pivot = -1;
            for (var row = 0; row < rows && pivot < 0; row++)
            {
                if (matrix[(row * stride) + column] != 0 && !rowOf[..column].Contains(row))
                {
                    pivot = row;
                }
            }

            if (pivot < 0)
            {
                return false;
            }

            rowOf[column] = pivot;
            var source = matrix.Slice(pivot * stride, unknowns);
            var inverse = Gf256.Inverse(source[column]);
            source[column] = 1;
            kernel.Scale(source, inverse);
            for (var row = 0; row < rows; row++)
            {
                var factor = matrix[(row * stride) + column];
                if (row != pivot && factor != 0)
                {
                    matrix[(row * stride) + column] = 0;
                    kernel.MultiplyAdd(matrix.Slice(row * stride, unknowns), source, factor);
                }
            }
        }

        return true;
    }
}
