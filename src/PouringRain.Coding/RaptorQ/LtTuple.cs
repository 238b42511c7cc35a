using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace PouringRain.Coding.RaptorQ;

/// <summary>Which intermediate symbols an encoding symbol is the sum of: the generators of RFC 6330, section 5.3.5.</summary>
internal readonly struct LtTuple
{
    /// <summary>The most intermediate symbols that one encoding symbol adds: degree 30 and 3 permanently inactive ones.</summary>
    public const int IndexCountMax = 33;

    private const int DegreeMax = 30;

    /// <summary>Tuple[K', X] of section 5.3.5.4.</summary>
    /// <param name="parameters">The parameters of K'.</param>
    /// <param name="isi">X, the internal symbol identifier.</param>
    public LtTuple(CodeParameters parameters, uint isi)
    {
        var y = parameters.TupleOffset + (isi * parameters.TupleFactor);
        D = Deg(Rand(y, 0, 1u << 20), parameters.LtCount);
        A = 1 + (int)Rand(y, 1, (uint)parameters.LtCount - 1);
        B = (int)Rand(y, 2, (uint)parameters.LtCount);
        D1 = D < 4 ? 2 + (int)Rand(isi, 3, 2) : 2;
        A1 = 1 + (int)Rand(isi, 4, (uint)parameters.PermanentPrime - 1);
        B1 = (int)Rand(isi, 5, (uint)parameters.PermanentPrime);
    }

    public int D { get; }

    public int A { get; }

    public int B { get; }

    public int D1 { get; }

    public int A1 { get; }

    public int B1 { get; }

    private static ReadOnlySpan<int> DegreeThresholds =>
    [
        0, 5243, 529531, 704294, 791675, 844104, 879057, 904023, 922747, 937311, 948962, 958494, 966438, 973160, 978921, 983914,
        988283, 992138, 995565, 998631, 1001391, 1003887, 1006157, 1008229, 1010129, 1011876, 1013490, 1014983, 1016370, 1017662,
    ];

    /// <summary>Rand[y, i, m] of section 5.3.5.1.</summary>
    public static uint Rand(uint y, uint i, uint m)
    {
        ref var table = ref MemoryMarshal.GetReference(RandTables.Values);
        var x0 = (byte)(y + i);
        var x1 = (byte)((y >> 8) + i);
        var x2 = (byte)((y >> 16) + i);
        var x3 = (byte)((y >> 24) + i);
        return (Unsafe.Add(ref table, (nint)x0)
            ^ Unsafe.Add(ref table, (nint)x1 + 256)
            ^ Unsafe.Add(ref table, (nint)x2 + 512)
            ^ Unsafe.Add(ref table, (nint)x3 + 768)) % m;
    }

    /// <summary>Deg[v] of section 5.3.5.2.</summary>
    public static int Deg(uint v, int ltCount)
    {
        // A comparison of degree 2 first: half of all symbols have it.
        var degree = 2;
        if (v < DegreeThresholds[2])
        {
            degree = v < DegreeThresholds[1] ? 1 : 2;
        }
        else
        {
            degree = 3;
            while (degree < DegreeMax && v >= DegreeThresholds[degree])
            {
                degree++;
            }
        }

        return Math.Min(degree, ltCount - 2);
    }

    /// <summary>The positions in C that Enc of section 5.3.5.3 adds, in its order: first the
    /// LT symbols, then the permanently inactive.</summary>
    /// <param name="parameters">The parameters of K'.</param>
    /// <param name="indices">At least <see cref="IndexCountMax"/> long.</param>
    /// <returns>How many they are; the last <see cref="D1"/> of them are the permanently inactive ones.</returns>
    public int WriteIndices(CodeParameters parameters, Span<int> indices)
    {
        var ltCount = parameters.LtCount;
        var count = 0;
        var b = B;
        indices[count++] = b;
        for (var j = 1; j < D; j++)
        {
            b += A;
            b -= b >= ltCount ? ltCount : 0;
            indices[count++] = b;
        }

        var permanent = parameters.PermanentCount;
        var prime = parameters.PermanentPrime;
        var b1 = B1;
        for (var j = 0; j < D1; j++)
        {
            if (j > 0)
            {
                b1 += A1;
                b1 -= b1 >= prime ? prime : 0;
            }

            while (b1 >= permanent)
            {
                b1 += A1;
                b1 -= b1 >= prime ? prime : 0;
            }

            indices[count++] = ltCount + b1;
        }

        return count;
    }
}
