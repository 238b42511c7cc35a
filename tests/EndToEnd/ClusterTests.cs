using System.Diagnostics;

namespace EndToEnd;

/// <summary>A gateway with an empty store before four nodes, which die and come back.</summary>
[Collection(nameof(Alone))]
public sealed class ClusterTests
{
    private const long Length = 64 * 1024 * 1024;

    // So slow that the test has time to kill nodes in mid-transfer: four nodes of 4 MB/s.
    private const string SlowRain = "Rain:MaxRateBytesPerSecond=4000000";

    [Theory]
    [InlineData("lt")]
    [InlineData("raptorq")]
    public async Task Two_of_four_killed_in_mid_transfer_costs_less_than_a_two_second_pause(string code)
    {
        Tool.Require("curl");
        using var folder = new TestFolder();
        await using var cluster = await Cluster.StartAsync(folder, 4, [], []);
        var sha256 = await PutEverywhereAsync(cluster, folder, code);

        var longestPause = TimeSpan.Zero;
        using var http = new HttpClient();
        using var response = await http.GetAsync(
            new Uri($"{cluster.Gateway.Url}/resources/7"), HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        response.EnsureSuccessStatusCode();
        await using var body = await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken);
        await using (var file = File.Create(folder["out"]))
        {
            var buffer = new byte[1 << 16];
            var clock = Stopwatch.StartNew();
            var killed = false;
            int count;
            while ((count = await body.ReadAsync(buffer, TestContext.Current.CancellationToken)) > 0)
            {
                longestPause = clock.Elapsed > longestPause ? clock.Elapsed : longestPause;
                clock.Restart();
                await file.WriteAsync(buffer.AsMemory(0, count), TestContext.Current.CancellationToken);
                if (!killed && file.Length > Length / 4)
                {
                    killed = true;
                    await Task.WhenAll(cluster.Nodes[0].KillAsync(), cluster.Nodes[1].KillAsync());
                }
            }
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"longest pause {longestPause.TotalMilliseconds:F0} ms");
        Assert.Equal(sha256, await TestBytes.HashFileAsync(folder["out"]));
        Assert.InRange(longestPause, TimeSpan.Zero, TimeSpan.FromSeconds(2));
    }

    [Fact]
    public async Task All_killed_fails_the_download_and_curl_continues_it_after_the_restart()
    {
        Tool.Require("curl");
        using var folder = new TestFolder();
        await using var cluster = await Cluster.StartAsync(folder, 4, [], ["Rain:StallSeconds=3"]);
        var sha256 = await PutEverywhereAsync(cluster, folder, "lt");

        using (var curl = Tool.Start("curl", "-sS", "-f", "-o", folder["out"], $"{cluster.Gateway.Url}/resources/7"))
        {
            await GatewayProcess.WaitUntilAsync(
                () => Task.FromResult(File.Exists(folder["out"]) && new FileInfo(folder["out"]).Length > Length / 4), "a quarter");
            await Task.WhenAll(cluster.Nodes.Select(node => node.KillAsync()));
            var clock = Stopwatch.StartNew();
            var result = await curl.WaitAsync();
            TestContext.Current.TestOutputHelper?.WriteLine(
                $"curl ended after {clock.ElapsedMilliseconds} ms with {result.ExitCode}: {result.Errors}");
            Assert.NotEqual(0, result.ExitCode);
            // The stall time, the window that was still in hand, and a slow machine.
            Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(3 + 7));
        }

        Assert.InRange(new FileInfo(folder["out"]).Length, Length / 4, Length - 1);
        await Task.WhenAll(cluster.Nodes.Select(node => node.StartAgainAsync()));
        (await Tool.CurlAsync("-f", "-C", "-", "-o", folder["out"], $"{cluster.Gateway.Url}/resources/7")).Succeeded();
        Assert.Equal(sha256, await TestBytes.HashFileAsync(folder["out"]));
    }

    [Fact]
    public async Task A_stopped_node_comes_back_with_everything_and_rains_it()
    {
        Tool.Require("curl");
        using var folder = new TestFolder();
        await using var cluster = await Cluster.StartAsync(folder, 1, [], []);
        var node = cluster.Nodes[0];
        for (var id = 1; id <= 5; id++)
        {
            await TestBytes.WriteFileAsync(folder["in"], (ulong)id, 300_000 * id);
            (await Tool.CurlAsync("-f", "-T", folder["in"], $"{node.Url}/resources/{id}")).Succeeded();
        }

        Assert.Equal(0, await node.StopAsync());
        await node.StartAgainAsync();

        Assert.Equal(5, (await node.GetJsonAsync("/resources")).GetProperty("items").GetArrayLength());
        for (var id = 1; id <= 5; id++)
        {
            (await Tool.CurlAsync("-f", "-o", folder["out"], $"{cluster.Gateway.Url}/resources/{id}")).Succeeded();
            Assert.Equal(await TestBytes.HashAsync(new TestBytes((ulong)id, 300_000 * id)), await TestBytes.HashFileAsync(folder["out"]));
        }
    }

    [Fact]
    public async Task Three_ports_of_one_other_node_are_one_replica()
    {
        Tool.Require("curl");
        using var folder = new TestFolder();
        var ports = GatewayProcess.FreePorts(6);
        await using var other = await GatewayProcess.StartAsync(folder["other"], ports[0], ports[1..4], [ports[5]], []);
        await using var node = await GatewayProcess.StartAsync(
            folder["node"], ports[4], [ports[5]], [.. ports[1..4], ports[5]], ["Rain:DiscoverySeconds=1"]);
        await TestBytes.WriteFileAsync(folder["in"], 7, 3_000_000);

        var answer = (await Tool.CurlAsync("-w", "%{http_code}", "-T", folder["in"], $"{node.Url}/resources/7?replicas=4")).Succeeded();

        Assert.EndsWith("202", answer, StringComparison.Ordinal);
        Assert.Contains("\"replicas\":2", answer, StringComparison.Ordinal);
        Assert.Equal("7", (await other.GetJsonAsync("/resources")).GetProperty("items")[0].GetProperty("id").GetString());
    }

    [Fact]
    public async Task The_ceiling_is_that_of_the_node_over_all_its_endpoints()
    {
        Tool.Require("curl");
        using var folder = new TestFolder();
        var ports = GatewayProcess.FreePorts(4);
        await using var node = await GatewayProcess.StartAsync(
            folder["node"], ports[0], ports[1..], ports[1..], ["Rain:MaxRateBytesPerSecond=3000000", "Rain:ReceiveLoops=2"]);
        var sha256 = await TestBytes.WriteFileAsync(folder["in"], 7, 9_000_000);
        (await Tool.CurlAsync("-f", "-T", folder["in"], $"{node.Url}/resources/7")).Succeeded();

        var clock = Stopwatch.StartNew();
        (await Tool.CurlAsync("-f", "-H", "Cache-Control: no-cache", "-o", folder["out"], $"{node.Url}/resources/7")).Succeeded();
        var elapsed = clock.Elapsed;

        Assert.Equal(sha256, await TestBytes.HashFileAsync(folder["out"]));
        Assert.True(elapsed > TimeSpan.FromSeconds(2.9), $"9 MB came in {elapsed}, which is more than 3 MB/s.");
        var transfer = (await node.GetJsonAsync("/transfers")).GetProperty("items")[0];
        Assert.Contains("as fast as they may", transfer.GetProperty("verdict").GetString(), StringComparison.Ordinal);
    }

    /// <summary>Has every node hold the resource, then slows the nodes down.</summary>
    private static async Task<string> PutEverywhereAsync(Cluster cluster, TestFolder folder, string code)
    {
        var sha256 = await TestBytes.WriteFileAsync(folder["in"], 7, Length);
        var status = (await Tool.CurlAsync("-f", "-w", "%{http_code}", "-o", folder["summary"], "-T", folder["in"],
            $"{cluster.Nodes[0].Url}/resources/7?replicas=4&code={code}")).Succeeded();
        Assert.True(status == "201", $"{status}: {await File.ReadAllTextAsync(folder["summary"])}");
        await Task.WhenAll(cluster.Nodes.Select(async node =>
        {
            Assert.Equal(0, await node.StopAsync());
            await node.StartAgainAsync(SlowRain);
        }));
        return sha256;
    }
}
