using System.Diagnostics;
using System.Globalization;
using Benchmarks.Processes;

namespace Hostile.Machine;

/// <summary>System calls of a running process that fail, until this is disposed of.</summary>
internal sealed class Strace : IAsyncDisposable
{
    private static readonly TimeSpan AttachLimit = TimeSpan.FromSeconds(20);
    private readonly ChildProcess _process;

    private Strace(ChildProcess process) => _process = process;

    /// <summary>Makes system calls fail.</summary>
    /// <param name="process">Whose.</param>
    /// <param name="calls">Which, with commas.</param>
    /// <param name="error">With which error, as in <c>EIO</c>.</param>
    /// <param name="path">Only those on this path, or null.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="CannotAttackException">There is no strace, or it may not attach.</exception>
    public static async Task<Strace> InjectAsync(
        ChildProcess process, string calls, string error, string? path, CancellationToken cancellation)
    {
        if (!File.Exists("/usr/bin/strace"))
        {
            throw new CannotAttackException("needs strace");
        }

        string[] only = path is null ? [] : ["-P", path];
        var strace = ChildProcess.Start(
        [
            "strace", "-f", "-o", "/dev/null", "-p", process.Id.ToString(CultureInfo.InvariantCulture), .. only,
            "-e", $"trace={calls}", "-e", $"inject={calls}:error={error}",
        ]);

        // It says so when it has hold of every thread.
        var clock = Stopwatch.StartNew();
        while (!strace.Errors.Contains("attached", StringComparison.Ordinal))
        {
            if (strace.HasExited || clock.Elapsed > AttachLimit)
            {
                var errors = strace.Errors;
                await strace.DisposeAsync();
                throw new CannotAttackException($"strace does not attach: {errors.Trim()}");
            }

            await Task.Delay(20, cancellation);
        }

        return new Strace(strace);
    }

    public async ValueTask DisposeAsync()
    {
        // It ends by itself with the process that it traces. SIGTERM lets go of that; SIGKILL might take it along.
        using (var moment = new CancellationTokenSource(TimeSpan.FromMilliseconds(200)))
        {
            try
            {
                await _process.WaitAsync(moment.Token);
            }
            catch (OperationCanceledException)
            {
                await _process.StopAsync();
            }
        }

        await _process.DisposeAsync();
    }
}
