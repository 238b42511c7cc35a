using System.Diagnostics;
using Benchmarks.Processes;

namespace Benchmarks.Soak;

/// <summary>
/// Twenty clients at two gateways and three nodes for half an hour, while links lose, hosts are cut off every 20 s and processes are
/// killed and started again. Every byte is compared. The first node and the first gateway are never restarted: their memory over
/// time shows a leak.
/// </summary>
internal static class SoakBenchmark
{
    private const int NodeCount = 3;
    private const int GatewayCount = 2;
    private const int ClientsPerGateway = 10;
    private const int HttpPort = 8080;
    private const int RainPort = 1980;
    private const double CutEverySeconds = 20;
    private const double CutSeconds = 4;
    private const double RestartEverySeconds = 50;
    private const double SampleEverySeconds = 5;
    private static readonly long[] Sizes = [1, 1407, 10_000, 200_000, 1 << 20, (1 << 20) + 1, 3_000_000, 8 << 20, 20_000_000, 32 << 20];

    public static async Task RunAsync(BenchmarkOptions options, CancellationToken cancellation)
    {
        var seconds = options.Seconds ?? 1800;
        using var folder = new TemporaryFolder();
        await using var lab = await Netlab.UpAsync(NodeCount + GatewayCount, "--delay 10ms --rate 0", cancellation);
        await using var processes = new ProcessList();
        var nodes = new List<GatewayNode>();
        string[] servers = [.. Enumerable.Range(1, NodeCount).Select(host => $"{lab[host].Address}:{RainPort}")];
        for (var host = 1; host <= NodeCount + GatewayCount; host++)
        {
            nodes.Add(processes.Add(await GatewayNode.StartAsync(
                lab[host], folder[$"node{host}"], HttpPort, RainPort, servers.Except([$"{lab[host].Address}:{RainPort}"]), options.Settings,
                cancellation)));
        }

        var resources = new List<SoakResource>();
        foreach (var size in Sizes)
        {
            var id = (ulong)resources.Count + 1;
            await folder.WriteFileAsync($"in/{id}", size, (int)id, cancellation);
            await nodes[0].PutAsync(id, folder[$"in/{id}"], cancellation, NodeCount);
            resources.Add(new SoakResource(id, folder[$"in/{id}"], size));
        }

        await lab.SetAsync("all", "rate=100mbit,loss=1%", cancellation);
        await lab.SetAsync($"{NodeCount}", "jitter=3ms,reorder=1%,dup=1%", cancellation);
        var counts = new SoakCounts();
        var memory = nodes.Select(_ => new List<(double Seconds, double Bytes)>()).ToArray();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var clients = Enumerable.Range(0, GatewayCount * ClientsPerGateway).Select(i =>
        {
            var gateway = nodes[NodeCount + (i % GatewayCount)];
            return new SoakClient(gateway.Host, $"{gateway.Url}/resources/", resources, seed: i, counts).RunAsync(stop.Token);
        }).ToArray();
        var trouble = await MakeTroubleAsync(lab, nodes, memory, seconds, cancellation);
        await stop.CancelAsync();
        await Task.WhenAll(clients);

        var report = new Report("soak", options, "row", "value");
        report.Add("seconds", (long)seconds);
        report.Add("requests, whole", counts[SoakVerdict.Whole]);
        report.Add("requests, failed with an error", counts[SoakVerdict.Failed]);
        report.Add("requests, stuck", counts[SoakVerdict.Stuck]);
        report.Add("requests, wrong bytes", counts[SoakVerdict.WrongBytes]);
        report.Add("bytes compared, GB", counts.Bytes / 1e9);
        report.Add("cuts", trouble.Cuts);
        report.Add("restarts", trouble.Restarts);
        foreach (var (name, host) in (ReadOnlySpan<(string, int)>)[("node 1", 0), ("gateway 1", NodeCount)])
        {
            // The first third is warm-up: pools and code caches grow to what they need.
            var samples = memory[host].Where(sample => sample.Seconds >= seconds / 3).ToArray();
            report.Add($"{name}, MB after warm-up", samples.FirstOrDefault().Bytes / 1e6);
            report.Add($"{name}, MB at the end", samples.LastOrDefault().Bytes / 1e6);
            report.Add($"{name}, MB at most", samples.Select(sample => sample.Bytes).DefaultIfEmpty().Max() / 1e6);
            report.Add($"{name}, MB an hour (regression)", Slope(samples) * 3600 / 1e6);
        }

        Array.ForEach(counts.Details, report.Note);
        report.Note("wrong bytes and stuck must be 0; failed may be clients of a gateway that was restarted, or cut off for longer than "
            + "discovery takes");
        await report.FinishAsync();
        if (counts[SoakVerdict.WrongBytes] + counts[SoakVerdict.Stuck] > 0)
        {
            throw new InvalidOperationException("wrong bytes or stuck fetches");
        }
    }

    /// <summary>Cuts, kills and starts again, and takes the memory of all meanwhile.</summary>
    private static async Task<(int Cuts, int Restarts)> MakeTroubleAsync(
        Netlab lab, List<GatewayNode> nodes, List<(double Seconds, double Bytes)>[] memory, double seconds, CancellationToken cancellation)
    {
        var random = new Random(1);
        var (cuts, restarts) = (0, 0);
        var (nextCut, nextRestart, nextHeal) = (CutEverySeconds, RestartEverySeconds, double.MaxValue);
        var clock = Stopwatch.StartNew();
        for (var next = 0.0; clock.Elapsed.TotalSeconds < seconds; next += SampleEverySeconds)
        {
            while (clock.Elapsed.TotalSeconds < Math.Min(next, seconds))
            {
                await Task.Delay(100, cancellation);
                var now = clock.Elapsed.TotalSeconds;
                if (now >= nextHeal)
                {
                    await lab.SetAsync("all", "heal", cancellation);
                    nextHeal = double.MaxValue;
                }

                if (now >= nextCut)
                {
                    await lab.SetAsync($"{1 + random.Next(nodes.Count)}", "cut", cancellation);
                    (nextCut, nextHeal) = (nextCut + CutEverySeconds, now + CutSeconds);
                    cuts++;
                }

                if (now >= nextRestart)
                {
                    // Any but the two whose memory is watched; gateways more rarely, for their clients see it.
                    var victim = restarts % 4 == 3 ? nodes.Count - 1 : 1 + random.Next(NodeCount - 1);
                    await nodes[victim].Process.KillAsync();
                    await nodes[victim].StartAgainAsync(cancellation);
                    nextRestart += RestartEverySeconds;
                    restarts++;
                }
            }

            for (var i = 0; i < nodes.Count; i++)
            {
                if (nodes[i].Process.HasExited)
                {
                    throw new InvalidOperationException($"a node ended by itself: {nodes[i].Process.Text}{nodes[i].Process.Errors}");
                }

                memory[i].Add((clock.Elapsed.TotalSeconds, nodes[i].Process.MemoryBytes()));
            }
        }

        await lab.SetAsync("all", "heal", cancellation);
        return (cuts, restarts);
    }

    /// <summary>Bytes a second, by least squares.</summary>
    private static double Slope((double Seconds, double Bytes)[] samples)
    {
        if (samples.Length < 2)
        {
            return double.NaN;
        }

        var (time, bytes) = (samples.Average(sample => sample.Seconds), samples.Average(sample => sample.Bytes));
        var spread = samples.Sum(sample => (sample.Seconds - time) * (sample.Seconds - time));
        return samples.Sum(sample => (sample.Seconds - time) * (sample.Bytes - bytes)) / spread;
    }
}
