using Benchmarks.Processes;

namespace Benchmarks.First;

/// <summary>
/// How long a small resource takes over 50 ms of round trip: the first one of a gateway that has just started (no address token, no
/// code compiled yet), the first one from a server that a running gateway did not know, and one from a server that it knows.
/// </summary>
internal static class FirstBenchmark
{
    private const int Client = 2;
    private const int HttpPort = 8080;
    private const int RainPort = 1980;
    private const double LimitSeconds = 30;

    public static async Task RunAsync(BenchmarkOptions options, CancellationToken cancellation)
    {
        var size = options.Size ?? 10_000;
        using var folder = new TemporaryFolder();
        await using var lab = await Netlab.UpAsync(3, "--delay 25ms --host 2:rate=100mbit", cancellation);
        await using var known = await GatewayNode.StartAsync(
            lab[1], folder["known"], HttpPort, RainPort, [], options.Settings, cancellation);
        await using var other = await GatewayNode.StartAsync(
            lab[3], folder["other"], HttpPort, RainPort, [], options.Settings, cancellation);
        await using var nginx = await Nginx.ServeAsync(lab[1], folder, folder["www"], 80, cancellation);

        string[] names =
            ["cold: gateway just started", "warm: known server", "warm: another, known server", "new server, running gateway",
                "curl from nginx"];
        var times = names.ToDictionary(name => name, _ => new List<CurlResult>());
        for (var run = 0; run < options.Runs; run++)
        {
            // Each run asks for resources that nobody has asked for before.
            var first = (ulong)(10 * run) + 1;
            for (var id = first; id < first + 4; id++)
            {
                await folder.WriteFileAsync("www/file", size, seed: (int)id, cancellation);
                await (id == first + 3 ? other : known).PutAsync(id, folder["www/file"], cancellation);
            }

            await using var gateway = await GatewayNode.StartAsync(
                lab[Client], folder[$"gateway{run}"], HttpPort, RainPort, [known.Rain], options.Settings, cancellation);
            for (var i = 0; i < 3; i++)
            {
                times[names[i]].Add(await GetAsync(gateway, first + (ulong)i));
            }

            await gateway.SetServersAsync([other.Rain], cancellation);
            await gateway.WaitForServersAsync([other.Rain], cancellation);
            times[names[3]].Add(await GetAsync(gateway, first + 3));
            times[names[4]].Add((await Curl.GetAsync(lab[Client], $"{nginx.Url}/file", LimitSeconds, [], cancellation)).Whole(size));
        }

        var report = new Report("first", options, "row", "ms", "fastest", "slowest", "first byte ms");
        foreach (var (name, answers) in times)
        {
            report.Add(
                name,
                1000 * answers.Select(answer => answer.Seconds).Median(),
                1000 * answers.Min(answer => answer.Seconds),
                1000 * answers.Max(answer => answer.Seconds),
                1000 * answers.Select(answer => answer.FirstByteSeconds).Median());
        }

        report.Note($"{size} bytes, 50 ms round trip, 100 Mbit/s; curl's own time from its start of the connection to the last byte");
        await report.FinishAsync();

        async Task<CurlResult> GetAsync(GatewayNode gateway, ulong id) =>
            (await gateway.GetAsync(id, rain: false, LimitSeconds, cancellation)).Whole(size);
    }
}
