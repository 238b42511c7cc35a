using System.Diagnostics;
using System.Globalization;
using Benchmarks.Processes;

namespace Benchmarks.Servers;

/// <summary>
/// Many servers into one client: K nodes with uplinks of 20 Mbit/s each, a client of 200 Mbit/s, 20 ms of round trip. The figure is
/// the time as a fraction of size / 20 Mbit/s, so that 1 / K is perfect; beside it aria2c from nginx on the same hosts.
/// </summary>
internal static class ServersBenchmark
{
    private const int ServerCountMax = 5;
    private const int Client = 6;
    private const double UplinkBitsPerSecond = 20e6;
    private const ulong Id = 1;
    private const int HttpPort = 8080;
    private const int RainPort = 1980;
    private const int NginxPort = 80;

    private static readonly Scene[] Scenes =
    [
        .. Enumerable.Range(1, ServerCountMax).Select(count => new Scene($"{count} servers", count, Loss: false)),
        .. Enumerable.Range(1, ServerCountMax).Select(count => new Scene($"{count} servers, 1 % loss", count, Loss: true)),
        new("5 servers, one cut half way", 5, Loss: false) { CutsOne = true },
        new("4 servers and one of 2 Mbit/s", 5, Loss: false) { SlowsOne = true },
    ];

    public static async Task RunAsync(BenchmarkOptions options, CancellationToken cancellation)
    {
        var size = options.Size ?? 64L << 20;
        using var controls = new CongestionControls();
        using var folder = new TemporaryFolder();
        var sha256 = await folder.WriteFileAsync("www/file", size, seed: 1, cancellation);
        await using var lab = await Netlab.UpAsync(
            Client, "--delay 10ms --host 6:rate=200mbit", cancellation);
        await using var processes = new ProcessList();
        var nodes = new List<GatewayNode>();
        string[] endpoints = [.. Enumerable.Range(1, ServerCountMax).Select(server => $"{lab[server].Address}:{RainPort}")];
        var mirrors = new List<string>();
        for (var server = 1; server <= ServerCountMax; server++)
        {
            // BBR is the kinder choice for the mirrors: cubic falls back at each of the 1 % losses.
            await lab.SetCongestionControlAsync(server, controls.Names[^1], cancellation);
            var nginx = processes.Add(await Nginx.ServeAsync(lab[server], folder, folder["www"], NginxPort, cancellation));
            mirrors.Add($"{nginx.Url}/file");
            nodes.Add(processes.Add(await GatewayNode.StartAsync(
                lab[server], folder[$"node{server}"], HttpPort, RainPort, endpoints.Except([endpoints[server - 1]]), options.Settings,
                cancellation)));
        }

        await nodes[0].PutAsync(Id, folder["www/file"], cancellation, ServerCountMax);
        await lab.SetAsync($"1-{ServerCountMax}", "up=20mbit,down=20mbit", cancellation);

        await using var gateway = await GatewayNode.StartAsync(
            lab[Client], folder["gateway"], HttpPort, RainPort, nodes.Select(node => node.Rain), options.Settings, cancellation);
        await gateway.CheckAsync(Id, sha256, rain: true, 300, cancellation);

        var unit = size * 8 / UplinkBitsPerSecond;
        var scenes = Scenes.Where(scene => options.Wants(scene.Name)).ToArray();
        var rains = scenes.ToDictionary(scene => scene, _ => new List<Outcome>());
        var others = scenes.ToDictionary(scene => scene, _ => new List<Outcome>());
        var untrusted = scenes.ToDictionary(scene => scene, _ => 0L);
        for (var run = 0; run < options.Runs; run++)
        {
            foreach (var scene in scenes)
            {
                await SetServersAsync(gateway, nodes.Take(scene.ServerCount), cancellation);
                await lab.ResetAsync(cancellation);
                rains[scene].Add(await PlayAsync(lab, scene, unit, async limit =>
                {
                    var answer = await gateway.GetAsync(Id, rain: true, limit, cancellation);
                    return answer.Bytes == size ? answer.Seconds : double.NaN;
                }, cancellation));
                var counted = await lab.StatisticsAsync(cancellation);
                untrusted[scene] += counted.Untrusted;
                rains[scene][^1] = rains[scene][^1] with { Sent = SentBytes(counted) / size };
                if (run < options.BesideRuns)
                {
                    others[scene].Add(await PlayAsync(
                        lab,
                        scene,
                        unit,
                        limit => Aria2.GetAsync(lab[Client], folder, [.. mirrors.Take(scene.ServerCount)], size, limit, cancellation),
                        cancellation));
                }
            }
        }

        var report = new Report(
            "servers", options, "row", "rain", "ideal", "over ideal", "slowest", "aria2c", "aria2c over", "sent/size", "untrusted");
        foreach (var scene in scenes)
        {
            report.Add(
                scene.Name,
                rains[scene].Select(outcome => outcome.Fraction).Median(),
                rains[scene].Select(outcome => outcome.Ideal).Median(),
                rains[scene].Select(outcome => outcome.Fraction - outcome.Ideal).Median(),
                rains[scene].Max(outcome => outcome.Fraction),
                others[scene].Select(outcome => outcome.Fraction).Median(),
                others[scene].Select(outcome => outcome.Fraction - outcome.Ideal).Median(),
                rains[scene].Select(outcome => outcome.Sent).Median(),
                untrusted[scene]);
        }

        report.Note(string.Create(CultureInfo.InvariantCulture, $"time / (size / 20 Mbit/s), {size} bytes"));
        report.Note("ideal: what the uplinks can carry at all, the one that is cut until then, the slow one not at all");
        report.Note($"aria2c: 3 s time-outs, one connection a mirror, TCP {controls.Names[^1]}");
        await report.FinishAsync();
    }

    /// <summary>Times one transfer with what happens to the links meanwhile; links are well again afterwards.</summary>
    private static async Task<Outcome> PlayAsync(
        Netlab lab, Scene scene, double unit, Func<double, Task<double>> transfer, CancellationToken cancellation)
    {
        await lab.SetAsync($"{Client}", scene.Loss ? "loss=1%" : "loss=0", cancellation);
        await lab.SetAsync($"{ServerCountMax}", scene.SlowsOne ? "up=2mbit,down=20mbit" : "up=20mbit,down=20mbit", cancellation);
        var limit = (5 * unit / scene.ServerCount) + 10;
        // The slow one must not cost anything: its own part is not counted on.
        var servers = scene.SlowsOne ? scene.ServerCount - 1 : scene.ServerCount;
        var ideal = unit / servers / (scene.Loss ? 0.99 : 1);
        var clock = Stopwatch.GetTimestamp();
        var running = transfer(limit);
        if (scene.CutsOne)
        {
            await Task.Delay(TimeSpan.FromSeconds(ideal / 2), cancellation);
            await lab.SetAsync($"{ServerCountMax}", "cut", cancellation);
            var cutAt = Stopwatch.GetElapsedTime(clock).TotalSeconds;
            ideal = cutAt + ((unit - (cutAt * scene.ServerCount)) / (scene.ServerCount - 1));
        }

        var seconds = await running;
        await lab.SetAsync($"{ServerCountMax}", "heal", cancellation);
        return new Outcome(seconds / unit, ideal / unit, double.NaN);
    }

    private static async Task SetServersAsync(GatewayNode gateway, IEnumerable<GatewayNode> nodes, CancellationToken cancellation)
    {
        var wanted = nodes.Select(node => node.Rain).Order().ToArray();
        await gateway.SetServersAsync(wanted, cancellation);
        await gateway.WaitForServersAsync(wanted, cancellation);
    }

    private static double SentBytes(LabStatistics counted) =>
        counted.Down(Client, "bytes") + counted.Down(Client, "lost_bytes") + counted.Down(Client, "queue_drop_bytes");

    private sealed record Scene(string Name, int ServerCount, bool Loss)
    {
        public bool CutsOne { get; init; }

        public bool SlowsOne { get; init; }
    }

    private sealed record Outcome(double Fraction, double Ideal, double Sent);
}
