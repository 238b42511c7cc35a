using System.Diagnostics;
using System.Globalization;
using Benchmarks.Loopback;
using Benchmarks.Processes;
using MurkyWaters.Store;

namespace Benchmarks.Upload;

/// <summary>
/// How fast a large body is taken in: <c>PUT</c> by curl to a gateway, which hashes it twice and has it on the disk before it answers,
/// beside nginx's dav module, whose file is waited for here at the end. The runs are interleaved, every body is new, and what was stored
/// is removed after its run.
/// </summary>
internal static class UploadBenchmark
{
    private const double LimitSeconds = 300;

    public static async Task RunAsync(BenchmarkOptions options, CancellationToken cancellation)
    {
        var size = options.Size ?? 1L << 30;
        using var folder = new TemporaryFolder();
        _ = await folder.WriteFileAsync("in/file", size, seed: 1, cancellation);
        Directory.CreateDirectory(folder["www"]);
        var ports = Ports.Free(3);
        await using var gateway = await GatewayNode.StartAsync(
            Host.Local, folder["gateway"], ports[0], ports[1], [], options.Settings, cancellation);
        await using var nginx = await Nginx.StoreAsync(Host.Local, folder, folder["www"], ports[2], cancellation);
        Contender[] contenders =
        [
            new("PUT to the gateway", () => PutAsync(gateway.Resource(1))),
            new("PUT to nginx, and fsync", PutToNginxAsync),
        ];

        // The first round is for the compiler.
        for (var run = -1; run < options.Runs; run++)
        {
            foreach (var contender in contenders.Where(contender => options.Wants(contender.Name)))
            {
                Renew(folder["in/file"], run);
                await contender.MeasureAsync([gateway.Process, nginx.Process], size);
                await RemoveAsync(gateway.Resource(1));
                File.Delete(folder["www/file"]);
                if (run < 0)
                {
                    contender.Forget();
                }
            }
        }

        var report = new Report(
            "upload", options, "row", "GB/s", "slowest", "fastest", "of nginx", "gateway s/GB", "nginx s/GB", "curl s/GB");
        foreach (var contender in contenders.Where(contender => contender.Rates.Count > 0))
        {
            report.Add(
            [
                contender.Name,
                contender.Rates.Median() / 1e9, contender.Rates.Min() / 1e9, contender.Rates.Max() / 1e9,
                contender.RatioTo(contenders[1]),
                .. contender.CpuSecondsPerGigabyte(size).Select(seconds => (object)seconds),
            ]);
        }

        report.Note(string.Create(CultureInfo.InvariantCulture, $"{size} bytes, {Environment.ProcessorCount} cores; s/GB: core-seconds"));
        await report.FinishAsync();

        async Task<CurlResult> PutToNginxAsync()
        {
            var answer = await PutAsync($"{nginx.Url}/file");
            var clock = Stopwatch.StartNew();
            using var file = File.OpenHandle(folder["www/file"], access: FileAccess.ReadWrite);
            DurableFlush.Flush(file);
            return answer with { Seconds = answer.Seconds + clock.Elapsed.TotalSeconds };
        }

        async Task<CurlResult> PutAsync(string url)
        {
            var answer = await Curl.GetAsync(
                Host.Local, url, LimitSeconds, ["-T", folder["in/file"], "-H", "Content-Type: application/octet-stream"], cancellation);
            return answer.Status == 201
                ? answer with { Status = 200, Bytes = size }
                : throw new InvalidOperationException($"a PUT to {url} ended with {answer}");
        }

        async Task RemoveAsync(string url) =>
            _ = await Curl.GetAsync(Host.Local, url, LimitSeconds, ["-X", "DELETE"], cancellation);
    }

    /// <summary>Makes another body of it, in all its blocks.</summary>
    private static void Renew(string path, int run)
    {
        using var file = File.OpenHandle(path, access: FileAccess.ReadWrite);
        var number = BitConverter.GetBytes(Stopwatch.GetTimestamp() + run);
        for (long at = 0, length = RandomAccess.GetLength(file); at + number.Length <= length; at += 64 * 1024)
        {
            RandomAccess.Write(file, number, at);
        }

        DurableFlush.Flush(file);
    }
}
