using System.Security.Cryptography;

namespace Gateway.Tests.Resources;

public sealed class ReadTests : IClassFixture<SharedGateway>
{
    private readonly TestGateway _gateway;

    public ReadTests(SharedGateway shared) => _gateway = shared.Gateway;

    [Theory]
    [InlineData("")]
    [InlineData("?download=1")]
    [InlineData("?filename=other.txt")]
    [InlineData("?download=1&filename=%E2%82%AC.txt")]
    [InlineData("?filename=%0D%0ASet-Cookie:%20a=b")]
    [InlineData("?filename=..%2F..%2Fetc%2Fpasswd")]
    public async Task Disposition_follows_the_query(string query)
    {
        var (path, _) = await _gateway.StoreAsync([1], ("Content-Disposition", "inline; filename=\"x.bin\""));
        var answer = await _gateway.GetAsync(path + query);
        Assert.Equal(
            query switch
            {
                "" => "inline; filename=\"x.bin\"; filename*=UTF-8''x.bin",
                "?download=1" => "attachment; filename=\"x.bin\"; filename*=UTF-8''x.bin",
                "?filename=other.txt" => "inline; filename=\"other.txt\"; filename*=UTF-8''other.txt",
                "?download=1&filename=%E2%82%AC.txt" => "attachment; filename=\"_.txt\"; filename*=UTF-8''%E2%82%AC.txt",
                "?filename=%0D%0ASet-Cookie:%20a=b" => "inline; filename=\"Set-Cookie: a=b\"; filename*=UTF-8''Set-Cookie%3A%20a%3Db",
                _ => "inline; filename=\"passwd\"; filename*=UTF-8''passwd",
            },
            answer["Content-Disposition"]);
        Assert.Null(answer["Set-Cookie"]);
    }

    [Fact]
    public async Task Without_any_name_there_is_no_disposition()
    {
        var (path, _) = await _gateway.StoreAsync([1]);
        Assert.Null((await _gateway.GetAsync(path))["Content-Disposition"]);
        Assert.Equal("attachment", (await _gateway.GetAsync(path + "?download=1"))["Content-Disposition"]);
    }

    [Theory]
    [InlineData("", true, false)]
    [InlineData("Want-Repr-Digest: sha-256=10", true, false)]
    [InlineData("Want-Repr-Digest: sha-512=3", true, false)]
    [InlineData("Want-Repr-Digest: sha-256=0", false, false)]
    [InlineData("Want-Repr-Digest: nonsense", true, false)]
    [InlineData("Want-Digest: SHA-256", true, true)]
    [InlineData("Want-Digest: md5;q=0.5, sha-256;q=1", true, true)]
    [InlineData("Want-Digest: sha-256;q=0", true, false)]
    [InlineData("Want-Digest: sha-256;q=0.3", true, true)]
    [InlineData("Want-Digest: md5", true, false)]
    public async Task Digests_are_sent_as_wanted(string field, bool hasReprDigest, bool hasDigest)
    {
        byte[] bytes = [5, 6, 7];
        var digest = Convert.ToBase64String(SHA256.HashData(bytes));
        var (path, _) = await _gateway.StoreAsync(bytes);
        var answer = await _gateway.GetAsync(path, field.Length == 0 ? [] : [(field.Split(": ")[0], field.Split(": ")[1])]);
        Assert.Equal(hasReprDigest ? $"sha-256=:{digest}:" : null, answer["Repr-Digest"]);
        Assert.Equal(hasDigest ? $"SHA-256={digest}" : null, answer["Digest"]);
    }

    [Fact]
    public async Task Strangers_bytes_can_do_nothing_in_a_browser()
    {
        var (path, _) = await _gateway.StoreAsync("<script>alert(1)</script>"u8.ToArray(), ("Content-Type", "text/html"));
        var answer = await _gateway.GetAsync(path);
        Assert.Equal("text/html", answer["Content-Type"]);
        Assert.Equal("nosniff", answer["X-Content-Type-Options"]);
        Assert.Equal("sandbox; default-src 'none'", answer["Content-Security-Policy"]);
        var worker = await _gateway.GetAsync(path, ("Service-Worker", "script"));
        Assert.Equal(403, worker.Status);
        Assert.Equal("service-worker", worker.Problem);
    }

    [Theory]
    [InlineData("only-if-cached", 504)]
    [InlineData("max-age=0, only-if-cached", 504)]
    [InlineData("no-cache, only-if-cached", 504)]
    [InlineData("no-cache", 404)]
    [InlineData("max-age=0", 404)]
    public async Task Cache_control_decides_who_is_asked_for_what_is_not_here(string cacheControl, int expected)
    {
        var answer = await _gateway.GetAsync(TestGateway.NewPath(), ("Cache-Control", cacheControl));
        Assert.Equal(expected, answer.Status);
        Assert.Equal(expected == 504 ? "not-cached" : "not-found", answer.Problem);
    }

    [Fact]
    public async Task Only_if_cached_is_content_with_what_is_here()
    {
        var (path, _) = await _gateway.StoreAsync([1]);
        Assert.Equal("rain; hit", (await _gateway.GetAsync(path, ("Cache-Control", "only-if-cached")))["Cache-Status"]);
    }

    [Fact]
    public async Task The_body_is_never_chunked_and_the_connection_is_kept()
    {
        var (path, _) = await _gateway.StoreAsync(TestGateway.Bytes(100_000));
        await using var raw = await RawHttp.ConnectAsync(_gateway);
        for (var i = 0; i < 3; i++)
        {
            await raw.SendAsync($"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n");
            var answer = await raw.ReceiveAsync();
            Assert.False(answer.Headers.ContainsKey("Transfer-Encoding"));
            Assert.Equal(TestGateway.Bytes(100_000), answer.Body);
        }
    }

    [Fact]
    public async Task Http_1_0_works_with_and_without_keep_alive()
    {
        var (path, _) = await _gateway.StoreAsync([65, 66]);
        await using var kept = await RawHttp.ConnectAsync(_gateway);
        await kept.SendAsync($"GET {path} HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
        var first = await kept.ReceiveAsync();
        Assert.Equal("keep-alive", first.Headers["Connection"]);
        Assert.Equal((byte[])[65, 66], first.Body);
        await kept.SendAsync($"GET {path} HTTP/1.0\r\n\r\n");
        Assert.Equal((byte[])[65, 66], (await kept.ReceiveAsync()).Body);
        Assert.Equal((0, false), await kept.DrainAsync());
    }

    [Fact]
    public async Task A_reader_that_goes_away_leaves_the_gateway_well()
    {
        var (path, _) = await _gateway.StoreAsync(TestGateway.Bytes(20_000_000));
        await using (var raw = await RawHttp.ConnectAsync(_gateway))
        {
            await raw.SendAsync($"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n");
            await raw.ReceiveAsync(hasBody: false);
        }

        Assert.Equal(20_000_000, (await _gateway.GetAsync(path)).Body.Length);
        Assert.Equal(204, (await _gateway.SendAsync("DELETE", path, null)).Status);
    }
}
