using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace PouringRain.Coding.Kernels;

/// <content>Several sums of products of the same sources, each source read once for up to six of them.</content>
internal sealed partial class SymbolKernel<TVector, TArithmetic>
{
    // Whose prepared factors fit the nearest cache beside the sources: 96 of 128 bytes each.
    private const int ColumnsAtOnceMax = 16;

    // With more sums than go through the sources at once, the sources of one strip stay in the second-level cache from pass to pass.
    private const int CombineStripBytes = 8 * 1024;

    // Two accumulators a sum: of 32 registers at 64 bytes six sums take 12, of the 16 at 32 bytes three take 6 and leave room for tables.
    private static int SumsAtOnceMax
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Width >= 64 ? 6 : 3;
    }

    public void Combine(
        Span<byte> destination,
        int destinationStride,
        ReadOnlySpan<byte> source,
        int sourceStride,
        ReadOnlySpan<byte> matrix,
        int rows,
        int length,
        bool accumulate)
    {
        if (rows < 0 || length < 0 || (rows == 0 ? matrix.Length > 0 : matrix.Length % rows != 0))
        {
            throw new ArgumentException($"{matrix.Length} coefficients are not {rows} rows.");
        }

        var columns = rows == 0 ? 0 : matrix.Length / rows;
        RequireRows(destination.Length, destinationStride, rows, length);
        RequireRows(source.Length, sourceStride, columns, length);
        ref var d = ref MemoryMarshal.GetReference(destination);
        ref var s = ref MemoryMarshal.GetReference(source);
        var (sumsMax, columnsMax) = (Math.Min(rows, SumsAtOnceMax), Math.Min(columns, ColumnsAtOnceMax));
        var strip = rows > sumsMax || columns > columnsMax ? CombineStripBytes : Math.Max(1, length);
        Span<Factor<TVector>> factors = stackalloc Factor<TVector>[sumsMax * columnsMax];
        for (var start = 0; start < length; start += strip)
        {
            for (var row = 0; row < rows; row += SumsAtOnceMax)
            {
                for (var column = 0; column == 0 || column < columns; column += ColumnsAtOnceMax)
                {
                    var part = new MatrixPart(
                        matrix[((row * columns) + column)..], columns, Math.Min(columnsMax, columns - column), factors);
                    Sum(
                        Math.Min(sumsMax, rows - row),
                        ref Unsafe.Add(ref d, (nint)row * destinationStride),
                        destinationStride,
                        ref Unsafe.Add(ref s, (nint)column * sourceStride),
                        sourceStride,
                        part,
                        start,
                        Math.Min(length, start + strip),
                        accumulate || column > 0);
                }
            }
        }
    }

    private static void Sum(
        int sums, ref byte d, nint dStride, ref byte s, nint sStride, MatrixPart matrix, int start, int end, bool accumulate)
    {
        matrix.Prepare(sums);
        switch (sums)
        {
            case 1:
                Sum<Count1>(ref d, dStride, ref s, sStride, matrix, start, end, accumulate);
                break;
            case 2:
                Sum<Count2>(ref d, dStride, ref s, sStride, matrix, start, end, accumulate);
                break;
            case 3:
                Sum<Count3>(ref d, dStride, ref s, sStride, matrix, start, end, accumulate);
                break;
            case 4:
                Sum<Count4>(ref d, dStride, ref s, sStride, matrix, start, end, accumulate);
                break;
            case 5:
                Sum<Count5>(ref d, dStride, ref s, sStride, matrix, start, end, accumulate);
                break;
            default:
                Sum<Count6>(ref d, dStride, ref s, sStride, matrix, start, end, accumulate);
                break;
        }
    }

    // The count is a constant to the compiler, so what is not needed folds away. a0 and b0 are the two accumulators of sum 0, and so on.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Sum<TCount>(
        ref byte d, nint dStride, ref byte s, nint sStride, MatrixPart matrix, int start, int end, bool accumulate)
        where TCount : struct, IGroup
    {
        var columns = matrix.Columns;
        for (var i = start; i < end; i += 2 * Width)
        {
            if (i > end - (2 * Width))
            {
                if (accumulate || end - start < 2 * Width)
                {
                    SumRest<TCount>(ref d, dStride, ref s, sStride, matrix, i, end, accumulate);
                    return;
                }

                // What replaces can be done twice: the last two vectors overlap the ones before them.
                i = end - (2 * Width);
            }

            TVector a0 = default, a1 = default, a2 = default, a3 = default, a4 = default, a5 = default;
            TVector b0 = default, b1 = default, b2 = default, b3 = default, b4 = default, b5 = default;
            if (accumulate)
            {
                (a0, b0) = LoadPair(ref d, i);
                (a1, b1) = TCount.Count > 1 ? LoadPair(ref d, dStride + i) : default;
                (a2, b2) = TCount.Count > 2 ? LoadPair(ref d, (2 * dStride) + i) : default;
                (a3, b3) = TCount.Count > 3 ? LoadPair(ref d, (3 * dStride) + i) : default;
                (a4, b4) = TCount.Count > 4 ? LoadPair(ref d, (4 * dStride) + i) : default;
                (a5, b5) = TCount.Count > 5 ? LoadPair(ref d, (5 * dStride) + i) : default;
            }

            ref var piece = ref Unsafe.Add(ref s, i);
            for (var column = 0; column < columns; column++)
            {
                var v = TArithmetic.Split(Load(ref piece, 0));
                var w = TArithmetic.Split(Load(ref piece, Width));
                var f = matrix.FactorAt(0, column);
                a0 = TArithmetic.Xor(a0, TArithmetic.MultiplySplit(v, f));
                b0 = TArithmetic.Xor(b0, TArithmetic.MultiplySplit(w, f));
                if (TCount.Count > 1)
                {
                    f = matrix.FactorAt(1, column);
                    a1 = TArithmetic.Xor(a1, TArithmetic.MultiplySplit(v, f));
                    b1 = TArithmetic.Xor(b1, TArithmetic.MultiplySplit(w, f));
                }

                if (TCount.Count > 2)
                {
                    f = matrix.FactorAt(2, column);
                    a2 = TArithmetic.Xor(a2, TArithmetic.MultiplySplit(v, f));
                    b2 = TArithmetic.Xor(b2, TArithmetic.MultiplySplit(w, f));
                }

                if (TCount.Count > 3)
                {
                    f = matrix.FactorAt(3, column);
                    a3 = TArithmetic.Xor(a3, TArithmetic.MultiplySplit(v, f));
                    b3 = TArithmetic.Xor(b3, TArithmetic.MultiplySplit(w, f));
                }

                if (TCount.Count > 4)
                {
                    f = matrix.FactorAt(4, column);
                    a4 = TArithmetic.Xor(a4, TArithmetic.MultiplySplit(v, f));
                    b4 = TArithmetic.Xor(b4, TArithmetic.MultiplySplit(w, f));
                }

                if (TCount.Count > 5)
                {
                    f = matrix.FactorAt(5, column);
                    a5 = TArithmetic.Xor(a5, TArithmetic.MultiplySplit(v, f));
                    b5 = TArithmetic.Xor(b5, TArithmetic.MultiplySplit(w, f));
                }

                piece = ref Unsafe.Add(ref piece, sStride);
            }

            StorePair(a0, b0, ref d, i);
            if (TCount.Count > 1)
            {
                StorePair(a1, b1, ref d, dStride + i);
            }

            if (TCount.Count > 2)
            {
                StorePair(a2, b2, ref d, (2 * dStride) + i);
            }

            if (TCount.Count > 3)
            {
                StorePair(a3, b3, ref d, (3 * dStride) + i);
            }

            if (TCount.Count > 4)
            {
                StorePair(a4, b4, ref d, (4 * dStride) + i);
            }

            if (TCount.Count > 5)
            {
                StorePair(a5, b5, ref d, (5 * dStride) + i);
            }
        }
    }

    // Less than two vectors.
    private static void SumRest<TCount>(
        ref byte d, nint dStride, ref byte s, nint sStride, MatrixPart matrix, int start, int end, bool accumulate)
        where TCount : struct, IGroup
    {
        for (var i = start; i < end; i += Width)
        {
            var count = Math.Min(Width, end - i);
            for (var row = 0; row < TCount.Count; row++)
            {
                var sum = accumulate ? LoadPart(ref d, (row * dStride) + i, count) : default;
                for (var column = 0; column < matrix.Columns; column++)
                {
                    var factor = matrix.FactorAt(row, column);
                    sum = TArithmetic.Xor(sum, TArithmetic.Multiply(LoadPart(ref s, (column * sStride) + i, count), factor));
                }

                StorePart(sum, ref d, (row * dStride) + i, count);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (TVector First, TVector Second) LoadPair(ref byte origin, nint offset) =>
        (Load(ref origin, offset), Load(ref origin, offset + Width));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StorePair(TVector first, TVector second, ref byte origin, nint offset)
    {
        Store(first, ref origin, offset);
        Store(second, ref origin, offset + Width);
    }

    private static void RequireRows(int bytes, int stride, int rows, int length)
    {
        if (rows > 0 && (stride < 0 || ((long)(rows - 1) * stride) + length > bytes))
        {
            throw new ArgumentException($"{rows} rows of {length} bytes, {stride} apart, do not lie in {bytes} bytes.");
        }
    }

    // Some rows and columns of a matrix, with all factors made before: looked up and spread one by one as they are needed they cost as
    // much again as the products (with AVX-512 and GFNI 27 GB/s instead of 50 for five sums of eleven sources).
    private readonly ref struct MatrixPart(ReadOnlySpan<byte> scalars, int stride, int columns, Span<Factor<TVector>> factors)
    {
        private readonly ref byte _scalars = ref MemoryMarshal.GetReference(scalars);
        private readonly ref Factor<TVector> _factors = ref MemoryMarshal.GetReference(factors);

        public int Columns
        {
            [MethodImpl(MethodImplOptions.AggressiveInlining)]
            get => columns;
        }

        public void Prepare(int rows)
        {
            for (var i = 0; i < rows * columns; i++)
            {
                Unsafe.Add(ref _factors, i) = TArithmetic.Prepare(Unsafe.Add(ref _scalars, (i / columns * stride) + (i % columns)));
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Factor<TVector> FactorAt(int row, int column) => Unsafe.Add(ref _factors, (row * columns) + column);
    }

    private readonly struct Count1 : IGroup
    {
        public static int Count => 1;
    }

    private readonly struct Count2 : IGroup
    {
        public static int Count => 2;
    }

    private readonly struct Count3 : IGroup
    {
        public static int Count => 3;
    }

    private readonly struct Count4 : IGroup
    {
        public static int Count => 4;
    }

    private readonly struct Count5 : IGroup
    {
        public static int Count => 5;
    }

    private readonly struct Count6 : IGroup
    {
        public static int Count => 6;
    }
}
