using System.Diagnostics;

namespace EndToEnd;

/// <summary>However many clients want a resource that is not here, it rains once.</summary>
public sealed class SharedFetchTests
{
    [Fact]
    public async Task Fifty_cold_downloads_are_one_transfer_and_a_slow_reader_holds_back_nobody()
    {
        Tool.Require("curl");
        const long length = 32 * 1024 * 1024;
        using var folder = new TestFolder();
        await using var cluster = await Cluster.StartAsync(folder, 2, [], []);
        var sha256 = await TestBytes.WriteFileAsync(folder["in"], 3, length);
        (await Tool.CurlAsync("-f", "-T", folder["in"], $"{cluster.Nodes[0].Url}/resources/3?replicas=2")).Succeeded();

        using var slow = Tool.Start("curl", "-sS", "-f", "--limit-rate", "50K", "-o", folder["slow"], $"{cluster.Gateway.Url}/resources/3");
        var clock = Stopwatch.StartNew();
        var downloads = await Task.WhenAll(Enumerable.Range(0, 50).Select(async i =>
        {
            (await Tool.CurlAsync("-f", "-o", folder[$"out{i}"], $"{cluster.Gateway.Url}/resources/3")).Succeeded();
            return await TestBytes.HashFileAsync(folder[$"out{i}"]);
        }));

        TestContext.Current.TestOutputHelper?.WriteLine($"50 downloads of 32 MiB in {clock.ElapsedMilliseconds} ms");
        Assert.All(downloads, digest => Assert.Equal(sha256, digest));
        Assert.False(slow.Process.HasExited, "at 50 KB/s the slow reader needs eleven minutes");
        var transfers = await cluster.Gateway.GetJsonAsync("/transfers");
        Assert.Equal(1, transfers.GetProperty("items").GetArrayLength());
    }
}
