using System.Globalization;
using Benchmarks.Processes;

namespace Benchmarks.Loopback;

/// <summary>
/// What sealing costs: the same rain from a node into a gateway and on to curl, with a secret and without, in turns. Over the loopback
/// droplets are sealed many to a datagram; the third row has one in each, as any network has, by an address of this machine that is not
/// of its loopback (where it has one).
/// </summary>
internal static class SealedBenchmark
{
    private const ulong Id = 1;
    private const double LimitSeconds = 300;
    private const string Secret = "Rain:Secret=of the benchmark 0123456789";

    public static async Task RunAsync(BenchmarkOptions options, CancellationToken cancellation)
    {
        var size = options.Size ?? 1L << 30;
        using var folder = new TemporaryFolder();
        var sha256 = await folder.WriteFileAsync("file", size, seed: 1, cancellation);
        string[] secret = [.. options.Settings, Secret];
        await using var open = await Pair.StartAsync(Host.Local, folder, "open", options.Settings, cancellation);
        await using var close = await Pair.StartAsync(Host.Local, folder, "sealed", secret, cancellation);
        await using var single = Host.LocalOffLoopback() is { } host
            ? await Pair.StartAsync(host, folder, "sealed, a droplet a datagram", secret, cancellation) : null;
        Pair[] pairs = [open, close, .. single is null ? Array.Empty<Pair>() : [single]];
        foreach (var pair in pairs)
        {
            await pair.Node.PutAsync(Id, folder["file"], cancellation);
            await pair.Gateway.CheckAsync(Id, sha256, rain: true, LimitSeconds, cancellation);
            await pair.Gateway.WaitUntilKeptAsync(Id, cancellation);
            await pair.Gateway.WaitUntilIdleAsync(cancellation);
        }

        Contender[] contenders =
            [.. pairs.Select(pair => new Contender(pair.Name, () => pair.Gateway.RainAsync(Id, size, LimitSeconds, cancellation)))];
        for (var run = 0; run < options.Runs; run++)
        {
            foreach (var (contender, pair) in contenders.Zip(pairs))
            {
                await contender.MeasureAsync([pair.Gateway.Process, pair.Node.Process], size);
                await pair.Gateway.WaitUntilIdleAsync(cancellation);
            }
        }

        var report = new Report(
            "sealed", options, "row", "GB/s", "slowest", "fastest", "of open", "gateway s/GB", "node s/GB", "curl s/GB");
        foreach (var contender in contenders)
        {
            report.Add(
            [
                contender.Name, contender.Rates.Median() / 1e9, contender.Rates.Min() / 1e9, contender.Rates.Max() / 1e9,
                contender.RatioTo(contenders[0]), .. contender.CpuSecondsPerGigabyte(size).Select(seconds => (object)seconds),
            ]);
        }

        report.Note(string.Create(CultureInfo.InvariantCulture, $"{size} bytes, {Environment.ProcessorCount} cores; s/GB: core-seconds"));
        await report.FinishAsync();
    }

    /// <summary>A node that holds the resource, and the gateway that fetches it from there.</summary>
    private sealed record Pair(string Name, GatewayNode Node, GatewayNode Gateway) : IAsyncDisposable
    {
        public static async Task<Pair> StartAsync(
            Host host, TemporaryFolder folder, string name, IReadOnlyList<string> settings, CancellationToken cancellation)
        {
            var ports = Ports.Free(4);
            var node = await GatewayNode.StartAsync(
                host, folder[$"{name}-node"], ports[0], ports[1], [], settings, cancellation);
            try
            {
                return new Pair(name, node, await GatewayNode.StartAsync(
                    host, folder[$"{name}-gateway"], ports[2], ports[3], [node.Rain], settings, cancellation));
            }
            catch
            {
                await node.DisposeAsync();
                throw;
            }
        }

        public async ValueTask DisposeAsync()
        {
            await Gateway.DisposeAsync();
            await Node.DisposeAsync();
        }
    }
}
