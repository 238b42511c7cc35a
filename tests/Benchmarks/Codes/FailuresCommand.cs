using System.Diagnostics;
using PouringRain.Coding.Kernels;
using PouringRain.Coding.RaptorQ;

namespace Benchmarks.Codes;

/// <summary>
/// Counts how often random sets of symbols do not determine the block. A set grows from K distinct symbols, drawn from all repair symbols,
/// until it has full rank or K + 3 symbols; only ranks are computed.
/// </summary>
internal static class FailuresCommand
{
    private const int OverheadMax = 3;

    public static int Run(string[] arguments)
    {
        var options = new Options(arguments);
        var sets = options.GetNumbers("--sets", [100_000])[0];
        var seed = (ulong)options.GetNumbers("--seed", [1])[0];
        Console.WriteLine($"{sets} random sets of repair symbols each, seed {seed}");
        Console.WriteLine($"{"K",7}{"fails at K",14}{"at K+1",10}{"at K+2",10}{"at K+3",10}{"seconds",10}");
        foreach (var count in options.GetNumbers("--k", [10, 26, 101, 745]))
        {
            var watch = Stopwatch.StartNew();
            var failures = Count(count, sets, seed);
            Console.WriteLine(
                $"{count,7}{failures[0],14}{failures[1],10}{failures[2],10}{failures[3],10}{watch.Elapsed.TotalSeconds,10:F1}");
        }

        return 0;
    }

    /// <summary>How many of the sets do not decode with K, K + 1, K + 2, K + 3 symbols.</summary>
    public static int[] Count(int symbolCount, int sets, ulong seed)
    {
        var parameters = CodeParameters.For(symbolCount);
        var padding = parameters.ExtendedCount - symbolCount;
        var random = new SplitMix(seed);
        var elimination = new Elimination(SymbolKernels.ForPlans);
        var isis = new uint[parameters.ExtendedCount + OverheadMax];
        var taken = new HashSet<uint>();
        for (var i = 0; i < padding; i++)
        {
            isis[i] = (uint)(symbolCount + i);
        }

        var failures = new int[OverheadMax + 1];
        for (var set = 0; set < sets; set++)
        {
            taken.Clear();
            for (var i = padding; i < isis.Length; i++)
            {
                uint esi;
                do
                {
                    esi = (uint)random.Next(1 << 24);
                }
                while (esi < symbolCount || !taken.Add(esi));

                isis[i] = esi + (uint)padding;
            }

            for (var overhead = 0; overhead <= OverheadMax; overhead++)
            {
                if (elimination.TrySolve(parameters, isis.AsSpan(0, parameters.ExtendedCount + overhead), null))
                {
                    break;
                }

                failures[overhead]++;
            }
        }

        return failures;
    }
}
