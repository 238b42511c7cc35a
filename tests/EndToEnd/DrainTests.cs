using System.Diagnostics;
using System.Globalization;

namespace EndToEnd;

/// <summary>SIGTERM while there is work.</summary>
public sealed class DrainTests
{
    [Fact]
    public async Task A_running_download_ends_whole_and_the_process_with_it()
    {
        Tool.Require("curl");
        const int length = 30_000_000;
        using var folder = new TestFolder();
        var ports = GatewayProcess.FreePorts(2);
        await using var gateway = await GatewayProcess.StartAsync(
            folder["node"], ports[0], [ports[1]], [ports[1]], "Gateway:ShutdownSeconds=60");
        var sha256 = await TestBytes.WriteFileAsync(folder["in"], 1, length);
        (await Tool.CurlAsync("-f", "-T", folder["in"], $"{gateway.Url}/resources/1")).Succeeded();

        using var download = Tool.Start("curl", "-sS", "-f", "--limit-rate", "10M", "-o", folder["out"], $"{gateway.Url}/resources/1");
        await GatewayProcess.WaitUntilAsync(
            () => Task.FromResult(File.Exists(folder["out"]) && new FileInfo(folder["out"]).Length > 1_000_000), "the first megabyte");
        var stopping = gateway.StopAsync();
        await GatewayProcess.WaitUntilAsync(
            () => Task.FromResult(gateway.Log.Contains("Asked to end: 1 running", StringComparison.Ordinal)), "the drain");
        var ready = await Tool.CurlAsync("-w", " %{http_code}", $"{gateway.Url}/health/ready");
        Assert.Contains("draining", ready.Output, StringComparison.Ordinal);
        Assert.EndsWith(" 503", ready.Output, StringComparison.Ordinal);
        Assert.EndsWith(
            " 503", (await Tool.CurlAsync("-w", " %{http_code}", $"{gateway.Url}/resources/1")).Output, StringComparison.Ordinal);
        Assert.EndsWith(
            " 200", (await Tool.CurlAsync("-w", " %{http_code}", $"{gateway.Url}/health/live")).Output, StringComparison.Ordinal);
        (await download.WaitAsync()).Succeeded();
        Assert.Equal(sha256, await TestBytes.HashFileAsync(folder["out"]));
        Assert.Equal(0, await stopping);
    }

    [Fact]
    public async Task What_does_not_end_in_time_is_broken_off()
    {
        Tool.Require("curl");
        using var folder = new TestFolder();
        var ports = GatewayProcess.FreePorts(2);
        await using var gateway = await GatewayProcess.StartAsync(
            folder["node"], ports[0], [ports[1]], [ports[1]], "Gateway:ShutdownSeconds=1");
        await TestBytes.WriteFileAsync(folder["in"], 1, 30_000_000);
        (await Tool.CurlAsync("-f", "-T", folder["in"], $"{gateway.Url}/resources/1")).Succeeded();
        using var download = Tool.Start("curl", "-sS", "-f", "--limit-rate", "1M", "-o", folder["out"], $"{gateway.Url}/resources/1");
        await GatewayProcess.WaitUntilAsync(
            () => Task.FromResult(File.Exists(folder["out"]) && new FileInfo(folder["out"]).Length > 100_000), "the first bytes");
        var clock = Stopwatch.StartNew();
        Assert.Equal(0, await gateway.StopAsync());
        Assert.InRange(clock.Elapsed.TotalSeconds, 0.9, 20);
        Assert.NotEqual(0, (await download.WaitAsync()).ExitCode);
    }

    [Fact]
    public async Task What_was_acknowledged_before_or_while_it_ended_is_there()
    {
        using var folder = new TestFolder();
        var ports = GatewayProcess.FreePorts(2);
        await using var gateway = await GatewayProcess.StartAsync(folder["node"], ports[0], [ports[1]], [ports[1]]);
        using var http = new HttpClient();
        var bodies = Enumerable.Range(0, 8).Select(_ => new Dictionary<int, byte[]>()).ToArray();
        var next = 0;
        var posters = bodies.Select(acknowledged => Task.Run(async () =>
        {
            while (true)
            {
                var id = Interlocked.Increment(ref next);
                var bytes = new byte[200_000 + id];
                new TestBytes((ulong)id, bytes.Length).ReadExactly(bytes);
                using var body = new ByteArrayContent(bytes);
                try
                {
                    using var response = await http.PutAsync(new Uri($"{gateway.Url}/resources/{id}"), body);
                    if (!response.IsSuccessStatusCode)
                    {
                        return (int)response.StatusCode;
                    }

                    acknowledged.Add(id, bytes);
                }
                catch (HttpRequestException)
                {
                    return 0;
                }
            }
        })).ToArray();
        await GatewayProcess.WaitUntilAsync(() => Task.FromResult(Volatile.Read(ref next) > 40), "forty uploads");
        Assert.Equal(0, await gateway.StopAsync());
        var ends = await Task.WhenAll(posters);
        Assert.All(ends, end => Assert.Contains(end, (int[])[0, 503]));

        await gateway.StartAgainAsync();
        var kept = bodies.SelectMany(one => one).ToList();
        Assert.True(kept.Count > 20);
        foreach (var (id, bytes) in kept)
        {
            Assert.Equal(
                bytes,
                await http.GetByteArrayAsync(
                    new Uri($"{gateway.Url}/resources/{id.ToString(CultureInfo.InvariantCulture)}"),
                    TestContext.Current.CancellationToken));
        }
    }

    [Fact]
    public async Task A_node_that_ends_in_the_middle_of_its_rain_sends_its_subscribers_elsewhere()
    {
        Tool.Require("curl");
        const int length = 20_000_000;
        using var folder = new TestFolder();
        await using var cluster = await Cluster.StartAsync(folder, 2, ["Rain:MaxRateBytesPerSecond=1500000"], ["Rain:StallSeconds=60"]);
        var sha256 = await TestBytes.WriteFileAsync(folder["in"], 1, length);
        (await Tool.CurlAsync("-f", "-T", folder["in"], $"{cluster.Nodes[0].Url}/resources/1?replicas=2")).Succeeded();

        using var download = Tool.Start("curl", "-sS", "-f", "-o", folder["out"], $"{cluster.Gateway.Url}/resources/1");
        await GatewayProcess.WaitUntilAsync(
            async () => (await cluster.Gateway.GetJsonAsync("/transfers")).GetProperty("items").EnumerateArray()
                .Any(transfer => transfer.GetProperty("sources").EnumerateArray()
                    .Count(source => source.GetProperty("droplets").GetInt64() > 500) == 2),
            "rain from both");
        Assert.Equal(0, await cluster.Nodes[0].StopAsync());

        // It said so: one that just vanished would be raining for a while, and then silent.
        await GatewayProcess.WaitUntilAsync(async () => await StateAsync() != "raining", "the source to rain no more");
        Assert.Equal("busy", await StateAsync());
        (await download.WaitAsync()).Succeeded();
        Assert.Equal(sha256, await TestBytes.HashFileAsync(folder["out"]));

        async Task<string?> StateAsync() => (await cluster.Gateway.GetTransferAsync("1")).GetProperty("sources").EnumerateArray()
            .Single(source => source.GetProperty("endpoint").GetString()
                == $"127.0.0.1:{cluster.RainPorts[0].ToString(CultureInfo.InvariantCulture)}")
            .GetProperty("state").GetString();
    }
}
