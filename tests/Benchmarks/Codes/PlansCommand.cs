using System.Diagnostics;
using System.Globalization;
using PouringRain.Coding.Kernels;
using PouringRain.Coding.Plans;
using PouringRain.Coding.RaptorQ;

namespace Benchmarks.Codes;

/// <summary>What encoding plans consist of and what finding them costs, phase by phase: the figures behind those of <c>codes</c>.</summary>
internal static class PlansCommand
{
    public static int Run(string[] arguments)
    {
        var options = new Options(arguments);
        Console.WriteLine($"{"K'",7}{"inactive",10}{"slots",8}{"reads/symbol",14}{"words/symbol",14}{"us rank",10}{"us plan",10}");
        foreach (var count in options.GetNumbers("--k", [10, 100, 250, 500, 745, 1000, 2000, 5000, 10000, 50000]))
        {
            var parameters = CodeParameters.For(count);
            var elimination = new Elimination(SymbolKernels.ForPlans);
            var plan = new SymbolPlan();
            var isis = Enumerable.Range(0, parameters.ExtendedCount).Select(isi => (uint)isi).ToArray();
            var rank = Least(() => elimination.TrySolve(parameters, isis, null));
            var whole = Least(() => elimination.TrySolve(parameters, isis, plan));
            var symbols = (double)parameters.ExtendedCount;
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{parameters.ExtendedCount,7}{elimination.InactiveCount,10}{plan.SlotCount,8}{plan.ReadCount / symbols,14:F2}"
                + $"{plan.Length / symbols,14:F2}{rank,10:F1}{whole,10:F1}"));
        }

        return 0;
    }

    private static double Least(Action action)
    {
        var best = double.MaxValue;
        var total = Stopwatch.StartNew();
        for (var round = 0; round < 40 || total.ElapsedMilliseconds < 300; round++)
        {
            var start = Stopwatch.GetTimestamp();
            action();
            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalMicroseconds);
        }

        return best;
    }
}
