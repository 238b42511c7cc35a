using System.Text.Json;
using Benchmarks.Processes;

namespace EndToEnd;

/// <summary>A gateway and a node in network namespaces (tests/netlab), on paths that do not carry large packets.</summary>
[Collection(nameof(Alone))]
public sealed class NarrowPathTests
{
    private const string Secret = "Rain:Secret=of this cluster 0123456789";
    private const long Length = 16 * 1024 * 1024;
    private const ulong Id = 4242;

    [Theory]
    [InlineData("--host 2:pmtu=1280", false)]
    [InlineData("--host 2:pmtu=1280", true)]
    [InlineData("", false)]
    public async Task What_does_not_pass_a_path_MTU_black_hole_comes_whole_in_smaller_symbols(string host, bool isSealed)
    {
        await using var lab = await UpAsync($"--delay 4ms --rate 500mbit --mtu {(host.Length > 0 ? 1500 : 1280)} {host}");
        using var folder = new TestFolder();
        await using var node = await StartAsync(lab, folder, 1, isSealed);
        await using var gateway = await StartAsync(lab, folder, 2, isSealed, node.Rain);
        var sha256 = await TestBytes.WriteFileAsync(folder["in"], Id, Length);
        await node.PutAsync(Id, folder["in"], Cancellation);
        await gateway.CheckAsync(Id, sha256, rain: true, Tool.HangLimit.TotalSeconds, Cancellation);
        await GatewayProcess.WaitUntilAsync(() => Task.FromResult(IsTold(gateway)), "the line in the log");
        AssertRainedSmall(await gateway.LastTransferAsync(Cancellation));

        // It is remembered: nothing that is too long is sent a second time.
        await gateway.WaitUntilIdleAsync(Cancellation);
        await lab.ResetAsync(Cancellation);
        await gateway.CheckAsync(Id, sha256, rain: true, Tool.HangLimit.TotalSeconds, Cancellation);
        var again = await gateway.LastTransferAsync(Cancellation);
        AssertRainedSmall(again);
        Assert.InRange(again.GetProperty("overhead").GetDouble(), 1, 1.02);
        Assert.Equal(0, (await lab.StatisticsAsync(Cancellation)).Down(2, "lost"));
    }

    [Fact]
    public async Task A_path_that_becomes_narrow_in_the_middle_loses_nothing()
    {
        await using var lab = await UpAsync("--delay 4ms --rate 80mbit");
        using var folder = new TestFolder();
        await using var node = await StartAsync(lab, folder, 1, isSealed: false);
        await using var gateway = await StartAsync(lab, folder, 2, isSealed: false, node.Rain);
        var sha256 = await TestBytes.WriteFileAsync(folder["in"], Id, Length);
        await node.PutAsync(Id, folder["in"], Cancellation);
        var reading = gateway.CheckAsync(Id, sha256, rain: true, Tool.HangLimit.TotalSeconds, Cancellation);
        await GatewayProcess.WaitUntilAsync(
            async () => (await gateway.GetJsonAsync("/transfers", Cancellation)).GetProperty("items").EnumerateArray()
                .Any(transfer => transfer.GetProperty("decodedBlocks").GetInt32() >= 2),
            "some blocks");
        Assert.False(IsTold(gateway));
        await lab.SetAsync("2", "pmtu=1280", Cancellation);
        await reading;
        Assert.True(IsTold(gateway));
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static async Task<Netlab> UpAsync(string arguments)
    {
        Tool.Require("ip", "tc", "cc");
        Assert.SkipUnless(Environment.UserName == "root" && File.Exists("/dev/net/tun"), "tests/netlab needs root and /dev/net/tun");
        return await Netlab.UpAsync(2, arguments, Cancellation);
    }

    private static Task<GatewayNode> StartAsync(Netlab lab, TestFolder folder, int host, bool isSealed, params string[] servers) =>
        GatewayNode.StartAsync(lab[host], folder[$"host{host}"], 8080, 1980, servers, isSealed ? [Secret] : [], Cancellation);

    private static bool IsTold(GatewayNode gateway) =>
        gateway.Process.Text.Contains("symbols of 1152 bytes instead", StringComparison.Ordinal);

    private static void AssertRainedSmall(JsonElement transfer)
    {
        Assert.Equal("completed", transfer.GetProperty("state").GetString());
        Assert.InRange(transfer.GetProperty("symbolsNeeded").GetInt64(), 256 * 57, (256 * 57) + 10);
    }
}
