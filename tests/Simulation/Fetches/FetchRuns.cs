using System.Diagnostics;
using System.Globalization;

namespace Simulation.Fetches;

/// <summary>Many scenarios of the shared fetch, one seed each.</summary>
internal static class FetchRuns
{
    /// <summary>Runs them, and tells of those that broke a promise.</summary>
    /// <returns>The process's exit code.</returns>
    public static int Run(long first, long count)
    {
        var watch = Stopwatch.StartNew();
        var failures = 0L;
        for (var seed = first; seed < first + count; seed++)
        {
            var scenario = new FetchScenario((ulong)seed);
            try
            {
                scenario.Run();
            }
            catch (Exception exception) when (exception is not OutOfMemoryException)
            {
                scenario.Broken.Add(exception.ToString());
            }

            if (count == 1 || scenario.Broken.Count > 0)
            {
                Console.WriteLine($"seed {seed}: {scenario.Description}");
            }

            if (scenario.Broken.Count > 0)
            {
                failures++;
                scenario.Broken.Take(5).ToList().ForEach(promise => Console.WriteLine($"  broken: {promise}"));
                Console.WriteLine($"  dotnet run -c Release --project tests/Simulation -- --fetches 1 --first {seed}");
            }
        }

        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{count} fetches from {first}: {failures} with broken promises, {watch.Elapsed.TotalSeconds:F1} s"));
        return failures == 0 ? 0 : 1;
    }
}
