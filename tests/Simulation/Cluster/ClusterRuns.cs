using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;

namespace Simulation.Cluster;

/// <summary>Many scenarios of clusters, one seed each.</summary>
internal static class ClusterRuns
{
    /// <summary>Runs them, and tells of those that broke a promise.</summary>
    /// <returns>The process's exit code.</returns>
    public static int Run(long first, long count, ClusterFault fault)
    {
        var watch = Stopwatch.StartNew();
        long failures = 0, firstFailure = 0;
        Parallel.ForEach(
            Partitioner.Create(Enumerable.Range(0, (int)Math.Min(count, int.MaxValue)), EnumerablePartitionerOptions.NoBuffering),
            new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount },
            index =>
            {
                var seed = first + index;
                using var scenario = new ClusterScenario((ulong)seed, fault);
                try
                {
                    scenario.Run();
                }
                catch (Exception exception) when (exception is not OutOfMemoryException)
                {
                    scenario.Broken.Add(exception.ToString());
                }

                if (scenario.Broken.Count > 0)
                {
                    Interlocked.Increment(ref failures);
                    Interlocked.CompareExchange(ref firstFailure, seed, 0);
                }

                if (count == 1 || scenario.Broken.Count > 0)
                {
                    Console.WriteLine(string.Join(
                        Environment.NewLine,
                        scenario.Broken.Take(5).Select(promise => $"  broken: {promise}").Prepend($"seed {seed}: {scenario.Description}")
                            .Append($"  dotnet run -c Release --project tests/Simulation -- --clusters 1 --first {seed}")));
                }
            });
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{count} clusters from {first}: {failures} with broken promises, {watch.Elapsed.TotalSeconds:F1} s"));
        return failures == 0 ? 0 : 1;
    }
}
