using System.Text;

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
        await chunked.SendAsync(
            $"PUT /resources/3 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n{new string('x', 1001)}\r\n");
        var refused = await chunked.ReceiveAsync();
        Assert.Equal(413, refused.Status);
        Assert.Equal("close", refused.Headers["Connection"]);
        Assert.Single((await gateway.GetAsync("/resources")).Json.GetProperty("items").EnumerateArray());
    }

    /// <summary>What the others would have to refuse is not made: with blocks of 16 bytes
    /// the manifest cannot name more than this.</summary>
    [Fact]
    public async Task What_no_manifest_can_describe_is_refused_before_it_is_asked_for_or_in_its_middle()
    {
        const int describedMax = 28_062 * 16;
        await using var gateway = await TestGateway.StartAsync("Rain:BlockSize=16", "Rain:SymbolSize=16");
        Assert.Equal(201, (await gateway.PutAsync("/resources/1", new byte[describedMax])).Status);

        await using var declared = await RawHttp.ConnectAsync(gateway);
        await declared.SendAsync(
            $"PUT /resources/2 HTTP/1.1\r\nHost: x\r\nContent-Length: {describedMax + 1}\r\nExpect: 100-continue\r\n\r\n");
        var refused = await declared.ReceiveAsync();
        Assert.Equal(413, refused.Status);
        Assert.Contains("Rain:BlockSize", Encoding.UTF8.GetString(refused.Body), StringComparison.Ordinal);

        await using var chunked = await RawHttp.ConnectAsync(gateway);
        await chunked.SendAsync(
            "PUT /resources/3 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: "
            + $"chunked\r\n\r\n{describedMax + 1:x}\r\n{new string('x', describedMax + 1)}\r\n");
        Assert.Equal(413, (await chunked.ReceiveAsync()).Status);

        var created = await gateway.PutAsync("/resources/4", new byte[describedMax], ("Upload-Complete", "?0"));
        Assert.Equal(201, created.Status);
        var appended = await gateway.SendAsync(
            "PATCH", created["Location"]!, [1], ("Content-Type", "application/partial-upload"), ("Upload-Offset", $"{describedMax}"),
            ("Upload-Complete", "?1"));
        Assert.Equal(413, appended.Status);
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
    [InlineData(1L << 40, 507)]
    [InlineData((1L << 40) + 1, 413)]
    [InlineData(1L << 60, 413)]
    public async Task What_the_disk_cannot_hold_is_refused_before_it_is_asked_for(long length, int expected)
    {
        await using var gateway = await TestGateway.StartAsync();
        await using var raw = await RawHttp.ConnectAsync(gateway);
        await raw.SendAsync($"PUT /resources/1 HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\nExpect: 100-continue\r\n\r\n");
        Assert.Equal(expected, (await raw.ReceiveAsync()).Status);
    }
}
