using System.Numerics;

namespace PouringRain.Protocol.Classic;

/// <summary>Draws the keys of droplets: degree k with weight 1 / (k (k + 1)), and a spike at 64 / 5, as the servers of 2012 did; which
/// symbols, evenly.</summary>
internal sealed class ClassicDegrees
{
    /// <summary>The spike beside a total of 64 / 65 for the rest. Droplets / 64, mean of 300 decodings at weight 0, 0.1, 0.2, 0.3, 0.5: a
    /// receiver that peels 1.52, 1.46, 1.49, 1.57, 1.74; one that eliminates 1.44, 1.29, 1.20, 1.16, 1.10. Both kinds exist.</summary>
    private const double SpikeWeight = 0.2;

    private const int SpikeDegree = ClassicFormat.SymbolCount / 5;
    private static readonly double[] Cumulative = MakeCumulative();
    private ulong _state;

    public ClassicDegrees(ulong seed) => _state = seed;

    /// <summary>The next key: never zero.</summary>
    public ulong NextKey()
    {
        var draw = (Next() >> 11) * (1.0 / (1UL << 53)) * Cumulative[^1];
        var degree = Array.BinarySearch(Cumulative, draw);
        degree = Math.Min(degree < 0 ? ~degree : degree + 1, ClassicFormat.SymbolCount - 1) + 1;
        var key = 0UL;
        while (BitOperations.PopCount(key) < degree)
        {
            key |= 1UL << (int)(Next() >> 58);
        }

        return key;
    }

    private static double[] MakeCumulative()
    {
        var cumulative = new double[ClassicFormat.SymbolCount];
        var sum = 0.0;
        for (var degree = 1; degree <= cumulative.Length; degree++)
        {
            sum += (1.0 / (degree * (degree + 1))) + (degree == SpikeDegree ? SpikeWeight : 0);
            cumulative[degree - 1] = sum;
        }

        return cumulative;
    }

    // SplitMix64 (Steele, Lea and Flood, 2014).
    private ulong Next()
    {
        var z = _state += 0x9E37_79B9_7F4A_7C15;
        z = (z ^ (z >> 30)) * 0xBF58_476D_1CE4_E5B9;
        z = (z ^ (z >> 27)) * 0x94D0_49BB_1331_11EB;
        return z ^ (z >> 31);
    }
}
