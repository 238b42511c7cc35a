using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Benchmarks.Processes;

namespace Benchmarks.Store;

/// <summary>
/// A store of 50 GiB and 200,000 resources (<see cref="MixedStore"/>): how long a gateway takes until it is ready, with what it has read
/// before in the system's memory and without; to list all of it, and to search; how fast it reads and compares all bodies; and its memory.
/// </summary>
internal static class MixedBenchmark
{
    private const int ResourcesDefault = 200_000;
    private const double PollSeconds = 0.5;

    public static async Task RunAsync(BenchmarkOptions options, CancellationToken cancellation)
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder["many"]);
        var large = (options.Resources ?? ResourcesDefault) / 20;
        var small = (options.Resources ?? ResourcesDefault) - large;
        var clock = Stopwatch.StartNew();
        await MixedStore.FillAsync(folder["many/data"], small, large, cancellation);
        var report = new Report("mixed", options, "row", "figure", "lowest", "highest");
        report.Note(string.Create(
            CultureInfo.InvariantCulture,
            $"{small} resources of 1 KiB and {large} of together {MixedStore.BytesOf(large) / 1e9:F1} GB, "
            + $"filled in {clock.Elapsed.TotalSeconds:F0} s"));
        var ports = Ports.Free(2);
        var rows = new Dictionary<string, List<double>>();
        for (var run = -1; run < options.Runs; run++)
        {
            var isCold = PageCache.TryForget();
            clock.Restart();
            await using (var cold = await StartAsync())
            {
                Add(isCold ? "ready, nothing in memory (s)" : "ready (s)", clock.Elapsed.TotalSeconds);
            }

            clock.Restart();
            await using var gateway = await StartAsync();
            Add("ready, read before (s)", clock.Elapsed.TotalSeconds);
            Add("memory when ready (MB)", StoreBenchmark.ResidentMegabytes(gateway.Process.Id));
            clock.Restart();
            var seen = await StoreBenchmark.ListAsync(gateway, cancellation);
            if (seen != small + large)
            {
                throw new InvalidOperationException($"{seen} resources are listed, not {small + large}");
            }

            Add("list of all in pages of 1,000 (s)", clock.Elapsed.TotalSeconds);
            await AddQueryAsync("search that finds one (ms)", "/resources?search=zeros-77.bin");
            await AddQueryAsync("search that finds none (ms)", "/resources?search=nothing-of-that-name");
            await AddQueryAsync("largest 100 (ms)", "/resources?sort=length&order=desc&limit=100");
            await AddQueryAsync("figures of the store (ms)", "/store");
            await ScrubAsync(gateway);
            Add("memory at the end (MB)", StoreBenchmark.ResidentMegabytes(gateway.Process.Id));

            async Task AddQueryAsync(string row, string path)
            {
                clock.Restart();
                _ = await gateway.GetJsonAsync(path, cancellation);
                Add(row, clock.Elapsed.TotalMilliseconds);
            }

            void Add(string row, double value)
            {
                // The first round is for the compiler and the disk.
                if (run >= 0)
                {
                    (rows.TryGetValue(row, out var values) ? values : rows[row] = []).Add(value);
                }
            }

            async Task ScrubAsync(GatewayNode node)
            {
                clock.Restart();
                await node.PostAsync("/store/scrub", cancellation);
                for (var scrub = await ReadAsync(); scrub.GetProperty("state").GetString() == "running"; scrub = await ReadAsync())
                {
                    await Task.Delay(TimeSpan.FromSeconds(PollSeconds), cancellation);
                }

                var last = await ReadAsync();
                if (last.GetProperty("damaged").GetInt64() != 0 || last.GetProperty("checkedResources").GetInt64() != small + large)
                {
                    throw new InvalidOperationException($"the scrub came to {last}");
                }

                Add("scrub (GB/s)", last.GetProperty("checkedBytes").GetInt64() / clock.Elapsed.TotalSeconds / 1e9);

                async Task<JsonElement> ReadAsync() =>
                    (await node.GetJsonAsync("/store", cancellation)).GetProperty("scrub");
            }
        }

        foreach (var (row, values) in rows)
        {
            report.Add(row, values.Median(), values.Min(), values.Max());
        }

        await report.FinishAsync();

        Task<GatewayNode> StartAsync() => GatewayNode.StartAsync(
            Host.Local, folder["many"], ports[0], ports[1], [], ["Store:ScrubMaxBytesPerSecond=0", .. options.Settings], cancellation);
    }
}
