namespace EndToEnd;

/// <summary>The default set-up: one process that rains on three ports, fetched through with <c>no-cache</c>.</summary>
[Collection(nameof(Alone))]
public sealed class ThreeServerFetchTests
{
    private const long Length = 1L << 30;

    [Theory]
    [InlineData("lt", 1.06)]
    [InlineData("raptorq", 1.02)]
    public async Task A_gibibyte_comes_back_from_three_servers(string code, double overheadMax)
    {
        Tool.Require("curl");
        using var folder = new TestFolder();
        await using var gateway = await GatewayProcess.StartWithThreeServersAsync(folder["node"]);
        var sha256 = await TestBytes.WriteFileAsync(folder["in"], 1, Length);

        (await Tool.CurlAsync("-f", "-T", folder["in"], $"{gateway.Url}/resources/1?code={code}")).Succeeded();
        (await Tool.CurlAsync("-f", "-H", "Cache-Control: no-cache", "-o", folder["out"], $"{gateway.Url}/resources/1")).Succeeded();

        Assert.Equal(sha256, await TestBytes.HashFileAsync(folder["out"]));
        var transfer = await gateway.GetTransferAsync("1");
        Assert.Equal("completed", transfer.GetProperty("state").GetString());
        var overhead = transfer.GetProperty("overhead").GetDouble();
        var droplets = transfer.GetProperty("sources").EnumerateArray().Select(source => source.GetProperty("droplets").GetInt64())
            .ToArray();
        var memory = gateway.PeakMemoryBytes();
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"overhead {overhead:F4}, droplets {string.Join(" ", droplets)}, peak {memory / 1e6:F0} MB, "
            + $"{transfer.GetProperty("elapsedMs").GetDouble():F0} ms");
        Assert.InRange(overhead, 1.0, overheadMax);
        Assert.Equal(3, droplets.Length);
        Assert.All(droplets, count => Assert.InRange((double)count / droplets.Sum(), 0.10, 0.60));
        Assert.InRange(memory, 1, 400_000_000);
    }
}
