using System.Diagnostics;
namespace Gateway.Tests.Access;

public sealed class LimitTests
{
    [Fact]
    public async Task Too_many_requests_of_one_address_are_told_when_to_come_back()
    {
        await using var gateway = await TestGateway.StartAsync("Gateway:MaxRequestsPerSecond=3");
        var answers = new List<Answer>();
        for (var i = 0; i < 10; i++)
        {
            answers.Add(await gateway.GetAsync("/resources"));
        }

        var refused = answers.First(answer => answer.Status == 429);
        Assert.Equal("too-many-requests", refused.Problem);
        Assert.Equal("1", refused["Retry-After"]);
        Assert.True(refused.Json.GetProperty("retryable").GetBoolean());
        Assert.Equal(200, answers[0].Status);
    }

    [Fact]
    public async Task Too_many_at_once_are_refused_and_health_still_answers()
    {
        await using var gateway = await TestGateway.StartAsync("Gateway:MaxConcurrentRequests=1");
        await using var holding = await RawHttp.ConnectAsync(gateway);
        await holding.SendAsync("PUT /resources/1 HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
        Assert.Equal(100, (await holding.ReceiveAsync()).Status);
        var refused = await gateway.GetAsync("/resources");
        Assert.Equal(503, refused.Status);
        Assert.Equal("overloaded", refused.Problem);
        Assert.NotNull(refused["Retry-After"]);
        Assert.Equal(200, (await gateway.GetAsync("/health/ready")).Status);
        await holding.SendAsync("ab");
        Assert.Equal(201, (await holding.ReceiveAsync(hasBody: false)).Status);

        // The place is free when the request has ended, which is a moment after its response has come.
        var hangLimit = Stopwatch.StartNew();
        int status;
        while ((status = (await gateway.GetAsync("/resources")).Status) == 503 && hangLimit.Elapsed < TimeSpan.FromSeconds(30))
        {
            await Task.Yield();
        }

        Assert.Equal(200, status);
    }

    [Fact]
    public async Task Streams_of_events_are_counted_by_themselves()
    {
        await using var gateway = await TestGateway.StartAsync("Gateway:MaxConcurrentRequests=1", "Gateway:MaxEventStreams=2");
        await using var first = await WatchAsync(gateway);
        await using var second = await WatchAsync(gateway);
        Assert.Equal(200, (await gateway.GetAsync("/resources")).Status);
        var refused = await gateway.GetAsync("/transfers/events");
        Assert.Equal(503, refused.Status);
        Assert.Equal("overloaded", refused.Problem);
        Assert.Contains("Gateway:MaxEventStreams", refused.Text, StringComparison.Ordinal);
        Assert.NotNull(refused["Retry-After"]);

        static async Task<RawHttp> WatchAsync(TestGateway gateway)
        {
            var watcher = await RawHttp.ConnectAsync(gateway);
            await watcher.SendAsync("GET /transfers/events HTTP/1.1\r\nHost: x\r\n\r\n");
            Assert.Equal(200, (await watcher.ReceiveAsync()).Status);
            return watcher;
        }
    }
}
