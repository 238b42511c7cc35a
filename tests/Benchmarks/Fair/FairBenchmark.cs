using System.Diagnostics;
using System.Globalization;
using Benchmarks.Processes;

namespace Benchmarks.Fair;

/// <summary>
/// Sharing one bottleneck of 50 Mbit/s, 40 ms, with a queue of one bandwidth-delay product: a rain beside TCP flows, beside another
/// rain, and alone, where the queue that it keeps is measured; and how TCP flows share it among themselves, for comparison.
/// </summary>
internal static class FairBenchmark
{
    private const int Client = 2;
    private const int Mirror = 3;
    private const double BitsPerSecond = 50e6;
    private const double RoundTripSeconds = 0.04;
    private const double ProductBytes = BitsPerSecond / 8 * RoundTripSeconds;
    private const ulong Id = 1;
    private const int HttpPort = 8080;
    private const int RainPort = 1980;

    // The nodes' hosts.
    private static readonly int[] NodeHosts = [1, 4];

    private static readonly Scene[] Scenes =
    [
        new("alone", Rains: 1),
        new("beside 1 cubic", Rains: 1, "cubic"),
        new("beside 1 bbr", Rains: 1, "bbr"),
        new("beside 4 cubic", Rains: 1, "cubic", Flows: 4),
        new("beside 4 bbr", Rains: 1, "bbr", Flows: 4),
        new("two rains", Rains: 2),
        new("background beside 1 cubic", Rains: 1, "cubic") { IsBackground = true },
        new("background beside 1 bbr", Rains: 1, "bbr") { IsBackground = true },
        new("TCP: 1 cubic alone", Rains: 0, "cubic"),
        new("TCP: 1 bbr alone", Rains: 0, "bbr"),
        new("TCP: 2 cubic", Rains: 0, "cubic", Flows: 2),
        new("TCP: 2 bbr", Rains: 0, "bbr", Flows: 2),
    ];

    public static async Task RunAsync(BenchmarkOptions options, CancellationToken cancellation)
    {
        var seconds = options.Seconds ?? 60;
        var size = options.Size ?? (long)(1.3 * seconds * BitsPerSecond / 8) + (16 << 20);
        using var controls = new CongestionControls();
        using var folder = new TemporaryFolder();
        await folder.WriteFileAsync("www/file", size, seed: 1, cancellation);
        await using var lab = await Netlab.UpAsync(
            4, string.Create(CultureInfo.InvariantCulture,
                $"--delay 20ms --host {Client}:rate=50mbit,downqueue={ProductBytes:F0}"), cancellation);
        await using var nginx = await Nginx.ServeAsync(lab[Mirror], folder, folder["www"], 80, cancellation);
        await using var processes = new ProcessList();
        var nodes = new List<GatewayNode>();
        foreach (var host in NodeHosts)
        {
            nodes.Add(processes.Add(await GatewayNode.StartAsync(
                lab[host], folder[$"node{host}"], HttpPort, RainPort, [], options.Settings, cancellation)));
            await nodes[^1].PutAsync(Id, folder["www/file"], cancellation);
        }

        var report = new Report(
            "fair", options, "row", "rain Mb/s", "other Mb/s", "share", "least", "most",
                "TCP of its own", "Jain", "mean queue", "peak queue", "lost", "untrusted");
        foreach (var scene in Scenes
            .Where(scene => options.Wants(scene.Name) && (scene.Control is null || controls.Names.Contains(scene.Control))))
        {
            var outcomes = new List<Outcome>();
            try
            {
                for (var run = 0; run < options.Runs; run++)
                {
                    outcomes.Add(await PlayAsync(scene, lab, nodes, nginx, options, seconds, cancellation));
                }
            }
            catch (InvalidOperationException failure) when (scene.IsBackground
                && failure.Message.Contains("no such setting", StringComparison.Ordinal))
            {
                report.Note($"{scene.Name}: skipped, the gateway has no Rain:Background");
                continue;
            }

            var shares = outcomes.Select(outcome => outcome.Share(scene)).ToArray();
            report.Add(
                scene.Name,
                outcomes.Select(outcome => outcome.RainBitsPerSecond / 1e6).Median(),
                outcomes.Select(outcome => outcome.OtherBitsPerSecond / 1e6).Median(),
                shares.Median(), shares.Min(), shares.Max(),
                outcomes.Select(outcome => outcome.OtherShare(scene)).Median(),
                outcomes.Select(outcome => outcome.Jain).Median(),
                outcomes.Select(outcome => outcome.MeanQueue).Median(),
                outcomes.Select(outcome => outcome.PeakQueue).Median(),
                outcomes.Select(outcome => outcome.Lost).Median(),
                outcomes.Sum(outcome => outcome.Untrusted));
        }

        report.Note(
            $"{seconds} s, all flows begin at once; share: the first rain's part / its equal part; TCP of its own: the same for TCP;");
        report.Note("Jain's index, queues (in bandwidth-delay products; it holds 1) and lost (of frames sent): after 10 s or a third");
        await report.FinishAsync();
    }

    private static async Task<Outcome> PlayAsync(
        Scene scene, Netlab lab, List<GatewayNode> nodes, Nginx nginx,
            BenchmarkOptions options, double seconds, CancellationToken cancellation)
    {
        // New gateways with empty stores each time: what one run learnt of the path, or kept, must not help the next.
        using var stores = new TemporaryFolder();
        await using var gateways = new ProcessList();
        var rains = new List<GatewayNode>();
        for (var i = 0; i < scene.Rains; i++)
        {
            string[] settings = [.. options.Settings, .. scene.IsBackground ? ["Rain:Background=true"] : Array.Empty<string>()];
            rains.Add(gateways.Add(await GatewayNode.StartAsync(
                lab[Client], stores[$"gateway{i}"], HttpPort + i, RainPort + i, [nodes[i].Rain], settings, cancellation)));
        }

        if (scene.Control is not null)
        {
            await lab.SetCongestionControlAsync(Mirror, scene.Control, cancellation);
        }

        await lab.ResetAsync(cancellation);
        await using var running = new ProcessList();
        Flow[] flows =
        [
            .. rains.Select(gateway => running.Add(Flow.Start(lab[Client], gateway.Resource(Id), "-H", "Cache-Control: no-cache"))),
            .. Enumerable.Range(0, scene.Control is null ? 0 : scene.Flows)
                .Select(_ => running.Add(Flow.Start(lab[Client], $"{nginx.Url}/file"))),
        ];
        var clock = Stopwatch.GetTimestamp();
        await Task.Delay(TimeSpan.FromSeconds(Math.Min(10, seconds / 3)), cancellation);
        var early = flows.Select(flow => flow.Bytes).ToArray();
        await lab.ResetAsync(cancellation);
        await Task.Delay(TimeSpan.FromSeconds(seconds) - Stopwatch.GetElapsedTime(clock), cancellation);
        var bytes = flows.Select(flow => flow.Bytes).ToArray();
        var elapsed = Stopwatch.GetElapsedTime(clock).TotalSeconds;
        var counted = await lab.StatisticsAsync(cancellation);
        if (flows.Any(flow => flow.HasEnded))
        {
            await Console.Error.WriteLineAsync($"{scene.Name}: a flow ended before its time");
        }

        return new Outcome(
            scene.Rains == 0 ? double.NaN : bytes[0] * 8 / elapsed,
            bytes.Skip(Math.Min(1, scene.Rains)).Sum() * 8 / elapsed,
            Statistics.Jain([.. bytes.Zip(early, (late, before) => (double)(late - before))]),
            counted.Down(Client, "mean_queue") / ProductBytes,
            counted.Down(Client, "peak_queue") / ProductBytes,
            counted.Down(Client, "queue_drop") / (counted.Down(Client, "queue_drop") + counted.Down(Client, "frames")),
            counted.Untrusted);
    }

    private sealed record Scene(string Name, int Rains, string? Control = null, int Flows = 1)
    {
        public bool IsBackground { get; init; }

        public int FlowCount => Rains + (Control is null ? 0 : Flows);
    }

    private sealed record Outcome(
        double RainBitsPerSecond, double OtherBitsPerSecond, double Jain, double MeanQueue, double PeakQueue, double Lost, long Untrusted)
    {
        /// <summary>1 when the rain has as much as each of the others.</summary>
        public double Share(Scene scene) => RainBitsPerSecond * scene.FlowCount / (RainBitsPerSecond + OtherBitsPerSecond);

        /// <summary>What the other flows have of what would be theirs alone: 0.9 is asked of them beside a background rain.</summary>
        public double OtherShare(Scene scene) => scene.FlowCount <= 1 || scene.Rains == 0 ? double.NaN
            : OtherBitsPerSecond / (RainBitsPerSecond + OtherBitsPerSecond)
                * (scene.IsBackground ? 1 : scene.FlowCount / (double)(scene.FlowCount - 1));
    }
}
