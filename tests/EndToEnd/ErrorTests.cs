using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace EndToEnd;

/// <summary>What a user sees when something is wrong.</summary>
public sealed class ErrorTests
{
    [Theory]
    [InlineData("abc")]
    [InlineData("-1")]
    [InlineData("18446744073709551616")]
    [InlineData("0x10000000000000000")]
    [InlineData("%201")]
    public async Task An_id_that_is_no_number_is_a_bad_request(string id)
    {
        Tool.Require("curl");
        using var folder = new TestFolder();
        await using var gateway = await StartOneAsync(folder);
        var (status, problem) = await GetProblemAsync(folder, $"{gateway.Url}/resources/{id}");
        Assert.Equal(400, status);
        Assert.EndsWith("invalid-resource-id", problem.GetProperty("type").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_no_server_has_is_not_found_after_one_round_trip()
    {
        Tool.Require("curl");
        using var folder = new TestFolder();
        await using var cluster = await Cluster.StartAsync(folder, 3, [], []);
        await GetProblemAsync(folder, $"{cluster.Gateway.Url}/resources/998");
        var times = new List<double>();
        for (var i = 0; i < 5; i++)
        {
            var result = (await Tool.CurlAsync("-o", folder["problem"], "-w", "%{http_code} %{time_total}",
                $"{cluster.Gateway.Url}/resources/{999 + i}")).Succeeded().Split(' ');
            Assert.Equal("404", result[0]);
            times.Add(double.Parse(result[1], CultureInfo.InvariantCulture));
        }

        times.Sort();
        TestContext.Current.TestOutputHelper?.WriteLine($"404 in {string.Join(" ", times.Select(time => $"{time * 1000:F1}"))} ms");
        Assert.InRange(times[2], 0, 0.2);
    }

    [Fact]
    public async Task Silence_is_a_timeout_within_the_deadline_that_names_the_servers()
    {
        Tool.Require("curl");
        using var folder = new TestFolder();
        await using var cluster = await Cluster.StartAsync(folder, 2, [], ["Rain:DiscoverySeconds=1"]);
        await Task.WhenAll(cluster.Nodes.Select(node => node.KillAsync()));
        var clock = Stopwatch.StartNew();
        var (status, problem) = await GetProblemAsync(folder, $"{cluster.Gateway.Url}/resources/5");
        TestContext.Current.TestOutputHelper?.WriteLine($"504 in {clock.ElapsedMilliseconds} ms");
        Assert.Equal(504, status);
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(3));
        Assert.Equal(
            cluster.RainPorts.Select(port => $"127.0.0.1:{port}").Order(),
            problem.GetProperty("sources").EnumerateArray().Select(source => source.GetProperty("endpoint").GetString()).Order());
    }

    [Fact]
    public async Task A_wrong_digest_stores_nothing()
    {
        Tool.Require("curl");
        using var folder = new TestFolder();
        await using var gateway = await StartOneAsync(folder);
        await TestBytes.WriteFileAsync(folder["in"], 1, 100_000);
        var wrong = Convert.ToBase64String(new byte[32]);
        var (status, problem) = await GetProblemAsync(
            folder, "-H", $"Content-Digest: sha-256=:{wrong}:", "-T", folder["in"], $"{gateway.Url}/resources/1");
        Assert.Equal(400, status);
        Assert.EndsWith("digest-mismatch", problem.GetProperty("type").GetString(), StringComparison.Ordinal);
        Assert.Equal(0, (await gateway.GetJsonAsync("/resources")).GetProperty("items").GetArrayLength());
        Assert.Equal(404, (await GetProblemAsync(folder, $"{gateway.Url}/resources/1")).Status);
    }

    [Fact]
    public async Task Only_if_cached_does_not_rain()
    {
        Tool.Require("curl");
        using var folder = new TestFolder();
        await using var gateway = await StartOneAsync(folder);
        Assert.Equal(504, (await GetProblemAsync(folder, "-H", "Cache-Control: only-if-cached", $"{gateway.Url}/resources/1")).Status);
    }

    [Fact]
    public async Task A_body_over_the_limit_is_refused_before_it_is_sent()
    {
        Tool.Require("curl");
        using var folder = new TestFolder();
        await using var gateway = await StartOneAsync(folder, "Gateway:MaxBodyBytes=1000000");
        await TestBytes.WriteFileAsync(folder["in"], 1, 2_000_000);
        var result = await Tool.CurlAsync(
            "--expect100-timeout", "60", "-H", "Expect: 100-continue", "-o", folder["problem"], "-w", "%{http_code} %{size_upload}",
            "-T", folder["in"], $"{gateway.Url}/resources/1");
        Assert.Equal("413 0", result.Output);
    }

    private static async Task<GatewayProcess> StartOneAsync(TestFolder folder, params string[] settings)
    {
        var ports = GatewayProcess.FreePorts(2);
        return await GatewayProcess.StartAsync(folder["node"], ports[0], [ports[1]], [ports[1]], settings);
    }

    private static async Task<(int Status, JsonElement Problem)> GetProblemAsync(TestFolder folder, params string[] arguments)
    {
        var output = (await Tool.CurlAsync([.. arguments, "--path-as-is", "-o", folder["problem"], "-w", "%{http_code} %{content_type}"]))
            .Succeeded().Split(' ', 2);
        Assert.StartsWith("application/problem+json", output[1], StringComparison.Ordinal);
        using var document = JsonDocument.Parse(await File.ReadAllTextAsync(folder["problem"]));
        return (int.Parse(output[0], CultureInfo.InvariantCulture), document.RootElement.Clone());
    }
}
