namespace EndToEnd;

/// <summary>A node whose disk has rotted rains wrong bytes.</summary>
public sealed class LiarTests
{
    [Theory]
    [InlineData("lt")]
    [InlineData("raptorq")]
    public async Task A_node_that_rains_wrong_bytes_among_three_honest_ones_is_named_and_the_body_is_right(string code)
    {
        Tool.Require("curl");
        const long length = 16 * 1024 * 1024;
        using var folder = new TestFolder();
        await using var cluster = await Cluster.StartAsync(folder, 4, [], []);
        var sha256 = await TestBytes.WriteFileAsync(folder["in"], 11, length);
        (await Tool.CurlAsync("-f", "-T", folder["in"], $"{cluster.Nodes[0].Url}/resources/11?replicas=4&code={code}")).Succeeded();

        // Every byte of the third node's blob is turned over.
        var liar = cluster.Nodes[2];
        var blob = new DirectoryInfo(liar.StorePath).EnumerateFiles("*", SearchOption.AllDirectories).Single(file => file.Length == length).FullName;
        var bytes = await File.ReadAllBytesAsync(blob, TestContext.Current.CancellationToken);
        for (var i = 0; i < bytes.Length; i++)
        {
            bytes[i] ^= 0xFF;
        }

        await using (var file = new FileStream(blob, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            await file.WriteAsync(bytes, TestContext.Current.CancellationToken);
        }

        (await Tool.CurlAsync("-f", "-o", folder["out"], $"{cluster.Gateway.Url}/resources/11")).Succeeded();

        Assert.Equal(sha256, await TestBytes.HashFileAsync(folder["out"]));
        var endpoint = $"127.0.0.1:{cluster.RainPorts[2]}";
        var states = (await cluster.Gateway.GetJsonAsync("/servers")).GetProperty("items").EnumerateArray()
            .ToDictionary(item => item.GetProperty("endpoint").GetString()!, item => item.GetProperty("state").GetString());
        Assert.Equal("lied", states[endpoint]);
        Assert.Single(states.Values, state => state == "lied");
        Assert.Contains(cluster.Gateway.Log.Split('\n'), line => line.Contains(endpoint, StringComparison.Ordinal) && line.Contains("wrong bytes", StringComparison.Ordinal));
    }
}
