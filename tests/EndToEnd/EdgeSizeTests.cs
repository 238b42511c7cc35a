using System.Globalization;
using System.Net;

namespace EndToEnd;

/// <summary>Lengths at every edge of symbols and blocks, through the rain.</summary>
public sealed class EdgeSizeTests
{
    private const int SymbolSize = 1408;
    private const int BlockSize = 1 << 16;

    [Theory]
    [InlineData("lt")]
    [InlineData("raptorq")]
    public async Task Lengths_around_a_symbol_and_a_block_come_back_through_the_rain(string code)
    {
        Tool.Require("curl");
        using var folder = new TestFolder();
        await using var cluster = await Cluster.StartAsync(folder, 2, [], []);
        var id = 0;
        foreach (var length in (int[])[0, 1, SymbolSize - 1, SymbolSize, SymbolSize + 1, BlockSize - 1, BlockSize, BlockSize + 1])
        {
            id++;
            var sha256 = await TestBytes.WriteFileAsync(folder["in"], (ulong)id, length);
            (await Tool.CurlAsync("-f", "-T", folder["in"], $"{cluster.Nodes[0].Url}/resources/{id}?code={code}&replicas=2")).Succeeded();
            var headers = (await Tool.CurlAsync("-f", "-D", "-", "-o", folder["out"], $"{cluster.Gateway.Url}/resources/{id}")).Succeeded();
            Assert.Contains($"Content-Length: {length}\r\n", headers, StringComparison.OrdinalIgnoreCase);
            Assert.Equal(
                sha256, length == 0 && !File.Exists(folder["out"])
                ? await TestBytes.HashAsync(Stream.Null)
                : await TestBytes.HashFileAsync(folder["out"]));
        }
    }

    /// <summary>Minutes and 10 GB of disk; docs/developers.md has the command.</summary>
    [Fact(Explicit = true)]
    public async Task Five_gibibytes_made_while_sending_come_back_and_nothing_is_held_in_memory()
    {
        const long length = 5L << 30;
        using var folder = new TestFolder();
        await using var gateway = await GatewayProcess.StartWithThreeServersAsync(folder["node"]);
        using var http = new HttpClient { Timeout = TimeSpan.FromMinutes(20) };
        var uri = new Uri($"{gateway.Url}/resources/0xFFFFFFFFFFFFFFFF");
        using (var content = new StreamContent(new TestBytes(5, length), 1 << 20))
        {
            using var put = await http.PutAsync(uri, content, TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.Created, put.StatusCode);
        }

        using var request = new HttpRequestMessage(HttpMethod.Get, uri);
        request.Headers.CacheControl = new() { NoCache = true };
        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        Assert.Equal(length, response.Content.Headers.ContentLength);
        await using var body = await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken);
        Assert.Equal(await TestBytes.HashAsync(new TestBytes(5, length)), await TestBytes.HashAsync(body));
        TestContext.Current.TestOutputHelper?.WriteLine(
            string.Create(CultureInfo.InvariantCulture, $"peak memory {gateway.PeakMemoryBytes() / 1e6:F0} MB"));
        Assert.InRange(gateway.PeakMemoryBytes(), 1, 400_000_000);
    }
}
