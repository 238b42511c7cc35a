using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using PouringRain.Protocol.Deploying;

namespace Simulation.Deployments;

/// <summary>Many scenarios of deployments, one seed each.</summary>
internal static class DeploymentRuns
{
    /// <summary>Runs them, and tells of those that broke a promise.</summary>
    /// <returns>The process's exit code.</returns>
    public static int Run(long first, long count, DeploymentFault fault)
    {
        var watch = Stopwatch.StartNew();
        long failures = 0;
        var ends = new ConcurrentDictionary<DeploymentPhase, long>();
        Parallel.ForEach(
            Partitioner.Create(Enumerable.Range(0, (int)Math.Min(count, int.MaxValue)), EnumerablePartitionerOptions.NoBuffering),
            new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount },
            index =>
            {
                var seed = first + index;
                using var scenario = new DeploymentScenario((ulong)seed, fault);
                try
                {
                    scenario.Run();
                }
                catch (Exception exception) when (exception is not OutOfMemoryException)
                {
                    scenario.Broken.Add(exception.ToString());
                }

                ends.AddOrUpdate(scenario.Phase, 1, (_, before) => before + 1);
                if (count == 1 || scenario.Broken.Count > 0)
                {
                    Interlocked.Add(ref failures, scenario.Broken.Count > 0 ? 1 : 0);
                    Console.WriteLine(string.Join(
                        Environment.NewLine,
                        scenario.Broken.Take(5).Select(promise => $"  broken: {promise}").Prepend($"seed {seed}: {scenario.Description}")
                            .Append($"  dotnet run -c Release --project tests/Simulation -- --deployments 1 --first {seed}")));
                }
            });
        var said = string.Join(", ", ends.OrderBy(end => end.Key).Select(end => $"{end.Value} {end.Key}"));
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{count} deployments from {first} ({said}): {failures} with broken promises, {watch.Elapsed.TotalSeconds:F1} s"));
        return failures == 0 ? 0 : 1;
    }
}
