using System.Diagnostics;
using System.Globalization;
using Benchmarks.Codes;
using PouringRain.Coding.Kernels;

namespace Benchmarks.Erasure;

/// <summary>
/// Looks for the coefficients of a chain of 16 nodes over GF(2^8) of which any 11 pieces can be decoded. A coefficient appears in every
/// determinant at most once, so that with all others fixed a set forbids it one value at most: two passes, with 0 and with 1, tell what
/// each of its 255 values costs. A value is drawn by its cost (Gibbs sampling), ever more strictly.
/// <para>Multiplying a part, or a piece, by a constant changes nothing. So the first multiple of each part in the stream, and the
/// one part of piece 0, are 1, and 31 coefficients remain.</para>
/// </summary>
internal sealed class ChainSearch
{
    private const int Rounds = 1500;

    private readonly SplitMix _random;
    private readonly ChainSets _sets;
    private readonly byte[] _psi = new byte[ChainSets.SlotCount];
    private readonly byte[] _xi = new byte[ChainSets.SlotCount];
    private readonly byte[] _withZero = new byte[ChainSets.SetCount];
    private readonly byte[] _withOne = new byte[ChainSets.SetCount];
    private readonly int[] _costs = new int[256];
    private readonly (byte[] List, int Slot)[] _free;

    private ChainSearch(ulong seed, int[] seconds)
    {
        _random = new SplitMix(seed);
        _sets = new ChainSets(seconds);
        var seen = new HashSet<int>();
        var free = new List<(byte[], int)>();
        for (var slot = 0; slot < ChainSets.SlotCount; slot++)
        {
            if (!seen.Add(_sets[slot].Part) && slot < ChainSets.SlotCount - 1)
            {
                free.Add((_psi, slot));
            }

            if (slot > 0)
            {
                free.Add((_xi, slot));
            }
        }

        _free = [.. free];
    }

    public static int Run(string[] arguments)
    {
        var options = new Options(arguments);
        var seed = (ulong)options.GetNumbers("--seed", [1])[0];
        var seconds = options.GetNumbers("--order", [10, 1, 4, 3, 6, 2, 7, 9, 8, 5, 0]);
        if (!seconds.Order().SequenceEqual(Enumerable.Range(0, ChainSets.PartCount)))
        {
            Console.Error.WriteLine("--order names the parts 0 to 10 in the order of the second replica, on the nodes 5 to 15.");
            return 2;
        }

        var limit = TimeSpan.FromSeconds(options.GetNumbers("--seconds", [1500])[0]);
        return new ChainSearch(seed, seconds).Search(limit) ? 0 : 1;
    }

    private bool Search(TimeSpan limit)
    {
        var watch = Stopwatch.StartNew();
        var best = int.MaxValue;
        for (var start = 1; ; start++)
        {
            Array.Fill(_psi, (byte)1);
            Array.Fill(_xi, (byte)1);
            foreach (var (list, slot) in _free)
            {
                list[slot] = (byte)(1 + _random.Next(255));
            }

            for (var round = 0; round < Rounds; round++)
            {
                var bad = Draw(0.5 + (4.0 * round / Rounds));
                if (bad < best)
                {
                    best = bad;
                    Console.WriteLine(string.Create(
                        CultureInfo.InvariantCulture,
                        $"{watch.Elapsed.TotalSeconds,6:F1} s, start {start}, round {round}: {bad} bad sets of {ChainSets.SetCount}"));
                }

                if (bad == 0)
                {
                    var slots = Enumerable.Range(0, ChainSets.SlotCount).Select(slot => _sets[slot]).ToArray();
                    Console.WriteLine($"node {string.Join(' ', slots.Select(slot => slot.Node))}");
                    Console.WriteLine($"part {string.Join(' ', slots.Select(slot => slot.Part))}");
                    Console.WriteLine($"psi  {string.Join(' ', _psi)}");
                    Console.WriteLine($"xi   {string.Join(' ', _xi)}");
                    return true;
                }

                if (watch.Elapsed > limit)
                {
                    Console.WriteLine($"nothing without a bad set in {limit.TotalSeconds} s");
                    return false;
                }
            }
        }
    }

    // One coefficient anew; returns the bad sets there are then.
    private int Draw(double strictness)
    {
        var (list, slot) = _free[_random.Next(_free.Length)];
        list[slot] = 0;
        _sets.Compute(_psi, _xi, _withZero);
        list[slot] = 1;
        _sets.Compute(_psi, _xi, _withOne);
        Array.Clear(_costs);
        var always = 0;
        for (var set = 0; set < ChainSets.SetCount; set++)
        {
            // The determinant is a + b * value.
            var a = _withZero[set];
            var b = (byte)(a ^ _withOne[set]);
            if (b != 0)
            {
                _costs[Gf256.Divide(a, b)]++;
            }
            else if (a == 0)
            {
                always++;
            }
        }

        var sum = 0.0;
        for (var value = 1; value < 256; value++)
        {
            sum += Math.Exp(-strictness * _costs[value]);
        }

        var drawn = sum * (_random.Next() >> 11) / (1L << 53);
        var chosen = 1;
        for (; chosen < 255; chosen++)
        {
            drawn -= Math.Exp(-strictness * _costs[chosen]);
            if (drawn < 0)
            {
                break;
            }
        }

        list[slot] = (byte)chosen;
        return always + _costs[chosen];
    }
}
