using System.Numerics;

namespace PouringRain.Protocol.Cluster;

/// <summary>A logarithm in integers alone, so that every machine has the same one.</summary>
internal static class FixedLog2
{
    /// <summary>Bits after the point.</summary>
    public const int FractionBits = 40;

    private const int TableBits = 10;

    /// <summary>log2(1 + i / 1024), from 0 to 1.</summary>
    private static readonly ulong[] Table = CreateTable();

    /// <summary>-log2(<paramref name="draw"/> / 2^64): from 0 to 64, with <see cref="FractionBits"/> bits after the point, exact to about
    /// 10^-7; 0 is taken for 1.</summary>
    public static ulong Negative(ulong draw)
    {
        draw = Math.Max(draw, 1);
        var zeros = BitOperations.LeadingZeroCount(draw);

        // The bits after the leading one: 10 choose the step of the table, the next 40 say how far it is to the next.
        var fraction = draw << zeros << 1;
        var step = (int)(fraction >> (64 - TableBits));
        var rest = fraction << TableBits >> (64 - FractionBits);
        var between = Math.BigMul(Table[step + 1] - Table[step], rest, out var low);
        var log = Table[step] + ((between << (64 - FractionBits)) | (low >> FractionBits));
        return ((ulong)(zeros + 1) << FractionBits) - log;
    }

    /// <summary>Bit by bit: squaring doubles a logarithm.</summary>
    private static ulong[] CreateTable()
    {
        var table = new ulong[(1 << TableBits) + 1];
        for (var i = 0; i < 1 << TableBits; i++)
        {
            // From 1 to 2, with 62 bits after the point.
            var value = (1UL << 62) + ((ulong)i << (62 - TableBits));
            var log = 0UL;
            for (var bit = 0; bit < FractionBits; bit++)
            {
                var high = Math.BigMul(value, value, out var low);
                value = (high << 2) | (low >> 62);
                log <<= 1;
                if (value >= 1UL << 63)
                {
                    value >>= 1;
                    log |= 1;
                }
            }

            table[i] = log;
        }

        table[^1] = 1UL << FractionBits;
        return table;
    }
}
