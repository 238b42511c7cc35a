using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using PouringRain.Coding.Plans;

namespace PouringRain.Coding.RaptorQ;

/// <content>
/// The dense system in the u inactive unknowns. Its binary rows are inverted in place over GF(2): afterwards a row holds, at the bits
/// that are pivots, which of the left-over rows it sums, and at the other bits, which of the remaining unknowns it still depends on.
/// Those remaining ones, at most H, follow from the HDPC rows over GF(2^8); when the binary rows suffice, HDPC rows are not looked at.
/// </content>
internal sealed partial class Elimination
{
    private const int HdpcCountMax = 16;

    // The bits of a row are whole cache lines, so that every kernel may go by whole vectors.
    private const int RowAlignment = 64;

    // A hostile choice of symbols can make nearly all columns inactive. Beyond this the answer is "more symbols".
    private const long MatrixBytesMax = 192L << 20;

    // Row c holds the inactive unknowns in D[c] for a pivot column, itself for an inactive one; then come the left-over rows.
    private AlignedBytes _matrix;
    private int _stride;
    private int[] _residual = [];
    private int _residualCount;

    // Per bit the left-over row (0, 1, ..) that is its pivot, or -1.
    private int[] _pivotOfBit = [];
    private int _rank;
    private int[] _freeBits = [];
    private int _freeCount;

    private int[] _hdpcPairs = [];

    // Per bit its coefficients in the H rows, 16 bytes each.
    private byte[] _hdpcColumns = [];

    // Of the solution for the free unknowns: per free unknown its row of HDPC sums; the matrix, 16 bytes a row of H.
    private readonly byte[] _small = new byte[HdpcCountMax * HdpcCountMax];
    private readonly int[] _smallRowOf = new int[HdpcCountMax];

    private bool TrySolveDense()
    {
        var p = _parameters;
        CollectResidual();
        _stride = (_inactiveCount + (8 * RowAlignment) - 1) / (8 * RowAlignment) * RowAlignment;
        var size = (long)(p.IntermediateCount + _residualCount) * _stride;
        if (_residualCount + p.HdpcCount < _inactiveCount || size > MatrixBytesMax)
        {
            return false;
        }

        var matrix = _matrix.Get((int)size, (int)size / 8);
        FillMatrix(matrix);
        InvertBinary(matrix[(p.IntermediateCount * _stride)..]);
        if (_freeCount > p.HdpcCount)
        {
            return false;
        }

        if (_freeCount == 0)
        {
            return true;
        }

        SumHdpcRows(matrix);
        return TrySolveFree(matrix[(p.IntermediateCount * _stride)..]);
    }

    private void CollectResidual()
    {
        Ensure(ref _residual, _rowCount);
        _residualCount = 0;
        for (var row = 0; row < _rowCount; row++)
        {
            if (_rowPivot[row] < 0)
            {
                _residual[_residualCount++] = row;
            }
        }
    }

    private void FillMatrix(Span<byte> matrix)
    {
        matrix[..(_parameters.IntermediateCount * _stride)].Clear();
        for (var bit = 0; bit < _inactiveCount; bit++)
        {
            matrix[(_inactive[bit] * _stride) + (bit >> 3)] = (byte)(1 << (bit & 7));
        }

        for (var i = 0; i < _pivotCount; i++)
        {
            // The row's own column is still zero, so it may stay among the sources.
            kernel.GatherRow(matrix, _stride, _pivotColumns[i], RowColumns(_pivotRows[i]));
        }

        for (var i = 0; i < _residualCount; i++)
        {
            kernel.GatherRow(matrix, _stride, _parameters.IntermediateCount + i, RowColumns(_residual[i]));
        }
    }

    private ReadOnlySpan<int> RowColumns(int row) => _rowColumns.AsSpan(_rowStart[row].._rowStart[row + 1]);

    private void InvertBinary(Span<byte> rows)
    {
        var words = _stride / 8;
        var used = (_inactiveCount + 255) / 256 * 32;
        var bits = MemoryMarshal.Cast<byte, ulong>(rows);
        Ensure(ref _pivotOfBit, _inactiveCount);
        Ensure(ref _freeBits, _inactiveCount);
        _pivotOfBit.AsSpan(0, _inactiveCount).Fill(-1);
        Span<ulong> open = words <= 64 ? stackalloc ulong[words] : new ulong[words];
        for (var bit = 0; bit < _inactiveCount; bit++)
        {
            open[bit >> 6] |= 1UL << bit;
        }

        ref var origin = ref MemoryMarshal.GetReference(rows);
        _rank = 0;
        for (var i = 0; i < _residualCount && _rank < _inactiveCount; i++)
        {
            var row = bits.Slice(i * words, words);
            var word = 0;
            while (word < words && (row[word] & open[word]) == 0)
            {
                word++;
            }

            if (word == words)
            {
                continue;
            }

            var bit = (word << 6) + BitOperations.TrailingZeroCount(row[word] & open[word]);
            var mask = 1UL << bit;
            open[word] &= ~mask;
            _pivotOfBit[bit] = i;
            _rank++;

            // With its own bit cleared, adding the row leaves that bit of the others set: it now says that they contain this row.
            row[word] &= ~mask;
            ref var source = ref Unsafe.Add(ref origin, i * _stride);
            for (var other = 0; other < _residualCount; other++)
            {
                if ((bits[(other * words) + word] & mask) != 0)
                {
                    AddRow(ref Unsafe.Add(ref origin, other * _stride), ref source, used);
                }
            }

            row[word] |= mask;
        }

        _freeCount = 0;
        for (var bit = 0; bit < _inactiveCount; bit++)
        {
            if (_pivotOfBit[bit] < 0)
            {
                _freeBits[_freeCount++] = bit;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddRow(ref byte destination, ref byte source, int length)
    {
        for (var i = 0; i < length; i += 32)
        {
            (Vector256.LoadUnsafe(ref destination, (nuint)i) ^ Vector256.LoadUnsafe(ref source, (nuint)i))
                .StoreUnsafe(ref destination, (nuint)i);
        }
    }

    private void BuildHdpcPairs()
    {
        var p = _parameters;
        var count = p.ExtendedCount + p.LdpcCount;
        var h = (uint)p.HdpcCount;
        Ensure(ref _hdpcPairs, count);
        for (var j = 0; j < count; j++)
        {
            var first = LtTuple.Rand((uint)j + 1, 6, h);
            var second = (first + LtTuple.Rand((uint)j + 1, 7, h - 1) + 1) % h;
            _hdpcPairs[j] = (int)(first | (second << 8));
        }
    }

    /// <summary>
    /// The HDPC rows of section 5.3.3.3 in terms of the inactive unknowns. MT * GAMMA is applied from left to right, z = 2 * z + column,
    /// with z in eight planes of bits, so that doubling is three sums and a change of names. What is 256 bits wide stays in registers.
    /// </summary>
    private void SumHdpcRows(ReadOnlySpan<byte> matrix)
    {
        var p = _parameters;
        var count = p.ExtendedCount + p.LdpcCount;
        Ensure(ref _hdpcColumns, 16 * ((_inactiveCount + 255) / 256 * 256));
        Span<Vector256<byte>> sums = stackalloc Vector256<byte>[8 * HdpcCountMax];
        ref var origin = ref MemoryMarshal.GetReference(matrix);
        for (var chunk = 0; chunk < _inactiveCount; chunk += 256)
        {
            sums.Clear();
            ref var column = ref Unsafe.Add(ref origin, chunk / 8);
            Vector256<byte> z0 = default, z1 = default, z2 = default, z3 = default, z4 = default, z5 = default, z6 = default, z7 = default;
            for (var j = 0; j < count; j++)
            {
                (z0, z1, z2, z3, z4, z5, z6, z7) =
                    (z7 ^ Vector256.LoadUnsafe(ref column, (nuint)j * (nuint)_stride), z0, z1 ^ z7, z2 ^ z7, z3 ^ z7, z4, z5, z6);
                if (j < count - 1)
                {
                    var pair = _hdpcPairs[j];
                    AddPlanes(ref sums[8 * (pair & 0xFF)], z0, z1, z2, z3, z4, z5, z6, z7);
                    AddPlanes(ref sums[8 * (pair >> 8)], z0, z1, z2, z3, z4, z5, z6, z7);
                }
            }

            for (var i = 0; i < p.HdpcCount; i++)
            {
                AddPlanes(ref sums[8 * i], z0, z1, z2, z3, z4, z5, z6, z7);
                (z0, z1, z2, z3, z4, z5, z6, z7) = (z7, z0, z1 ^ z7, z2 ^ z7, z3 ^ z7, z4, z5, z6);
                sums[8 * i] ^= Vector256.LoadUnsafe(ref column, (nuint)(count + i) * (nuint)_stride);
            }

            TransposePlanes(sums, chunk);
        }
    }

    private static void Ensure(ref byte[] array, int length)
    {
        if (array.Length < length)
        {
            array = new byte[length + (length / 8)];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddPlanes(
        ref Vector256<byte> sum,
        Vector256<byte> z0,
        Vector256<byte> z1,
        Vector256<byte> z2,
        Vector256<byte> z3,
        Vector256<byte> z4,
        Vector256<byte> z5,
        Vector256<byte> z6,
        Vector256<byte> z7)
    {
        sum ^= z0;
        Unsafe.Add(ref sum, 1) ^= z1;
        Unsafe.Add(ref sum, 2) ^= z2;
        Unsafe.Add(ref sum, 3) ^= z3;
        Unsafe.Add(ref sum, 4) ^= z4;
        Unsafe.Add(ref sum, 5) ^= z5;
        Unsafe.Add(ref sum, 6) ^= z6;
        Unsafe.Add(ref sum, 7) ^= z7;
    }

    // From planes of bits to bytes: eight bytes, one of each plane, are an 8 x 8 bit matrix to be transposed.
    private void TransposePlanes(ReadOnlySpan<Vector256<byte>> sums, int chunk)
    {
        var planes = MemoryMarshal.AsBytes(sums);
        var bytes = Math.Min(32, (_inactiveCount - chunk + 7) / 8);
        for (var h = 0; h < _parameters.HdpcCount; h++)
        {
            for (var i = 0; i < bytes; i++)
            {
                ulong x = 0;
                for (var plane = 0; plane < 8; plane++)
                {
                    x |= (ulong)planes[(32 * ((8 * h) + plane)) + i] << (8 * plane);
                }

                var t = (x ^ (x >> 7)) & 0x00AA00AA00AA00AA;
                x ^= t ^ (t << 7);
                t = (x ^ (x >> 14)) & 0x0000CCCC0000CCCC;
                x ^= t ^ (t << 14);
                t = (x ^ (x >> 28)) & 0x00000000F0F0F0F0;
                x ^= t ^ (t << 28);
                for (var k = 0; k < 8; k++)
                {
                    _hdpcColumns[(16 * (chunk + (8 * i) + k)) + h] = (byte)(x >> (8 * k));
                }
            }
        }
    }

    /// <summary>Substitutes the binary pivots into the HDPC rows and inverts what is left, at most 16 x 16.</summary>
    private bool TrySolveFree(ReadOnlySpan<byte> rows)
    {
        var h = _parameters.HdpcCount;
        Span<Vector128<byte>> columns = stackalloc Vector128<byte>[HdpcCountMax];
        ref var coefficients = ref _hdpcColumns[0];
        for (var f = 0; f < _freeCount; f++)
        {
            var free = _freeBits[f];
            var sum = Vector128.LoadUnsafe(ref coefficients, (nuint)(16 * free));
            for (var bit = 0; bit < _inactiveCount; bit++)
            {
                var pivot = _pivotOfBit[bit];
                if (pivot >= 0 && (rows[(pivot * _stride) + (free >> 3)] & (1 << (free & 7))) != 0)
                {
                    sum ^= Vector128.LoadUnsafe(ref coefficients, (nuint)(16 * bit));
                }
            }

            columns[f] = sum;
        }

        for (var row = 0; row < h; row++)
        {
            for (var f = 0; f < _freeCount; f++)
            {
                _small[(HdpcCountMax * row) + f] = columns[f][row];
            }
        }

        return Octets.TryInvertInPlace(_small, HdpcCountMax, h, _freeCount, _smallRowOf);
    }
}
