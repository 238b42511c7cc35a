using System.Globalization;
using Benchmarks.Processes;

namespace Benchmarks.Hits;

/// <summary>
/// Small resources that are here, asked for over and over on 32 connections that stay: the gateway beside nginx, each with the log of
/// its requests and without. The runs are interleaved.
/// </summary>
internal static class HitsBenchmark
{
    private const ulong Id = 1;
    private const int ConnectionCount = 32;
    private const double LimitSeconds = 30;

    public static async Task RunAsync(BenchmarkOptions options, CancellationToken cancellation)
    {
        var size = options.Size ?? 1024;
        var seconds = options.Seconds ?? 5;
        using var folder = new TemporaryFolder();
        var sha256 = await folder.WriteFileAsync("www/file", size, seed: 1, cancellation);
        var ports = Ports.Free(6);
        await using var logging = await GatewayNode.StartAsync(
            Host.Local, folder["logging"], ports[0], ports[1], [], options.Settings, cancellation);
        await using var silent = await GatewayNode.StartAsync(
            Host.Local, folder["silent"], ports[2], ports[3], [],
            [.. options.Settings, "Serilog:MinimumLevel:Override:Gateway.Requests=Warning"], cancellation);
        await using var loggingNginx = await Nginx.ServeAsync(
            Host.Local, folder, folder["www"], ports[4], cancellation, logsRequests: true);
        await using var silentNginx = await Nginx.ServeAsync(Host.Local, folder, folder["www"], ports[5], cancellation);
        foreach (var node in (GatewayNode[])[logging, silent])
        {
            await node.PutAsync(Id, folder["www/file"], cancellation);
            await node.CheckAsync(Id, sha256, rain: false, LimitSeconds, cancellation);
        }

        (string Name, string Url, ChildProcess Process)[] contenders =
        [
            ("gateway", $"{logging.Url}/resources/{Id}", logging.Process),
            ("nginx", $"{loggingNginx.Url}/file", loggingNginx.Process),
            ("gateway without its log", $"{silent.Url}/resources/{Id}", silent.Process),
            ("nginx without its log", $"{silentNginx.Url}/file", silentNginx.Process),
        ];
        var rates = contenders.Select(_ => new List<double>()).ToArray();
        var cpu = contenders.Select(_ => new List<double>()).ToArray();

        // The first round is for the compiler.
        for (var run = -1; run < options.Runs; run++)
        {
            for (var i = 0; i < contenders.Length; i++)
            {
                var before = contenders[i].Process.CpuSeconds();
                var result = await Wrk.GetAsync(contenders[i].Url, ConnectionCount, seconds, cancellation);
                if (run >= 0)
                {
                    rates[i].Add(result.RequestsPerSecond);
                    cpu[i].Add(1e6 * (contenders[i].Process.CpuSeconds() - before) / result.Requests);
                }
            }
        }

        var report = new Report("hits", options, "row", "requests/s", "slowest", "fastest", "of nginx", "core us a request");
        for (var i = 0; i < contenders.Length; i++)
        {
            var ratio = rates[i].Zip(rates[i | 1], (mine, theirs) => mine / theirs).Median();
            report.Add(contenders[i].Name, rates[i].Median(), rates[i].Min(), rates[i].Max(), ratio, cpu[i].Median());
        }

        report.Note(string.Create(
            CultureInfo.InvariantCulture,
            $"{size} bytes, {ConnectionCount} connections that stay, {seconds} s a run, {Environment.ProcessorCount} cores; nginx has one "
            + $"process"));
        await report.FinishAsync();
    }
}
