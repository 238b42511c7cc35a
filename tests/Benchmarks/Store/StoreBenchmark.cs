using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Benchmarks.Hits;
using Benchmarks.Processes;
using Microsoft.Extensions.Logging.Abstractions;
using MurkyWaters;
using MurkyWaters.Store;
using PouringRain.Protocol;

namespace Benchmarks.Store;

/// <summary>
/// The store: how many small resources a second it takes beside plain <c>write</c> and <c>fsync</c> on the same disk in the same run, and
/// what very many of them cost: disk, memory, and the time from the start of a process until it is ready.
/// </summary>
internal static class StoreBenchmark
{
    private const int ManyCallers = 64;
    private const int FillCallers = 512;

    public static async Task RunAsync(BenchmarkOptions options, CancellationToken cancellation)
    {
        var size = (int)(options.Size ?? 1024);
        var seconds = options.Seconds ?? 3;
        var report = new Report("store", options, "row", "figure", "lowest", "highest", "of fsync");
        using var folder = new TemporaryFolder();
        if (options.Wants("put"))
        {
            await MeasurePutsAsync(options, report, folder, size, seconds, cancellation);
        }

        if (options.Wants("resources"))
        {
            await MeasureManyAsync(options, report, folder, size, cancellation);
        }

        report.Note(string.Create(
            CultureInfo.InvariantCulture,
            $"{size} bytes each, {seconds} s a run, {Environment.ProcessorCount} cores; page cache warm where it does not say cold"));
        await report.FinishAsync();
    }

    private static async Task MeasurePutsAsync(
        BenchmarkOptions options, Report report, TemporaryFolder folder, int size, double seconds, CancellationToken cancellation)
    {
        var ports = Ports.Free(2);
        await using var gateway = await GatewayNode.StartAsync(
            Host.Local, folder["http"], ports[0], ports[1], [], options.Settings, cancellation);
        var script = folder["put.lua"];
        await File.WriteAllTextAsync(script, Script(size), cancellation);
        using var store = ResourceStore.Open(new StoreOptions { Path = folder["process"] }, NullLogger.Instance);
        var next = 0L;
        (string Name, Func<Task<double>> Measure)[] rows =
        [
            ("write + fsync", () => Task.Run(() => MeasureFlush(folder["flushed"], size, seconds))),
            ("put in process, 1 caller", () => MeasureProcessAsync(1)),
            ($"put in process, {ManyCallers} callers", () => MeasureProcessAsync(ManyCallers)),
            ("put over HTTP, 1 connection",
                async () => (await Wrk.PutAsync(gateway.Url, script, 1, seconds, cancellation)).RequestsPerSecond),
            ($"put over HTTP, {ManyCallers} connections",
                async () => (await Wrk.PutAsync(gateway.Url, script, ManyCallers, seconds, cancellation)).RequestsPerSecond),
        ];
        var rates = rows.Select(_ => new List<double>()).ToArray();

        // The first round is for the compiler.
        for (var run = -1; run < options.Runs; run++)
        {
            for (var i = 0; i < rows.Length; i++)
            {
                var rate = await rows[i].Measure();
                if (run >= 0)
                {
                    rates[i].Add(rate);
                }
            }
        }

        for (var i = 0; i < rows.Length; i++)
        {
            report.Add(
                $"{rows[i].Name} (a second)", rates[i].Median(), rates[i].Min(), rates[i].Max(), rates[i].Zip(
                    rates[0], (mine, flush) => mine / flush).Median());
        }

        async Task<double> MeasureProcessAsync(int callers)
        {
            var clock = Stopwatch.StartNew();
            var count = 0L;
            await Task.WhenAll(Enumerable.Range(0, callers).Select(_ => Task.Run(async () =>
            {
                while (clock.Elapsed.TotalSeconds < seconds)
                {
                    var number = Interlocked.Increment(ref next);
                    await PutAsync(store, number, size);
                    Interlocked.Increment(ref count);
                }
            })));
            return count / clock.Elapsed.TotalSeconds;
        }
    }

    private static async Task MeasureManyAsync(
        BenchmarkOptions options, Report report, TemporaryFolder folder, int size, CancellationToken cancellation)
    {
        var count = options.Resources ?? 100_000;
        Directory.CreateDirectory(folder["many"]);
        var data = folder["many/data"];
        var clock = Stopwatch.StartNew();
        using (var store = ResourceStore.Open(new StoreOptions { Path = data }, NullLogger.Instance))
        {
            await Parallel.ForEachAsync(
                Enumerable.Range(1, count), new ParallelOptions { MaxDegreeOfParallelism = FillCallers, CancellationToken = cancellation },
                async (i, _) => await PutAsync(store, i, size));
        }

        report.Add($"{count} resources: put (a second)", count / clock.Elapsed.TotalSeconds, null, null, null);
        var bytes = new DirectoryInfo(data).EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => file.Length);
        report.Add($"{count} resources: disk (bytes each)", (double)bytes / count, null, null, null);
        var ports = Ports.Free(2);
        var (cold, ready, start, listed) = (new List<double>(), new List<double>(), new List<double>(), new List<double>());
        for (var run = -1; run < options.Runs; run++)
        {
            if (PageCache.TryForget())
            {
                clock.Restart();
                await using var first = await StartAsync();
                cold.Add(clock.Elapsed.TotalSeconds);
            }

            clock.Restart();
            await using var gateway = await StartAsync();
            if (run < 0)
            {
                continue;
            }

            ready.Add(clock.Elapsed.TotalSeconds);
            start.Add(ResidentMegabytes(gateway.Process.Id));
            var seen = await ListAsync(gateway, cancellation);
            listed.Add(ResidentMegabytes(gateway.Process.Id));
            if (seen != count)
            {
                throw new InvalidOperationException($"{seen} resources are listed, not {count}");
            }
        }

        if (cold.Count > 0)
        {
            Row("process ready, nothing of it in memory (s)", cold);
        }

        Row("process ready (s)", ready);
        Row("memory when ready (MB)", start);
        Row("memory after a list of all (MB)", listed);

        Task<GatewayNode> StartAsync() =>
            GatewayNode.StartAsync(Host.Local, folder["many"], ports[0], ports[1], [], options.Settings, cancellation);

        void Row(string what, List<double> values) =>
            report.Add($"{count} resources: {what}", values.Median(), values.Min(), values.Max(), null);
    }

    /// <summary>What a file that grows takes, a flush each: the disk's own measure.</summary>
    private static double MeasureFlush(string path, int size, double seconds)
    {
        using var file = File.OpenHandle(path, FileMode.Create, FileAccess.Write);
        var bytes = new byte[size];
        var clock = Stopwatch.StartNew();
        var count = 0;
        for (; clock.Elapsed.TotalSeconds < seconds; count++)
        {
            RandomAccess.Write(file, bytes, (long)count * size);
            DurableFlush.Flush(file);
        }

        return count / clock.Elapsed.TotalSeconds;
    }

    /// <summary>Puts bytes that nobody else puts, under an id that stands anywhere among the others.</summary>
    internal static async Task PutAsync(ResourceStore store, long number, int size)
    {
        var bytes = new byte[size];
        BitConverter.TryWriteBytes(bytes, number);
        var id = new ResourceId((ulong)number * 0x9E37_79B9_7F4A_7C15);
        await using var upload = new StoreUpload(
            store, new UploadOptions { Id = id, Length = size, ContentType = "application/octet-stream" }, store.Options);
        await upload.WriteAsync(bytes, CancellationToken.None);
        var result = await upload.CommitAsync(CancellationToken.None);
        if (result.Outcome != UploadOutcome.Created)
        {
            throw new InvalidOperationException($"a PUT ended with {result.Outcome}");
        }
    }

    /// <summary>Lists all, in pages; how many there were.</summary>
    internal static async Task<int> ListAsync(GatewayNode gateway, CancellationToken cancellation)
    {
        using var http = new HttpClient();
        var (next, seen) = ("", 0);
        do
        {
            using var page = JsonDocument.Parse(
                await http.GetStringAsync(new Uri($"{gateway.Url}/resources?limit=1000{next}"), cancellation));
            seen += page.RootElement.GetProperty("items").GetArrayLength();
            next = page.RootElement.GetProperty("next").GetString() is { } after ? $"&after={after}" : "";
        }
        while (next.Length > 0);
        return seen;
    }

    internal static double ResidentMegabytes(int process)
    {
        using var running = Process.GetProcessById(process);
        return running.WorkingSet64 / 1e6;
    }

    /// <summary>Each request has an id and a body that no other has.</summary>
    private static string Script(int size) => string.Create(
        CultureInfo.InvariantCulture,
        $$"""
        math.randomseed(os.time() * 1000 + os.clock() * 1000000)
        local rest = string.rep("x", {{size - 20}})
        request = function()
          local id = string.format("%d%09d", math.random(1, 999999999), math.random(0, 999999999))
          local fields = { ["Content-Type"] = "application/octet-stream" }
          return wrk.format("PUT", "/resources/" .. id, fields, string.format("%-20s", id) .. rest)
        end
        """);
}
