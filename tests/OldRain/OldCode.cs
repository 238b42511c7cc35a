using System.Buffers.Binary;

namespace OldRain;

/// <summary>The code of 2012: XORs of some of 64 symbols.</summary>
internal static class OldCode
{
    public const int SymbolCount = 64;

    /// <summary>1/(k(k+1)) for degree k, and a spike at 64/5. With this weight a receiver that eliminates needs 1.41 times the source on
    /// average (over 1000 decodings); 1.40 to 1.42 were measured of the servers of 2012.</summary>
    private const double SpikeWeight = 0.025;

    private static readonly double[] Weights =
        [.. Enumerable.Range(1, SymbolCount).Select(k => (1.0 / (k * (k + 1))) + (k == SymbolCount / 5 ? SpikeWeight : 0))];

    private static readonly double WeightSum = Weights.Sum();

    /// <summary>Which symbols go into a droplet.</summary>
    public static ulong DrawKey(Random random)
    {
        var draw = random.NextDouble() * WeightSum;
        var degree = 1;
        while (degree < SymbolCount && (draw -= Weights[degree - 1]) > 0)
        {
            degree++;
        }

        var symbols = Enumerable.Range(0, SymbolCount).ToArray();
        random.Shuffle(symbols);
        return symbols.Take(degree).Aggregate(0ul, (key, symbol) => key | 1ul << symbol);
    }

    /// <summary>A datagram: id, key, length of all, length of the value, the value.</summary>
    public static byte[] Droplet(ulong id, ulong key, ReadOnlySpan<byte> data)
    {
        var size = (data.Length / SymbolCount) + 1;
        var datagram = new byte[32 + size];
        Numbers(id, key, (ulong)data.Length, (ulong)size).CopyTo(datagram, 0);
        for (var symbol = 0; symbol < SymbolCount; symbol++)
        {
            var start = Math.Min(symbol * size, data.Length);
            if ((key >> symbol & 1) != 0)
            {
                Xor(datagram.AsSpan(32), data.Slice(start, Math.Min(size, data.Length - start)));
            }
        }

        return datagram;
    }

    public static byte[] Numbers(params ReadOnlySpan<ulong> numbers)
    {
        var bytes = new byte[numbers.Length * 8];
        for (var i = 0; i < numbers.Length; i++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(i * 8), numbers[i]);
        }

        return bytes;
    }

    public static ulong NumberAt(ReadOnlySpan<byte> bytes, int index) => BinaryPrimitives.ReadUInt64LittleEndian(bytes[(index * 8)..]);

    public static void Xor(Span<byte> target, ReadOnlySpan<byte> source)
    {
        for (var i = 0; i < source.Length; i++)
        {
            target[i] ^= source[i];
        }
    }
}
