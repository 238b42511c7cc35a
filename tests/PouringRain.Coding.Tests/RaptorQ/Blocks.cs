using Benchmarks.Codes;
using PouringRain.Coding.RaptorQ;

namespace PouringRain.Coding.Tests.RaptorQ;

/// <summary>Blocks, and ways to lose parts of them.</summary>
internal static class Blocks
{
    public static readonly RaptorQCode Code = new();

    /// <summary>Encodes symbols of a block, one behind another.</summary>
    public static byte[] Encode(byte[] source, int count, int size, IEnumerable<uint> esis)
    {
        using var encoder = Code.CreateEncoder(count, size);
        encoder.Begin(0, source);
        var list = esis.ToArray();
        var symbols = new byte[list.Length * size];
        for (var i = 0; i < list.Length; i++)
        {
            encoder.Encode(list[i], symbols.AsSpan(i * size, size));
        }

        return symbols;
    }

    /// <summary>Distinct ESIs in random order: source symbols that survive a loss, and repair symbols.</summary>
    public static List<uint> Draw(SplitMix random, int count, int lost, int repair)
    {
        var esis = Enumerable.Range(0, count).Select(esi => (uint)esi).ToList();
        Shuffle(random, esis);
        esis.RemoveRange(0, lost);
        var taken = new HashSet<uint>();
        while (taken.Count < repair)
        {
            var esi = (uint)random.Next(1 << 24);
            if (esi >= count && taken.Add(esi))
            {
                esis.Add(esi);
            }
        }

        Shuffle(random, esis);
        return esis;
    }

    private static void Shuffle(SplitMix random, List<uint> list)
    {
        for (var i = list.Count - 1; i > 0; i--)
        {
            var other = random.Next(i + 1);
            (list[i], list[other]) = (list[other], list[i]);
        }
    }
}
