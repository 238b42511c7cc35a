using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;

namespace Simulation;

/// <summary>Many trials, one seed each, as many at once as there are processors.</summary>
internal static class TrialRuns
{
    /// <summary>Runs them, and tells of those that broke a promise.</summary>
    /// <param name="option">What they are called, which is also the option that runs them, as in <c>swarms</c>.</param>
    /// <param name="first">The first seed.</param>
    /// <param name="count">How many.</param>
    /// <param name="draw">Makes the trial of a seed.</param>
    /// <param name="endOf">How one ended, where that is to be counted.</param>
    /// <returns>The process's exit code.</returns>
    public static int Run<TTrial>(string option, long first, long count, Func<ulong, TTrial> draw, Func<TTrial, string>? endOf = null)
        where TTrial : ITrial
    {
        var watch = Stopwatch.StartNew();
        var failures = 0L;
        var ends = new ConcurrentDictionary<string, long>(StringComparer.Ordinal);
        Parallel.ForEach(
            Partitioner.Create(Enumerable.Range(0, (int)Math.Min(count, int.MaxValue)), EnumerablePartitionerOptions.NoBuffering),
            new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount },
            index =>
            {
                var seed = first + index;
                using var trial = draw((ulong)seed);
                try
                {
                    trial.Run();
                }
                catch (Exception exception) when (exception is not OutOfMemoryException)
                {
                    trial.Broken.Add(exception.ToString());
                }

                if (endOf is not null)
                {
                    ends.AddOrUpdate(endOf(trial), 1, (_, before) => before + 1);
                }

                if (count == 1 || trial.Broken.Count > 0)
                {
                    Interlocked.Add(ref failures, trial.Broken.Count > 0 ? 1 : 0);
                    Console.WriteLine(string.Join(
                        Environment.NewLine,
                        trial.Broken.Take(5).Select(promise => $"  broken: {promise}").Prepend($"seed {seed}: {trial.Description}")
                            .Append($"  dotnet run -c Release --project tests/Simulation -- --{option} 1 --first {seed}")));
                }
            });
        var tally = string.Join(", ", ends.OrderBy(end => end.Key, StringComparer.Ordinal).Select(end => $"{end.Value} {end.Key}"));
        var said = tally.Length > 0 ? $" ({tally})" : "";
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{count} {option} from {first}{said}: {failures} with broken promises, {watch.Elapsed.TotalSeconds:F1} s"));
        return failures == 0 ? 0 : 1;
    }
}
