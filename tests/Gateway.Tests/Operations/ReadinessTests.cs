using Gateway.Hosting;
using Gateway.Operations;
using Microsoft.Extensions.DependencyInjection;
using MurkyWaters;

namespace Gateway.Tests.Operations;

public sealed class ReadinessTests
{
    [Fact]
    public async Task While_the_store_is_opened_it_lives_and_is_not_ready()
    {
        var mayOpen = new TaskCompletionSource();
        await using var gateway = await TestGateway.StartAsync(
            services => services.AddSingleton<NodeOpener>(async (options, loggers, token) =>
            {
                await mayOpen.Task;
                return await MurkyNode.StartAsync(options, loggers, token);
            }),
            [], [0]);
        Assert.Equal(200, (await gateway.GetAsync("/health/live")).Status);
        var ready = await gateway.GetAsync("/health/ready");
        Assert.Equal(503, ready.Status);
        Assert.Equal("not ready", ready.Json.GetProperty("status").GetString());
        Assert.StartsWith(
            "recovering", Assert.Single(ready.Json.GetProperty("reasons").EnumerateArray()).GetString(), StringComparison.Ordinal);
        foreach (var path in (string[])["/resources", "/resources/1", "/1", "/servers", "/subscribers", "/transfers", "/transfers/events",
            "/metrics"])
        {
            var refused = await gateway.GetAsync(path);
            Assert.Equal((503, "unavailable", "1"), (refused.Status, refused.Problem, refused["Retry-After"]));
        }

        Assert.Equal(503, (await gateway.PutAsync("/resources/1", [1])).Status);
        Assert.Equal(200, (await gateway.GetAsync("/")).Status);
        Assert.Equal(200, (await gateway.GetAsync("/openapi/v1.json")).Status);

        mayOpen.SetResult();
        await gateway.Services.GetRequiredService<NodeHost>().Opened;
        Assert.Equal(200, (await gateway.GetAsync("/health/ready")).Status);
        Assert.Equal(201, (await gateway.PutAsync("/resources/1", [1])).Status);
    }

    [Fact]
    public async Task With_the_disk_full_it_is_not_ready_and_still_sends()
    {
        var isFull = false;
        await using var gateway = await TestGateway.StartAsync(services => services.AddSingleton<DiskFullProbe>(_ => isFull), [], [0]);
        await gateway.PutAsync("/resources/1", [1]);
        Assert.Equal(200, (await gateway.GetAsync("/health/ready")).Status);
        isFull = true;
        var ready = await gateway.GetAsync("/health/ready");
        Assert.Equal(503, ready.Status);
        Assert.StartsWith(
            "disk full", Assert.Single(ready.Json.GetProperty("reasons").EnumerateArray()).GetString(), StringComparison.Ordinal);
        Assert.Equal(200, (await gateway.GetAsync("/health/live")).Status);
        Assert.Equal(200, (await gateway.GetAsync("/resources/1")).Status);
    }

    [Fact]
    public async Task While_it_drains_running_requests_end_well_and_new_ones_are_sent_away()
    {
        await using var gateway = await TestGateway.StartAsync();
        await using var upload = await RawHttp.ConnectAsync(gateway);
        await upload.SendAsync("PUT /resources/1 HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
        Assert.Equal(100, (await upload.ReceiveAsync()).Status);

        var stopping = gateway.StopAsync();
        var ready = await gateway.GetAsync("/health/ready");
        Assert.Equal(503, ready.Status);
        Assert.StartsWith(
            "draining", Assert.Single(ready.Json.GetProperty("reasons").EnumerateArray()).GetString(), StringComparison.Ordinal);
        Assert.Equal(200, (await gateway.GetAsync("/health/live")).Status);

        // On a new connection and on one that was there.
        await using var another = await RawHttp.ConnectAsync(gateway);
        await another.SendAsync("GET /resources HTTP/1.1\r\nHost: x\r\n\r\n");
        var refused = await another.ReceiveAsync();
        Assert.Equal((503, "close", "1"), (refused.Status, refused.Headers["Connection"], refused.Headers["Retry-After"]));
        Assert.Equal(0, (await another.DrainAsync()).Bytes);
        Assert.Equal("unavailable", (await gateway.PutAsync("/resources/2", [1])).Problem);

        Assert.False(stopping.IsCompleted);
        await upload.SendAsync("ab");
        Assert.Equal(201, (await upload.ReceiveAsync(hasBody: false)).Status);
        await stopping;
    }
}
