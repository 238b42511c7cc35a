using System.Diagnostics;

namespace Benchmarks.Codes;

/// <summary>
/// Counts how often random sets of symbols do not determine the block. A set grows from K distinct symbols, drawn from all repair symbols,
/// until it has full rank or K + 3 symbols; only ranks are computed.
/// </summary>
internal static class FailuresCommand
{
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
            var failures = FailureCounts.Count(count, sets, seed);
            Console.WriteLine(
                $"{count,7}{failures[0],14}{failures[1],10}{failures[2],10}{failures[3],10}{watch.Elapsed.TotalSeconds,10:F1}");
        }

        return 0;
    }
}
