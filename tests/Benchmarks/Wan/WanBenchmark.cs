using System.Globalization;
using Benchmarks.Processes;

namespace Benchmarks.Wan;

/// <summary>
/// Goodput over a long way with losses: one node, one gateway in the client's host, curl beside it; and curl from nginx in the same
/// run over the same links, with TCP cubic and TCP BBR. Figures are fractions of what the way can carry at all: rate x (1 - loss).
/// Rates count whole Ethernet frames, so that headers alone cost TCP 4.4 % and the rain 4.8 %.
/// </summary>
internal static class WanBenchmark
{
    private const int Server = 1;
    private const int Client = 2;
    private const ulong Id = 1;
    private const int HttpPort = 8080;
    private const int RainPort = 1980;
    private const int NginxPort = 80;

    private static readonly Way[] Ways = [new(100, 50), new(10, 300), new(500, 10)];

    private static readonly Weather[] Weathers =
    [
        new("no loss", "ge=off,loss=0", 0),
        new("0.1 %", "ge=off,loss=0.1%", 0.001),
        new("1 %", "ge=off,loss=1%", 0.01),
        new("2 %", "ge=off,loss=2%", 0.02),
        new("5 %", "ge=off,loss=5%", 0.05),
        new("10 %", "ge=off,loss=10%", 0.1),
        new("bursts 1%/25%", "loss=0,ge=1%/25%", 1.0 / 26),
    ];

    public static async Task RunAsync(BenchmarkOptions options, CancellationToken cancellation)
    {
        using var controls = new CongestionControls();
        var report = new Report(
            "wan", options, "row", "rain", "slowest", "cubic", "bbr", "sent/size", "dropped",
                "queue ms", "first ms", "gateway s/GB", "node s/GB", "untrusted");
        foreach (var way in Ways)
        {
            var weathers = Weathers.Where(weather => options.Wants(Name(way, weather))).ToArray();
            if (weathers.Length > 0)
            {
                await MeasureAsync(way, weathers, options, controls, report, cancellation);
            }
        }

        report.Note(
            "rain, cubic, bbr: goodput / (rate x (1 - loss)), medians; sent/size: bytes sent to the client / size of the resource;");
        report.Note("dropped: frames that found the client's queue full; queue: mean wait in it; untrusted: frames that the lab itself");
        report.Note("delayed or dropped, of all rains");
        report.Note($"TCP congestion controls of this kernel: {string.Join(", ", controls.Names)}");
        await report.FinishAsync();
    }

    private static async Task MeasureAsync(
        Way way, Weather[] weathers, BenchmarkOptions options, CongestionControls controls, Report report, CancellationToken cancellation)
    {
        var seconds = options.Seconds ?? 12;
        var size = options.Size ?? (long)(seconds * way.BitsPerSecond / 8);
        using var folder = new TemporaryFolder();
        var sha256 = await folder.WriteFileAsync("www/file", size, seed: 1, cancellation);
        await using var lab = await Netlab.UpAsync(2, way.LabArguments, cancellation);
        await using var nginx = await Nginx.ServeAsync(lab[Server], folder, folder["www"], NginxPort, cancellation);
        await using var node = await GatewayNode.StartAsync(
            lab[Server], folder["node"], HttpPort, RainPort, [], options.Settings, cancellation);
        await using var gateway = await GatewayNode.StartAsync(
            lab[Client], folder["gateway"], HttpPort, RainPort, [node.Rain], options.Settings, cancellation);
        await node.PutAsync(Id, folder["www/file"], cancellation);
        await gateway.CheckAsync(Id, sha256, rain: true, 30 * seconds, cancellation);

        foreach (var weather in weathers)
        {
            await lab.SetAsync($"{Client}", weather.Settings, cancellation);
            var limit = 1.5 * size * 8 / way.BitsPerSecond / (1 - weather.Loss) + 5;
            var rains = new List<RainRun>();
            var flows = controls.Names.ToDictionary(name => name, _ => new List<double>());
            for (var run = 0; run < options.Runs; run++)
            {
                rains.Add(await RainAsync(lab, node, gateway, way, size, limit, cancellation));
                foreach (var control in controls.Names.Where(_ => run < options.BesideRuns))
                {
                    await lab.SetCongestionControlAsync(Server, control, cancellation);
                    flows[control].Add((await Curl.GetAsync(lab[Client], $"{nginx.Url}/file", limit, [], cancellation)).BytesPerSecond);
                }
            }

            var ideal = way.BitsPerSecond / 8 * (1 - weather.Loss);
            report.Add(
                Name(way, weather),
                rains.Select(rain => rain.BytesPerSecond / ideal).Median(),
                rains.Min(rain => rain.BytesPerSecond / ideal),
                flows.GetValueOrDefault("cubic")?.Select(rate => rate / ideal).Median(),
                flows.GetValueOrDefault("bbr")?.Select(rate => rate / ideal).Median(),
                rains.Select(rain => rain.SentBytes / size).Median(),
                rains.Select(rain => rain.Dropped).Median(),
                rains.Select(rain => rain.QueueMs).Median(),
                rains.Select(rain => rain.FirstByteMs).Median(),
                rains.Select(rain => rain.GatewayCpuSeconds / size * 1e9).Median(),
                rains.Select(rain => rain.NodeCpuSeconds / size * 1e9).Median(),
                rains.Sum(rain => rain.Untrusted));
        }
    }

    private static async Task<RainRun> RainAsync(
        Netlab lab, GatewayNode node, GatewayNode gateway, Way way, long size, double limit, CancellationToken cancellation)
    {
        // One that comes while another is still being put away would share it.
        await gateway.WaitUntilIdleAsync(cancellation);
        var (nodeBefore, gatewayBefore) = (node.Process.CpuSeconds(), gateway.Process.CpuSeconds());
        await lab.ResetAsync(cancellation);
        var answer = await gateway.GetAsync(Id, rain: true, limit, cancellation);
        var counted = await lab.StatisticsAsync(cancellation);
        if (answer.Bytes < size)
        {
            // Slow is a figure; the table must show it rather than stop.
            await Console.Error.WriteLineAsync($"a rain ended with {answer}");
        }

        return new RainRun(
            answer.BytesPerSecond,
            answer.FirstByteSeconds * 1000,
            counted.Down(Client, "bytes") + counted.Down(Client, "lost_bytes") + counted.Down(Client, "queue_drop_bytes"),
            counted.Down(Client, "queue_drop")
                / (counted.Down(Client, "queue_drop") + counted.Down(Client, "lost") + counted.Down(Client, "frames")),
            counted.Down(Client, "mean_queue") * 8000 / way.BitsPerSecond,
            gateway.Process.CpuSeconds() - gatewayBefore,
            node.Process.CpuSeconds() - nodeBefore,
            counted.Untrusted);
    }

    private static string Name(Way way, Weather weather) =>
        string.Create(CultureInfo.InvariantCulture, $"{way.Megabits} Mbit/s {way.RoundTripMs} ms, {weather.Name}");

    private sealed record Way(int Megabits, int RoundTripMs)
    {
        public double BitsPerSecond => Megabits * 1e6;

        // The client's link is the narrow one, both ways; the server's network card has no limit of its own.
        public string LabArguments =>
            string.Create(CultureInfo.InvariantCulture, $"--delay {RoundTripMs / 2.0}ms --host {Client}:rate={Megabits}mbit");
    }

    private sealed record Weather(string Name, string Settings, double Loss);

    private sealed record RainRun(
        double BytesPerSecond, double FirstByteMs, double SentBytes, double Dropped, double QueueMs,
            double GatewayCpuSeconds, double NodeCpuSeconds, long Untrusted);
}
