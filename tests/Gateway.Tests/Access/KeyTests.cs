using System.Security.Cryptography;
using System.Text;

namespace Gateway.Tests.Access;

public sealed class KeyTests
{
    private const string First = "rain-or-shine-0123456789";

    [Fact]
    public async Task Writes_need_a_key_and_reads_do_not()
    {
        var hashed = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes("the second key of two")));
        await using var gateway = await TestGateway.StartAsync($"Gateway:Keys={First}, sha256:{hashed}");
        var refused = await gateway.PutAsync("/resources/1", [1]);
        Assert.Equal(401, refused.Status);
        Assert.Equal("unauthorized", refused.Problem);
        Assert.Equal("Bearer realm=\"Pouring Rain\"", refused["WWW-Authenticate"]);
        var wrong = await gateway.PutAsync("/resources/1", [1], ("Authorization", "Bearer a third key, unknown"));
        Assert.Equal(401, wrong.Status);
        Assert.Contains("invalid_token", wrong["WWW-Authenticate"]!, StringComparison.Ordinal);
        Assert.Equal(401, (await gateway.PutAsync("/resources/1", [1], ("Authorization", $"Bearer {hashed}"))).Status);
        Assert.Equal(401, (await gateway.PutAsync("/resources/1", [1], ("Authorization", $"Basic {First}"))).Status);
        Assert.Equal(201, (await gateway.PutAsync("/resources/1", [1], ("Authorization", $"Bearer {First}"))).Status);
        Assert.Equal(200, (await gateway.PutAsync("/1", [2], ("Authorization", "bearer the second key of two"))).Status);
        Assert.Equal(200, (await gateway.GetAsync("/resources/1")).Status);
        foreach (var (method, path) in ((string, string)[])[
            ("POST", "/resources"), ("DELETE", "/resources/1"), ("PUT", "/1"), ("POST", "/resources/1/propagate"),
            ("POST", "/resources/1/prefetch"),
            ("PUT", "/servers/h:1"), ("DELETE", "/servers/h:1")])
        {
            Assert.Equal(401, (await gateway.SendAsync(method, path, null)).Status);
        }
    }

    [Fact]
    public async Task Protected_reads_need_one_too_and_health_does_not()
    {
        await using var gateway = await TestGateway.StartAsync($"Gateway:Keys={First}", "Gateway:ProtectReads=true");
        foreach (var path in (string[])["/resources", "/resources/1", "/1", "/servers", "/subscribers", "/transfers", "/transfers/events",
            "/metrics"])
        {
            Assert.Equal(401, (await gateway.GetAsync(path)).Status);
        }

        Assert.Equal(401, (await gateway.SendAsync("HEAD", "/resources/1", null)).Status);
        Assert.Equal(200, (await gateway.GetAsync("/resources", ("Authorization", $"Bearer {First}"))).Status);
        Assert.Equal(200, (await gateway.GetAsync("/health/ready")).Status);
        Assert.Equal(200, (await gateway.GetAsync("/")).Status);
    }

    [Fact]
    public async Task A_key_is_asked_for_before_the_body()
    {
        await using var gateway = await TestGateway.StartAsync($"Gateway:Keys={First}");
        await using var raw = await RawHttp.ConnectAsync(gateway);
        await raw.SendAsync("PUT /resources/1 HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\nExpect: 100-continue\r\n\r\n");
        Assert.Equal(401, (await raw.ReceiveAsync()).Status);
    }
}
