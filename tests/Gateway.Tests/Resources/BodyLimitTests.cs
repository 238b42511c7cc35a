namespace Gateway.Tests.Resources;

public sealed class BodyLimitTests
{
    [Fact]
    public async Task A_body_over_the_limit_is_refused_before_it_is_asked_for_or_in_its_middle()
    {
        await using var gateway = await TestGateway.StartAsync("Gateway:MaxBodyBytes=1000");
        Assert.Equal(201, (await gateway.PutAsync("/resources/1", new byte[1000])).Status);

        await using var declared = await RawHttp.ConnectAsync(gateway);
        await declared.SendAsync("PUT /resources/2 HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\nExpect: 100-continue\r\n\r\n");
        Assert.Equal(413, (await declared.ReceiveAsync()).Status);

        await using var chunked = await RawHttp.ConnectAsync(gateway);
        await chunked.SendAsync($"PUT /resources/3 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n{new string('x', 1001)}\r\n");
        var refused = await chunked.ReceiveAsync();
        Assert.Equal(413, refused.Status);
        Assert.Equal("close", refused.Headers["Connection"]);
        Assert.Single((await gateway.GetAsync("/resources")).Json.GetProperty("items").EnumerateArray());
    }

    [Fact]
    public async Task A_body_larger_than_the_frameworks_own_limit_is_taken()
    {
        await using var gateway = await TestGateway.StartAsync();
        var bytes = TestGateway.Bytes(40 * 1024 * 1024);
        Assert.Equal(201, (await gateway.PutAsync("/resources/1", bytes)).Status);
        var read = await gateway.GetAsync("/resources/1");
        Assert.True(bytes.AsSpan().SequenceEqual(read.Body));
    }

    [Theory]
    [InlineData(1L << 43, 507)]
    [InlineData(1L << 60, 413)]
    public async Task What_the_disk_cannot_hold_is_refused_before_it_is_asked_for(long length, int expected)
    {
        await using var gateway = await TestGateway.StartAsync();
        await using var raw = await RawHttp.ConnectAsync(gateway);
        await raw.SendAsync($"PUT /resources/1 HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\nExpect: 100-continue\r\n\r\n");
        Assert.Equal(expected, (await raw.ReceiveAsync()).Status);
    }
}
