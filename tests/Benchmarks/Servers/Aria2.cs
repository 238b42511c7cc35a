using System.Diagnostics;
using System.Globalization;
using Benchmarks.Processes;

namespace Benchmarks.Servers;

/// <summary>aria2c, the usual way to read one file from several mirrors, tuned: small pieces, short time-outs, no writing ahead.</summary>
internal static class Aria2
{
    /// <summary>Reads a file from mirrors; seconds until its process has ended well.</summary>
    public static async Task<double> GetAsync(
        Host host, TemporaryFolder folder, IReadOnlyList<string> urls, long size, double limitSeconds, CancellationToken cancellation)
    {
        var target = folder["aria2.out"];
        File.Delete(target);
        File.Delete(target + ".aria2");
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(TimeSpan.FromSeconds(limitSeconds));
        var clock = Stopwatch.GetTimestamp();
        await using var aria2 = ChildProcess.Start(host.Command(
        [
            "aria2c", "--no-conf", "-q", "--allow-overwrite=true", "--file-allocation=none", "--auto-file-renaming=false",
            $"--split={urls.Count.ToString(CultureInfo.InvariantCulture)}", "--max-connection-per-server=1",
                "--min-split-size=1M", "--piece-length=1M",
            "--connect-timeout=3", "--timeout=3", "--max-tries=0", "--retry-wait=0", "--uri-selector=inorder",
            "-d", folder.Path, "-o", "aria2.out", .. urls,
        ]));
        try
        {
            await aria2.WaitAsync(limit.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return double.NaN;
        }

        var seconds = Stopwatch.GetElapsedTime(clock).TotalSeconds;
        return new FileInfo(target) is { Exists: true } file && file.Length == size ? seconds : double.NaN;
    }
}
