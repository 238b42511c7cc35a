namespace Gateway.Tests.Operations;

public sealed class OperationsTests
{
    [Fact]
    public async Task Health_and_metrics_answer()
    {
        await using var gateway = await TestGateway.StartAsync();
        Assert.Equal("live", (await gateway.GetAsync("/health/live")).Json.GetProperty("status").GetString());
        Assert.Equal("ready", (await gateway.GetAsync("/health/ready")).Json.GetProperty("status").GetString());
        await gateway.PutAsync("/resources/1", new byte[1000]);
        await gateway.GetAsync("/resources/1");
        await gateway.GetAsync("/resources/1", ("Range", "bytes=0-99"));
        var metrics = (await gateway.GetAsync("/metrics")).Text;
        Assert.Contains("rain_http_requests_total{route=\"/resources/{id}\",method=\"GET\",status=\"206\"} 1\n", metrics, StringComparison.Ordinal);
        Assert.Contains("rain_http_sent_bytes_total 1100\n", metrics, StringComparison.Ordinal);
        Assert.All(
            metrics.Split('\n', StringSplitOptions.RemoveEmptyEntries),
            line => Assert.Matches("""^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{([a-z]+="([^"\\]|\\.)*",?)*\})? [0-9.]+)$""", line));
    }

    [Fact]
    public async Task Paths_and_methods_of_strangers_make_no_new_rows()
    {
        await using var gateway = await TestGateway.StartAsync();
        for (var i = 0; i < 20; i++)
        {
            await gateway.GetAsync($"/a/b/{i}");
            await gateway.SendAsync($"M{i}", "/resources", null);
        }

        var rows = (await gateway.GetAsync("/metrics")).Text.Split('\n').Where(line => line.StartsWith("rain_http_requests_total{", StringComparison.Ordinal));
        Assert.Equal(2, rows.Count());
    }

    [Fact]
    public async Task Running_responses_finish_and_streams_end_when_the_gateway_is_asked_to_stop()
    {
        var gateway = await TestGateway.StartAsync();
        await using var upload = await RawHttp.ConnectAsync(gateway);
        await upload.SendAsync("PUT /resources/1 HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
        Assert.Equal(100, (await upload.ReceiveAsync()).Status);
        await upload.SendAsync("a");
        await using var watcher = await RawHttp.ConnectAsync(gateway);
        await watcher.SendAsync("GET /transfers/events HTTP/1.1\r\nHost: x\r\n\r\n");
        Assert.Equal(200, (await watcher.ReceiveAsync()).Status);

        var stopping = gateway.DisposeAsync();
        await watcher.DrainAsync();
        Assert.False(stopping.IsCompleted);
        await upload.SendAsync("b");
        Assert.Equal(201, (await upload.ReceiveAsync(hasBody: false)).Status);
        await stopping;
    }

    [Fact]
    public async Task Servers_are_added_and_forgotten()
    {
        await using var gateway = await TestGateway.StartAsync([9], [0]);
        Assert.Equal("127.0.0.1:9", Assert.Single(Servers(await gateway.GetAsync("/servers"))));
        Assert.Equal(201, (await gateway.PutAsync("/servers/127.0.0.1:10", [])).Status);
        Assert.Equal(200, (await gateway.PutAsync("/servers/127.0.0.1:10", [])).Status);
        Assert.Equal(["127.0.0.1:10", "127.0.0.1:9"], Servers(await gateway.GetAsync("/servers")).Order());
        Assert.Equal(204, (await gateway.SendAsync("DELETE", "/servers/127.0.0.1:10", null)).Status);
        Assert.Equal(404, (await gateway.SendAsync("DELETE", "/servers/127.0.0.1:10", null)).Status);
        Assert.Empty((await gateway.GetAsync("/subscribers")).Json.GetProperty("items").EnumerateArray());

        static List<string> Servers(Answer answer) => [.. answer.Json.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("endpoint").GetString()!)];
    }
}
