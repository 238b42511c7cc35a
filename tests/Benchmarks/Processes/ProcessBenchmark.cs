using System.Runtime.InteropServices;

namespace Benchmarks.Processes;

/// <summary>Runs benchmarks that start processes: reads their options, skips what this machine cannot do, cleans up when stopped.</summary>
internal static class ProcessBenchmark
{
    /// <summary>Makes the command of a benchmark.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="description">What it measures, and its defaults.</param>
    /// <param name="lab">Whether it needs network namespaces.</param>
    /// <param name="programs">The programs it needs.</param>
    /// <param name="run">The benchmark.</param>
    /// <returns>A command that ends with 0 also when it was skipped, 1 when it failed, 2 for wrong options, 130 when stopped.</returns>
    public static Command Command(
        string name, string description, bool lab, IReadOnlyList<string> programs, Func<BenchmarkOptions, CancellationToken, Task> run) =>
        new(name, $"[OPTION VALUE]...  {description}", arguments => RunAsync(arguments, lab, programs, run).GetAwaiter().GetResult());

    private static async Task<int> RunAsync(
        string[] arguments, bool lab, IReadOnlyList<string> programs, Func<BenchmarkOptions, CancellationToken, Task> run)
    {
        if (BenchmarkOptions.Parse(arguments, out var error) is not { } options)
        {
            await Console.Error.WriteLineAsync(error);
            return 2;
        }

        if (options.Gateway is { } gateway)
        {
            GatewayProgram.Use(gateway);
        }

        using var stop = new CancellationTokenSource();
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        try
        {
            if (await Requirements.MissingAsync(lab, programs, stop.Token) is { } missing)
            {
                Console.WriteLine($"skipped: {missing}");
                return 0;
            }

            await run(options, stop.Token);
            return 0;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            await Console.Error.WriteLineAsync("stopped");
            return 130;
        }

        catch (InvalidOperationException failure)
        {
            await Console.Error.WriteLineAsync($"failed: {failure.Message}");
            return 1;
        }

        void Stop(PosixSignalContext context)
        {
            context.Cancel = true;
            stop.Cancel();
        }
    }
}
