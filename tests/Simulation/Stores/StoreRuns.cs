using System.Diagnostics;
using System.Globalization;

namespace Simulation.Stores;

/// <summary>Many scenarios of nodes with stores, one seed each.</summary>
internal static class StoreRuns
{
    /// <summary>Runs them, and tells of those that broke a promise.</summary>
    /// <returns>The process's exit code.</returns>
    public static int Run(long first, long count)
    {
        var watch = Stopwatch.StartNew();
        var (failures, stops) = (0L, 0L);

        // The stores' own threads are not to wait for those that wait for them.
        ThreadPool.SetMinThreads(8 * Environment.ProcessorCount, Environment.ProcessorCount);
        Parallel.For(first, first + count, seed =>
        {
            using var scenario = new StoreScenario((ulong)seed);
            try
            {
                scenario.Run();
            }
            catch (Exception exception) when (exception is not OutOfMemoryException)
            {
                scenario.Broken.Add(exception.ToString());
            }

            Interlocked.Add(ref stops, scenario.StopCount);
            if (count == 1 || scenario.Broken.Count > 0)
            {
                Interlocked.Add(ref failures, scenario.Broken.Count > 0 ? 1 : 0);
                Console.WriteLine(string.Join(
                    Environment.NewLine,
                    scenario.Broken.Take(5).Select(promise => $"  broken: {promise}").Prepend($"seed {seed}: {scenario.Description}")
                        .Append($"  dotnet run -c Release --project tests/Simulation -- --stores 1 --first {seed}")));
            }
        });
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{count} clouds of stores from {first}, {stops} stops: {failures} with broken promises, {watch.Elapsed.TotalSeconds:F1} s"));
        return failures == 0 ? 0 : 1;
    }
}
