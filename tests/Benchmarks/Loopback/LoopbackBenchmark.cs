using System.Globalization;
using Benchmarks.Processes;

namespace Benchmarks.Loopback;

/// <summary>
/// How fast bytes move through this machine when the network costs nothing: a rain from a node into a gateway and on to curl, beside
/// nginx through an nginx proxy (the same number of processes and copies by TCP), nginx alone, and a hit in the gateway's own store.
/// The runs of all four are interleaved, so that a slow minute of the machine is everybody's.
/// </summary>
internal static class LoopbackBenchmark
{
    private const ulong Id = 1;
    private const double LimitSeconds = 300;

    public static async Task RunAsync(BenchmarkOptions options, CancellationToken cancellation)
    {
        var size = options.Size ?? 1L << 30;
        using var folder = new TemporaryFolder();
        var sha256 = await folder.WriteFileAsync("www/file", size, seed: 1, cancellation);
        var ports = Ports.Free(6);
        await using var node = await GatewayNode.StartAsync(
            Host.Local, folder["node"], ports[0], ports[1], [], options.Settings, cancellation);
        await using var gateway = await GatewayNode.StartAsync(
            Host.Local, folder["gateway"], ports[2], ports[3], [node.Rain], options.Settings, cancellation);
        await using var nginx = await Nginx.ServeAsync(Host.Local, folder, folder["www"], ports[4], cancellation);
        await using var proxy = await Nginx.ProxyAsync(Host.Local, folder, nginx.Url, ports[5], cancellation);
        await node.PutAsync(Id, folder["www/file"], cancellation);
        await gateway.CheckAsync(Id, sha256, rain: true, LimitSeconds, cancellation);
        await gateway.WaitUntilKeptAsync(Id, cancellation);
        await gateway.WaitUntilIdleAsync(cancellation);

        Contender[] contenders =
        [
            new("rain (gateway + node)", () => gateway.RainAsync(Id, size, LimitSeconds, cancellation)),
            new("nginx proxy + nginx", () => Curl.GetAsync(Host.Local, $"{proxy.Url}/file", LimitSeconds, [], cancellation)),
            new("gateway hit", () => node.GetAsync(Id, rain: false, LimitSeconds, cancellation)),
            new("nginx", () => Curl.GetAsync(Host.Local, $"{nginx.Url}/file", LimitSeconds, [], cancellation)),
        ];
        ChildProcess[] processes = [gateway.Process, node.Process, proxy.Process, nginx.Process];
        for (var run = 0; run < options.Runs; run++)
        {
            foreach (var contender in contenders.Where(contender => options.Wants(contender.Name)))
            {
                await contender.MeasureAsync(processes, size);
            }
        }

        // A warm rain moves every byte of the machine's memory traffic budget; these rates say how large that is.
        var (copy, xor, hashing) = Machine.MeasureRates();
        var report = new Report(
            "loopback", options, "row", "GB/s", "slowest", "fastest", "of proxy", "of nginx",
            "gateway s/GB", "node s/GB", "proxy s/GB", "nginx s/GB", "curl s/GB");
        foreach (var contender in contenders.Where(contender => contender.Rates.Count > 0))
        {
            report.Add(
            [
                contender.Name,
                contender.Rates.Median() / 1e9, contender.Rates.Min() / 1e9, contender.Rates.Max() / 1e9,
                contender.RatioTo(contenders[1]), contender.RatioTo(contenders[3]),
                .. contender.CpuSecondsPerGigabyte(size).Select(seconds => (object)seconds),
            ]);
        }

        report.Note(string.Create(
            CultureInfo.InvariantCulture,
            $"one core copies {copy / 1e9:F1} GB/s, XORs {xor / 1e9:F1} GB/s, hashes (SHA-256) {hashing / 1e9:F2} GB/s"));
        report.Note(string.Create(CultureInfo.InvariantCulture, $"{size} bytes, {Environment.ProcessorCount} cores; s/GB: core-seconds"));
        await report.FinishAsync();
    }
}
