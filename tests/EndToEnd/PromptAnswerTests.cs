using System.Diagnostics;
using System.Globalization;

namespace EndToEnd;

/// <summary>What cannot be had is told soon.</summary>
[Collection(nameof(Alone))]
public sealed class PromptAnswerTests
{
    [Fact]
    public async Task What_no_server_has_is_not_found_after_one_round_trip()
    {
        Tool.Require("curl");
        using var folder = new TestFolder();
        await using var cluster = await Cluster.StartAsync(folder, 3, [], []);
        await ErrorTests.GetProblemAsync(folder, $"{cluster.Gateway.Url}/resources/998");
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
        var (status, problem) = await ErrorTests.GetProblemAsync(folder, $"{cluster.Gateway.Url}/resources/5");
        TestContext.Current.TestOutputHelper?.WriteLine($"504 in {clock.ElapsedMilliseconds} ms");
        Assert.Equal(504, status);
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(3));
        Assert.Equal(
            cluster.RainPorts.Select(port => $"127.0.0.1:{port}").Order(),
            problem.GetProperty("sources").EnumerateArray().Select(source => source.GetProperty("endpoint").GetString()).Order());
    }
}
