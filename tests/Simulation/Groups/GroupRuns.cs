using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;

namespace Simulation.Groups;

/// <summary>Many trials of group rain, one seed each.</summary>
internal static class GroupRuns
{
    /// <summary>Runs them, and tells of those that broke a promise.</summary>
    /// <returns>The process's exit code.</returns>
    public static int Run(long first, long count, GroupFault fault)
    {
        var watch = Stopwatch.StartNew();
        var failures = 0L;
        Parallel.ForEach(
            Partitioner.Create(Enumerable.Range(0, (int)Math.Min(count, int.MaxValue)), EnumerablePartitionerOptions.NoBuffering),
            new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount },
            index =>
            {
                var seed = first + index;
                using var trial = new GroupTrial((ulong)seed, fault);
                try
                {
                    trial.Run();
                }
                catch (Exception exception) when (exception is not OutOfMemoryException)
                {
                    trial.Broken.Add(exception.ToString());
                }

                if (count == 1 || trial.Broken.Count > 0)
                {
                    Interlocked.Add(ref failures, trial.Broken.Count > 0 ? 1 : 0);
                    Console.WriteLine(string.Join(
                        Environment.NewLine,
                        trial.Broken.Take(5).Select(promise => $"  broken: {promise}").Prepend($"seed {seed}: {trial.Description}")
                            .Append($"  dotnet run -c Release --project tests/Simulation -- --groups 1 --first {seed}")));
                }
            });
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{count} groups from {first}: {failures} with broken promises, {watch.Elapsed.TotalSeconds:F1} s"));
        return failures == 0 ? 0 : 1;
    }
}
