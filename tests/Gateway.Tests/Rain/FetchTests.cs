using System.Globalization;
using Gateway.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace Gateway.Tests.Rain;

/// <summary>A gateway with an empty store in front of a node that has something: real datagrams on loopback.</summary>
public sealed class FetchTests
{
    [Fact]
    public async Task What_is_not_here_comes_from_the_rain_and_stays()
    {
        await using var pair = await Pair.StartAsync();
        var bytes = TestGateway.Bytes(3_000_000);
        var stored = await pair.Node.PutAsync(
            "/resources/7", bytes, ("Content-Type", "text/plain"), ("Content-Disposition", "attachment; filename=\"a.txt\""));

        var miss = await pair.Gateway.GetAsync("/resources/7");
        Assert.Equal(200, miss.Status);
        Assert.True(bytes.AsSpan().SequenceEqual(miss.Body));
        Assert.Equal("rain; fwd=miss; stored", miss["Cache-Status"]);
        Assert.Matches(
            "^cache;desc=miss, discover;dur=[0-9.]+, first-droplet;dur=[0-9.]+, decode;dur=[0-9.]+, verify;dur=[0-9.]+$",
            miss["Server-Timing"]!);
        foreach (var name in (string[])["ETag", "Repr-Digest", "Content-Type", "Last-Modified", "Content-Disposition"])
        {
            Assert.Equal((await pair.Node.GetAsync("/resources/7"))[name], miss[name]);
        }

        Assert.Equal(stored.ETag, miss.ETag);
        await pair.WaitUntilKeptAsync("/resources/7");
        Assert.Equal("rain; hit", (await pair.Gateway.GetAsync("/resources/7"))["Cache-Status"]);
        var forced = await pair.Gateway.GetAsync("/resources/7", ("Cache-Control", "no-cache"));
        Assert.Equal("rain; fwd=request; stored", forced["Cache-Status"]);
        Assert.True(bytes.AsSpan().SequenceEqual(forced.Body));
    }

    [Theory]
    [InlineData("HEAD", "", "", 200)]
    [InlineData("GET", "If-None-Match", "TAG", 304)]
    [InlineData("GET", "If-Match", "\"a\"", 412)]
    [InlineData("GET", "Range", "bytes=99999999-", 416)]
    public async Task What_needs_no_bytes_pulls_none(string method, string name, string value, int expected)
    {
        await using var pair = await Pair.StartAsync();
        var stored = await pair.Node.PutAsync("/resources/7", TestGateway.Bytes(3_000_000));
        var answer = await pair.Gateway.SendAsync(
            method, "/resources/7", null, name.Length == 0 ? [] : [(name, value.Replace("TAG", stored.ETag, StringComparison.Ordinal))]);
        Assert.Equal(expected, answer.Status);
        Assert.Equal(0, (await pair.NewestTransferAsync()).GetProperty("decodedBlocks").GetInt32());
    }

    [Theory]
    [InlineData("bytes=2500000-2500009")]
    [InlineData("bytes=-10")]
    public async Task A_range_pulls_only_the_blocks_it_touches(string range)
    {
        await using var pair = await Pair.StartAsync();
        var bytes = TestGateway.Bytes(3_000_000);
        await pair.Node.PutAsync("/resources/7", bytes);
        var answer = await pair.Gateway.GetAsync("/resources/7", ("Range", range));
        Assert.Equal(206, answer.Status);
        var first = range.StartsWith("bytes=-", StringComparison.Ordinal) ? bytes.Length - 10 : 2_500_000;
        Assert.Equal(bytes[first..(first + 10)], answer.Body);
        Assert.Equal("rain; fwd=miss", answer["Cache-Status"]);
        Assert.Equal(1, (await pair.NewestTransferAsync()).GetProperty("decodedBlocks").GetInt32());
    }

    [Fact]
    public async Task Several_ranges_come_from_the_rain_in_the_order_asked_for()
    {
        await using var pair = await Pair.StartAsync();
        var bytes = TestGateway.Bytes(3_000_000);
        await pair.Node.PutAsync("/resources/7", bytes);
        var answer = await pair.Gateway.GetAsync("/resources/7", ("Range", "bytes=2500000-2500009,0-9"));
        Assert.Equal(206, answer.Status);
        Assert.Equal(answer.Body.Length.ToString(CultureInfo.InvariantCulture), answer["Content-Length"]);
        var text = System.Text.Encoding.Latin1.GetString(answer.Body);
        Assert.True(text.IndexOf("bytes 2500000-", StringComparison.Ordinal) < text.IndexOf("bytes 0-9/", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Conditions_of_an_upload_know_what_only_the_rain_has()
    {
        await using var pair = await Pair.StartAsync();
        var stored = await pair.Node.PutAsync("/resources/7", [1]);
        Assert.Equal(412, (await pair.Gateway.PutAsync("/resources/7", [2], ("If-None-Match", "*"))).Status);
        Assert.Equal(412, (await pair.Gateway.PutAsync("/resources/7", [2], ("If-Match", "\"a\""))).Status);
        Assert.InRange((await pair.Gateway.PutAsync("/resources/7", [2], ("If-Match", stored.ETag))).Status, 200, 201);
    }

    [Fact]
    public async Task When_the_rain_stops_for_good_the_connection_breaks()
    {
        await using var pair = await Pair.StartAsync(
            nodeSettings: ["Rain:MaxRateBytesPerSecond=4000000"], gatewaySettings: ["Rain:StallSeconds=0.5"]);
        const int Length = 20_000_000;
        await pair.Node.PutAsync("/resources/7", TestGateway.Bytes(Length));
        await using var raw = await RawHttp.ConnectAsync(pair.Gateway);
        await raw.SendAsync("GET /resources/7 HTTP/1.1\r\nHost: x\r\n\r\n");
        var head = await raw.ReceiveAsync(hasBody: false);
        Assert.Equal(200, head.Status);
        Assert.Equal(Length.ToString(CultureInfo.InvariantCulture), head.Headers["Content-Length"]);
        await pair.KillNodeAsync();
        var (bytes, _) = await raw.DrainAsync();
        Assert.InRange(bytes, 1, Length - 1);
    }

    [Fact]
    public async Task When_the_rain_stops_before_the_first_byte_the_answer_is_a_problem()
    {
        // A block takes 20 seconds at this rate, so the first byte is far away when the node dies.
        await using var pair = await Pair.StartAsync(
            nodeSettings: ["Rain:MaxRateBytesPerSecond=50000"], gatewaySettings: ["Rain:StallSeconds=0.5"]);
        await pair.Node.PutAsync("/resources/7", TestGateway.Bytes(3_000_000));
        var pending = pair.Gateway.GetAsync("/resources/7", ("Range", "bytes=5-9,100-109"));
        while (!(await pair.Gateway.GetAsync("/transfers")).Text.Contains("\"length\":3000000", StringComparison.Ordinal))
        {
            Assert.False(pending.IsCompleted);
        }

        await pair.KillNodeAsync();
        var answer = await pending;
        Assert.Equal(504, answer.Status);
        Assert.Equal("retrieval-timeout", answer.Problem);
        Assert.Single(answer.Json.GetProperty("sources").EnumerateArray());
        Assert.Null(answer["ETag"]);
        Assert.Null(answer["Content-Range"]);
        Assert.Equal("nosniff", answer["X-Content-Type-Options"]);
    }

    [Fact]
    public async Task Silence_is_a_timeout_that_names_the_servers()
    {
        await using var gateway = await TestGateway.StartAsync(TestGateway.FreePorts(2), [0], "Rain:DiscoverySeconds=0.3");
        var answer = await gateway.GetAsync("/resources/7");
        Assert.Equal(504, answer.Status);
        Assert.Equal("retrieval-timeout", answer.Problem);
        Assert.True(answer.Json.GetProperty("retryable").GetBoolean());
        Assert.Equal(2, answer.Json.GetProperty("sources").GetArrayLength());
        Assert.Equal(504, (await gateway.GetAsync("/resources/7/manifest")).Status);
        Assert.Equal(504, (await gateway.SendAsync("HEAD", "/resources/7", null)).Status);
    }

    [Fact]
    public async Task What_no_server_has_is_not_found()
    {
        await using var pair = await Pair.StartAsync();
        var answer = await pair.Gateway.GetAsync("/resources/7");
        Assert.Equal(404, answer.Status);
        Assert.Equal("not-found", answer.Problem);
        Assert.Single(answer.Json.GetProperty("sources").EnumerateArray());
    }

    [Fact]
    public async Task Prefetching_fills_the_store_and_tells_the_transfer()
    {
        await using var pair = await Pair.StartAsync();
        await pair.Node.PutAsync("/resources/7", TestGateway.Bytes(100_000));
        var accepted = await pair.Gateway.SendAsync("POST", "/resources/7/prefetch", null);
        Assert.Equal(202, accepted.Status);
        Assert.Equal("7", accepted.Json.GetProperty("resource").GetString());
        await using var events = await pair.Gateway.OpenAsync("/transfers/events");
        using var reader = new StreamReader(events);
        string line;
        do
        {
            line = await reader.ReadLineAsync(TestContext.Current.CancellationToken) ?? throw new EndOfStreamException();
        }
        while (!line.StartsWith("data: ", StringComparison.Ordinal) || !line.Contains("\"state\":\"completed\"", StringComparison.Ordinal));
        using var transfer = System.Text.Json.JsonDocument.Parse(line[6..]);
        Assert.Equal(accepted.Json.GetProperty("id").GetString(), transfer.RootElement.GetProperty("id").GetString());
        Assert.Equal(200, (await pair.Gateway.GetAsync(accepted["Location"]!)).Status);
        await pair.WaitUntilKeptAsync("/resources/7");
    }

    [Fact]
    public async Task What_is_not_here_is_deleted_where_it_is()
    {
        await using var pair = await Pair.StartAsync();
        var stored = await pair.Node.PutAsync("/resources/7", TestGateway.Bytes(100_000));

        // Whom the other node does not name it does not obey.
        var port = pair.Gateway.Services.GetRequiredService<NodeHost>().Node.ListenEndPoints[0].Port;
        Assert.Equal(201, (await pair.Node.PutAsync($"/servers/127.0.0.1:{port}", [])).Status);

        // Conditions are about the version that is elsewhere.
        Assert.Equal("precondition-failed", (await pair.Gateway.SendAsync("DELETE", "/resources/7", null, ("If-Match", "\"a\""))).Problem);
        Assert.Equal(200, (await pair.Gateway.SendAsync("HEAD", "/resources/7", null)).Status);
        Assert.Equal(204, (await pair.Gateway.SendAsync("DELETE", "/resources/7", null, ("If-Match", stored.ETag))).Status);
        Assert.Equal(410, (await pair.Gateway.GetAsync("/resources/7")).Status);
        var clock = System.Diagnostics.Stopwatch.StartNew();
        while ((await pair.Node.GetAsync("/resources/7")).Status != 410)
        {
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(30), "the other node was never told");
        }

        // A second time there is nothing left, and everybody says so.
        Assert.Equal("not-found", (await pair.Gateway.SendAsync("DELETE", "/resources/7", null)).Problem);
        Assert.Equal("not-found", (await pair.Gateway.SendAsync("DELETE", "/resources/8", null)).Problem);
    }

    [Fact]
    public async Task A_deletion_says_that_nobody_answered_rather_than_that_nothing_is_there()
    {
        await using var pair = await Pair.StartAsync(gatewaySettings: ["Rain:DiscoverySeconds=0.2"]);
        await pair.KillNodeAsync();
        var answer = await pair.Gateway.SendAsync("DELETE", "/resources/7", null);
        Assert.Equal((504, "retrieval-timeout"), (answer.Status, answer.Problem));
    }

    /// <summary>A gateway and the node it asks.</summary>
    private sealed class Pair : IAsyncDisposable
    {
        private bool _isNodeAlive = true;

        private Pair(TestGateway node, TestGateway gateway)
        {
            Node = node;
            Gateway = gateway;
        }

        public TestGateway Node { get; }

        public TestGateway Gateway { get; }

        public static async Task<Pair> StartAsync(string[]? nodeSettings = null, string[]? gatewaySettings = null)
        {
            var ports = TestGateway.FreePorts(1);
            return new Pair(
                await TestGateway.StartAsync([], ports, nodeSettings ?? []),
                await TestGateway.StartAsync(ports, [0], gatewaySettings ?? []));
        }

        public async Task<System.Text.Json.JsonElement> NewestTransferAsync() =>
            (await Gateway.GetAsync("/transfers")).Json.GetProperty("items")[0];

        /// <summary>The last byte may reach a reader a moment before the store has taken the whole over.</summary>
        public async Task WaitUntilKeptAsync(string path)
        {
            var clock = System.Diagnostics.Stopwatch.StartNew();
            while ((await Gateway.SendAsync("HEAD", path, null, ("Cache-Control", "only-if-cached"))).Status != 200)
            {
                Assert.True(clock.Elapsed < TimeSpan.FromSeconds(30), $"{path} was never kept");
            }
        }

        public async Task KillNodeAsync()
        {
            if (_isNodeAlive)
            {
                _isNodeAlive = false;
                await Node.DisposeAsync();
            }
        }

        public async ValueTask DisposeAsync()
        {
            await Gateway.DisposeAsync();
            await KillNodeAsync();
        }
    }
}
