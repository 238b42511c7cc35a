using PouringRain.Coding.Kernels;
using PouringRain.Coding.RaptorQ;

namespace Benchmarks.Codes;

/// <summary>Counts random sets of symbols that do not determine the block; by ranks alone, without bytes.</summary>
internal static class FailureCounts
{
    private const int OverheadMax = 3;

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
