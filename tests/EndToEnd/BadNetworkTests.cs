namespace EndToEnd;

/// <summary>Datagrams lost, doubled and shuffled between the sockets and the protocol.</summary>
[Collection(nameof(Alone))]
public sealed class BadNetworkTests
{
    [Theory]
    [InlineData("lt", 1.06)]
    [InlineData("raptorq", 1.06)]
    public async Task Ten_percent_of_everything_bad_still_costs_few_droplets(string code, double overheadMax)
    {
        Tool.Require("curl");
        const long length = 64 * 1024 * 1024;
        using var folder = new TestFolder();
        await using var cluster = await Cluster.StartAsync(folder, 3, [], ["Rain:Faults=loss=0.1,duplicate=0.1,reorder=0.1,seed=6"]);
        var sha256 = await TestBytes.WriteFileAsync(folder["in"], 6, length);
        (await Tool.CurlAsync("-f", "-T", folder["in"], $"{cluster.Nodes[0].Url}/resources/6?replicas=3&code={code}")).Succeeded();

        (await Tool.CurlAsync("-f", "-o", folder["out"], $"{cluster.Gateway.Url}/resources/6")).Succeeded();

        Assert.Equal(sha256, await TestBytes.HashFileAsync(folder["out"]));
        var transfer = await cluster.Gateway.GetTransferAsync("6");
        var lost = transfer.GetProperty("sources").EnumerateArray().Sum(source => source.GetProperty("lost").GetInt64());
        TestContext.Current.TestOutputHelper?.WriteLine($"overhead {transfer.GetProperty("overhead").GetDouble():F4}, lost {lost}");
        Assert.InRange(transfer.GetProperty("overhead").GetDouble(), 1.0, overheadMax);
        Assert.True(lost > 0.05 * transfer.GetProperty("symbolsNeeded").GetInt64(), "the network was not bad");
    }

    [Fact]
    public async Task Five_percent_loss_costs_at_most_seven_percent_more_than_the_size_with_raptorq()
    {
        Tool.Require("curl");
        const long length = 64 * 1024 * 1024;
        using var folder = new TestFolder();
        await using var cluster = await Cluster.StartAsync(folder, 3, [], ["Rain:Faults=loss=0.05,seed=8"]);
        var sha256 = await TestBytes.WriteFileAsync(folder["in"], 8, length);
        (await Tool.CurlAsync("-f", "-T", folder["in"], $"{cluster.Nodes[0].Url}/resources/8?replicas=3&code=raptorq")).Succeeded();

        (await Tool.CurlAsync("-f", "-o", folder["out"], $"{cluster.Gateway.Url}/resources/8")).Succeeded();

        Assert.Equal(sha256, await TestBytes.HashFileAsync(folder["out"]));
        var transfer = await cluster.Gateway.GetTransferAsync("8");
        var sent = transfer.GetProperty("sources").EnumerateArray().Sum(
            source => source.GetProperty("droplets").GetInt64() + source.GetProperty("lost").GetInt64());
        var cost = (double)sent / transfer.GetProperty("symbolsNeeded").GetInt64();
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"droplets sent / symbols needed {cost:F4}, received {transfer.GetProperty("overhead").GetDouble():F4}");
        Assert.InRange(cost, 1.0, 1.07);
    }
}
