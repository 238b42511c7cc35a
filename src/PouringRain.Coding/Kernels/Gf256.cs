namespace PouringRain.Coding.Kernels;

/// <summary>
/// GF(2^8) of RFC 6330, section 5.7: polynomials over GF(2) modulo x^8 + x^4 + x^3 + x^2 + 1 (0x11D), whose element 2 generates all others.
/// </summary>
public static class Gf256
{
    /// <summary>The polynomial without its x^8.</summary>
    public const byte Polynomial = 0x1D;

    private static readonly byte[] ExpTable = CreateExp();
    private static readonly byte[] LogTable = CreateLog();
    private static readonly ulong[] AffineTable = CreateAffine();
    private static readonly byte[] NibbleTable = CreateNibbles();

    /// <summary>OCT_EXP: 2 to the power of i, for i of 0 to 509, so that the sum of two logarithms needs no reduction.</summary>
    public static ReadOnlySpan<byte> Exp => ExpTable;

    /// <summary>OCT_LOG: the power of 2 that i is, for i of 1 to 255; entry 0 is unused.</summary>
    public static ReadOnlySpan<byte> Log => LogTable;

    /// <summary>For every scalar its multiplication as an 8 x 8 bit matrix in the form of GF2P8AFFINEQB.</summary>
    internal static ReadOnlySpan<ulong> Affine => AffineTable;

    /// <summary>For every scalar its products with 0..15 and with 0x00, 0x10, .. 0xF0: 32 bytes.</summary>
    internal static ReadOnlySpan<byte> Nibbles => NibbleTable;

    /// <summary>The product of two elements.</summary>
    public static byte Multiply(byte a, byte b) => a == 0 || b == 0 ? (byte)0 : ExpTable[LogTable[a] + LogTable[b]];

    /// <summary>The quotient of two elements.</summary>
    /// <exception cref="DivideByZeroException"><paramref name="b"/> is 0.</exception>
    public static byte Divide(byte a, byte b)
    {
        if (b == 0)
        {
            throw new DivideByZeroException();
        }

        return a == 0 ? (byte)0 : ExpTable[LogTable[a] - LogTable[b] + 255];
    }

    /// <summary>The inverse of an element.</summary>
    /// <exception cref="DivideByZeroException"><paramref name="a"/> is 0.</exception>
    public static byte Inverse(byte a) => Divide(1, a);

    private static byte[] CreateExp()
    {
        var exp = new byte[510];
        var value = 1;
        for (var i = 0; i < exp.Length; i++)
        {
            exp[i] = (byte)value;
            value <<= 1;
            if (value > 0xFF)
            {
                value ^= 0x100 | Polynomial;
            }
        }

        return exp;
    }

    private static byte[] CreateLog()
    {
        var log = new byte[256];
        for (var i = 0; i < 255; i++)
        {
            log[ExpTable[i]] = (byte)i;
        }

        return log;
    }

    private static ulong[] CreateAffine()
    {
        var matrices = new ulong[256];
        for (var scalar = 0; scalar < 256; scalar++)
        {
            // Bit i of the product is the parity of x under row i, and row i stands in byte 7 - i.
            ulong matrix = 0;
            for (var column = 0; column < 8; column++)
            {
                var product = Multiply((byte)scalar, (byte)(1 << column));
                for (var row = 0; row < 8; row++)
                {
                    matrix |= (ulong)((product >> row) & 1) << ((8 * (7 - row)) + column);
                }
            }

            matrices[scalar] = matrix;
        }

        return matrices;
    }

    private static byte[] CreateNibbles()
    {
        var tables = new byte[256 * 32];
        for (var scalar = 0; scalar < 256; scalar++)
        {
            for (var nibble = 0; nibble < 16; nibble++)
            {
                tables[(32 * scalar) + nibble] = Multiply((byte)scalar, (byte)nibble);
                tables[(32 * scalar) + 16 + nibble] = Multiply((byte)scalar, (byte)(nibble << 4));
            }
        }

        return tables;
    }
}
