using PouringRain.Coding.Kernels;

namespace PouringRain.Coding.Tests.Kernels;

/// <summary>Every kernel of this machine against the scalar one, at lengths around every
/// vector width, unaligned, between guard bytes.</summary>
public sealed class SymbolKernelTests
{
    private const int LengthMax = 300;
    private const byte Guard = 0xA5;

    public static TheoryData<string> Names => [.. SymbolKernels.All.Select(kernel => kernel.Name)];

    private static ISymbolKernel Reference => SymbolKernels.All[^1];

    [Fact]
    public void The_last_kernel_is_the_scalar_reference_and_the_best_is_one_of_the_list()
    {
        Assert.Equal("scalar", Reference.Name);
        Assert.Contains(SymbolKernels.Best, SymbolKernels.All);
        Assert.False(SymbolKernels.TryGet("abacus", out _));
    }

    [Fact]
    public void The_reference_multiplies_as_polynomials_do()
    {
        for (var a = 0; a < 256; a++)
        {
            for (var b = 0; b < 256; b++)
            {
                Assert.Equal(MultiplyPolynomials(a, b), Gf256.Multiply((byte)a, (byte)b));
                if (b != 0)
                {
                    Assert.Equal(a, Gf256.Multiply(Gf256.Divide((byte)a, (byte)b), (byte)b));
                }
            }
        }

        Assert.Throws<DivideByZeroException>(() => Gf256.Inverse(0));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_product_is_right(string name)
    {
        var kernel = Get(name);
        var values = Enumerable.Range(0, 256).Select(value => (byte)value).ToArray();
        var scaled = new byte[256];
        var added = new byte[256];
        for (var scalar = 0; scalar < 256; scalar++)
        {
            values.CopyTo(scaled, 0);
            Array.Fill(added, (byte)0x5A);
            kernel.Scale(scaled, (byte)scalar);
            kernel.MultiplyAdd(added, values, (byte)scalar);
            for (var value = 0; value < 256; value++)
            {
                var product = Gf256.Multiply((byte)value, (byte)scalar);
                Assert.Equal(product, scaled[value]);
                Assert.Equal(product ^ 0x5A, added[value]);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Xor_equals_the_reference_at_every_length_and_alignment(string name)
    {
        var kernel = Get(name);
        Compare((length, offset) =>
        {
            var (expected, actual) = Destinations(length, offset);
            var a = Source(length, offset + 1, 1);
            var b = Source(length, offset + 2, 2);
            for (var i = 0; i < length; i++)
            {
                expected.Span[i] ^= a.Span[i];
            }

            kernel.Xor(actual.Span, a.Span);
            AssertSame(expected, actual);
            for (var i = 0; i < length; i++)
            {
                expected.Span[i] = (byte)(a.Span[i] ^ b.Span[i]);
            }

            kernel.Xor(actual.Span, a.Span, b.Span);
            AssertSame(expected, actual);
        });
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Gathering_equals_one_xor_after_another(string name)
    {
        var kernel = Get(name);
        int[][] sets = [[], [2], [0, 3], [4, 1, 3], [0, 1, 2, 3, 4], [1, 1, 2]];
        Compare((length, offset) =>
        {
            var stride = length + (offset % 3);
            var slab = Source((4 * stride) + length, offset, 3);
            var indices = sets[(length + offset) % sets.Length];
            var (expected, actual) = Destinations(length, offset + 1);
            foreach (var accumulate in (bool[])[true, false])
            {
                if (!accumulate)
                {
                    expected.Span.Clear();
                }

                foreach (var index in indices)
                {
                    Reference.Xor(expected.Span, slab.Span.Slice(index * stride, length));
                }

                kernel.XorGather(actual.Span, slab.Span, stride, indices, accumulate);
                AssertSame(expected, actual);
            }
        });
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Multiplication_equals_the_reference_at_every_length_and_alignment(string name)
    {
        var kernel = Get(name);
        Compare((length, offset) =>
        {
            foreach (var scalar in (byte[])[0, 1, 2, 0x8E, (byte)(length + (7 * offset))])
            {
                var (expected, actual) = Destinations(length, offset);
                var source = Source(length, offset + 3, 4);
                Reference.MultiplyAdd(expected.Span, source.Span, scalar);
                kernel.MultiplyAdd(actual.Span, source.Span, scalar);
                AssertSame(expected, actual);
                Reference.Scale(expected.Span, scalar);
                kernel.Scale(actual.Span, scalar);
                AssertSame(expected, actual);
            }
        });
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Combining_equals_one_product_after_another_for_every_number_of_rows(string name)
    {
        var kernel = Get(name);
        Compare((length, offset) =>
        {
            // 1 to 13 rows of 0 to 4 sources; at 7 and more they take more than one pass.
            var rows = 1 + ((length + offset) % 13);
            var columns = (length / 13) % 5;
            var stride = length + (offset % 3);
            var sourceStride = length + (offset % 5);
            var source = Source((4 * sourceStride) + length, offset, 6);
            var matrix = new byte[rows * columns];
            for (var i = 0; i < matrix.Length; i++)
            {
                matrix[i] = (byte)((i * 37) + length);
            }

            foreach (var accumulate in (bool[])[true, false])
            {
                var (expected, actual) = Destinations(((rows - 1) * stride) + length, offset + 1);
                for (var row = 0; row < rows; row++)
                {
                    var sum = expected.Span.Slice(row * stride, length);
                    if (!accumulate)
                    {
                        sum.Clear();
                    }

                    for (var column = 0; column < columns; column++)
                    {
                        var scalar = matrix[(row * columns) + column];
                        Reference.MultiplyAdd(sum, source.Span.Slice(column * sourceStride, length), scalar);
                    }
                }

                kernel.Combine(actual.Span, stride, source.Span, sourceStride, matrix, rows, length, accumulate);
                AssertSame(expected, actual);
            }
        });
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Combining_many_rows_strip_by_strip_equals_the_reference(string name)
    {
        const int Length = 20_011;
        var matrix = Source(11 * 5, 0, 9).ToArray();
        var source = Source(5 * Length, 1, 10);
        var (expected, actual) = Destinations(11 * Length, 3);
        Reference.Combine(expected.Span, Length, source.Span, Length, matrix, 11, Length, accumulate: true);
        Get(name).Combine(actual.Span, Length, source.Span, Length, matrix, 11, Length, accumulate: true);
        AssertSame(expected, actual);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Lengths_that_do_not_fit_are_refused(string name)
    {
        var kernel = Get(name);
        var bytes = new byte[64];
        Assert.Throws<ArgumentException>(() => kernel.Xor(bytes, bytes.AsSpan(1)));
        Assert.Throws<ArgumentException>(() => kernel.Xor(bytes, bytes, bytes.AsSpan(1)));
        Assert.Throws<ArgumentException>(() => kernel.MultiplyAdd(bytes.AsSpan(2), bytes.AsSpan(1), 3));
        Assert.Throws<ArgumentException>(() => kernel.XorGather(bytes.AsSpan(0, 10), bytes, 10, [6], false));
        Assert.Throws<ArgumentException>(() => kernel.XorGather(bytes.AsSpan(0, 10), bytes, 10, [-1], false));
        Assert.Throws<ArgumentException>(() => kernel.XorGather(bytes.AsSpan(0, 10), bytes, -10, [0], false));
        Assert.Throws<ArgumentException>(() => kernel.XorGather(bytes, bytes.AsSpan(1), 0, [0], false));
        Assert.Throws<ArgumentException>(() => kernel.XorGather(bytes.AsSpan(0, 10), bytes, 1 << 30, [4], false));
        var other = new byte[64];
        Assert.Throws<ArgumentException>(() => kernel.Combine(bytes, 32, other, 32, [1, 2, 3], 2, 32, false));
        Assert.Throws<ArgumentException>(() => kernel.Combine(bytes, 33, other, 32, [1, 2], 2, 32, false));
        Assert.Throws<ArgumentException>(() => kernel.Combine(bytes, 32, other, 33, [1, 2], 1, 32, false));
        Assert.Throws<ArgumentException>(() => kernel.Combine(bytes, -1, other, 32, [1, 2], 2, 32, false));
        Assert.Throws<ArgumentException>(() => kernel.Combine(bytes, 1 << 30, other, 1, [1, 2, 3, 4, 5], 5, 1, false));
        Assert.Throws<ArgumentException>(() => kernel.Combine(bytes, 1, other, 1, [1], 1, -1, false));
        Assert.Throws<ArgumentException>(() => kernel.Combine(bytes, 1, other, 1, [1], 0, 1, false));
    }

    private static ISymbolKernel Get(string name)
    {
        Assert.True(SymbolKernels.TryGet(name, out var kernel));
        return kernel;
    }

    private static void Compare(Action<int, int> check)
    {
        for (var length = 0; length <= LengthMax; length++)
        {
            foreach (var offset in (int[])[0, 1, 7, 33])
            {
                check(length, offset);
            }
        }
    }

    // Guard bytes stand on both sides, inside the same array, at no alignment in particular.
    private static (Memory<byte> Expected, Memory<byte> Actual) Destinations(int length, int offset) =>
        (Source(length, offset, 5), Source(length, offset, 5));

    private static Memory<byte> Source(int length, int offset, int salt)
    {
        var bytes = new byte[offset + length + 67];
        Array.Fill(bytes, Guard);
        for (var i = 0; i < length; i++)
        {
            bytes[offset + i] = (byte)((((i * 7) + (salt * 31)) % 251) + 1);
        }

        return bytes.AsMemory(offset, length);
    }

    private static void AssertSame(Memory<byte> expected, Memory<byte> actual)
    {
        Assert.True(expected.Span.SequenceEqual(actual.Span));
        Assert.True(System.Runtime.InteropServices.MemoryMarshal.TryGetArray<byte>(actual, out var segment));
        Assert.Equal(-1, segment.Array.AsSpan(0, segment.Offset).IndexOfAnyExcept(Guard));
        Assert.Equal(-1, segment.Array.AsSpan(segment.Offset + segment.Count).IndexOfAnyExcept(Guard));
    }

    private static int MultiplyPolynomials(int a, int b)
    {
        var product = 0;
        for (var i = 0; i < 8; i++)
        {
            product ^= ((b >> i) & 1) * (a << i);
        }

        for (var i = 14; i >= 8; i--)
        {
            product ^= ((product >> i) & 1) * (0x11D << (i - 8));
        }

        return product;
    }
}
