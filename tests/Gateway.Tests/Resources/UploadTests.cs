using System.Security.Cryptography;
using System.Text;

namespace Gateway.Tests.Resources;

public sealed class UploadTests : IClassFixture<SharedGateway>
{
    private readonly TestGateway _gateway;

    public UploadTests(SharedGateway shared) => _gateway = shared.Gateway;

    [Fact]
    public async Task What_is_put_comes_back_with_everything_said_of_it()
    {
        var bytes = TestGateway.Bytes(3_000_001);
        var path = TestGateway.NewPath();
        var created = await _gateway.PutAsync(
            path, bytes, ("Content-Type", "text/plain; charset=utf-8"), ("Content-Disposition", "attachment; filename=\"a b.txt\""));
        Assert.Equal(201, created.Status);
        Assert.Equal(path, created["Location"]);
        var digest = SHA256.HashData(bytes);
        Assert.Equal($"sha-256=:{Convert.ToBase64String(digest)}:", created["Repr-Digest"]);
        var summary = created.Json;
        Assert.Equal(path.Split('/')[^1], summary.GetProperty("id").GetString());
        Assert.Equal(bytes.Length, summary.GetProperty("length").GetInt64());
        Assert.Equal(created.ETag, summary.GetProperty("etag").GetString());
        Assert.Equal(Convert.ToHexStringLower(digest), summary.GetProperty("sha256").GetString());
        Assert.Equal("text/plain; charset=utf-8", summary.GetProperty("contentType").GetString());
        Assert.Equal("a b.txt", summary.GetProperty("fileName").GetString());
        Assert.Equal(65_536, summary.GetProperty("blockSize").GetInt32());
        Assert.Equal(1408, summary.GetProperty("symbolSize").GetInt32());
        Assert.Equal(48, summary.GetProperty("blocks").GetInt32());
        Assert.Equal(created.ETag.Trim('"'), summary.GetProperty("version").GetString());
        Assert.Equal(1, summary.GetProperty("replicas").GetInt32());
        Assert.NotEmpty(summary.GetProperty("code").GetString()!);
        Assert.True(DateTimeOffset.UtcNow - summary.GetProperty("modified").GetDateTimeOffset() < TimeSpan.FromMinutes(1));

        var read = await _gateway.GetAsync(path);
        Assert.Equal(200, read.Status);
        Assert.Equal(bytes, read.Body);
        Assert.Equal(created.ETag, read.ETag);
        Assert.Equal("text/plain; charset=utf-8", read["Content-Type"]);
        Assert.Equal("attachment; filename=\"a b.txt\"; filename*=UTF-8''a%20b.txt", read["Content-Disposition"]);
        Assert.Equal("rain; hit", read["Cache-Status"]);
        Assert.StartsWith("cache;desc=hit, open;dur=", read["Server-Timing"], StringComparison.Ordinal);
        Assert.Equal(created["Repr-Digest"], read["Repr-Digest"]);

        var head = await _gateway.SendAsync("HEAD", path, null);
        foreach (var name in (string[])["Content-Length", "Content-Type", "ETag", "Last-Modified", "Accept-Ranges", "Cache-Control",
            "Repr-Digest", "Content-Disposition"])
        {
            Assert.Equal(read[name], head[name]);
        }
    }

    [Fact]
    public async Task Other_bytes_replace_and_the_same_bytes_make_no_new_version()
    {
        var (path, first) = await _gateway.StoreAsync([1, 2, 3]);
        var same = await _gateway.PutAsync(path, [1, 2, 3]);
        Assert.Equal(200, same.Status);
        Assert.Equal(first.ETag, same.ETag);
        var other = await _gateway.PutAsync(path, [4]);
        Assert.Equal(200, other.Status);
        Assert.NotEqual(first.ETag, other.ETag);
        Assert.Equal((byte[])[4], (await _gateway.GetAsync(path)).Body);
    }

    [Fact]
    public async Task An_id_may_be_hexadecimal_and_is_told_in_decimal()
    {
        var created = await _gateway.PutAsync("/resources/0xFFFFFFFFFFFFFFFF", [7]);
        Assert.Equal("/resources/18446744073709551615", created["Location"]);
        Assert.Equal("18446744073709551615", created.Json.GetProperty("id").GetString());
        Assert.Equal((byte[])[7], (await _gateway.GetAsync("/resources/18446744073709551615")).Body);
    }

    [Fact]
    public async Task A_post_takes_the_id_from_the_content()
    {
        var bytes = Encoding.UTF8.GetBytes("posted");
        var created = await _gateway.SendAsync("POST", "/resources", bytes);
        Assert.Equal(201, created.Status);
        var id = System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(SHA256.HashData(bytes));
        Assert.Equal($"/resources/{id}", created["Location"]);
        Assert.Equal(bytes, (await _gateway.GetAsync(created["Location"]!)).Body);
        Assert.Equal(200, (await _gateway.SendAsync("POST", "/resources", bytes)).Status);
    }

    [Fact]
    public async Task A_form_is_not_kept_with_its_boundaries()
    {
        var answer = await _gateway.SendAsync("POST", "/resources", [1], ("Content-Type", "multipart/form-data; boundary=x"));
        Assert.Equal(415, answer.Status);
        Assert.Equal("unsupported-media", answer.Problem);
    }

    [Theory]
    [InlineData("lt")]
    [InlineData("raptorq")]
    public async Task The_code_may_be_chosen(string code)
    {
        Assert.SkipUnless(PouringRain.Coding.FountainCodes.TryGet(code, out _), $"{code} is not in this build");
        var answer = await _gateway.PutAsync(TestGateway.NewPath() + "?code=" + code, [1]);
        Assert.Equal(code, answer.Json.GetProperty("code").GetString());
    }

    [Theory]
    [InlineData("?code=turnip", "invalid-parameter", "")]
    [InlineData("?code=lt&code=lt", "invalid-parameter", "")]
    [InlineData("?replicas=0", "invalid-parameter", "")]
    [InlineData("?replicas=x", "invalid-parameter", "")]
    [InlineData("?replicas=99999999999", "invalid-parameter", "")]
    [InlineData("", "partial-put", "Content-Range: bytes 0-0/5")]
    [InlineData("", "invalid-parameter", "Content-Type: nonsense")]
    [InlineData("", "invalid-digest", "Content-Digest: sha-256=abc")]
    [InlineData("", "invalid-digest", "Content-Digest: sha-256=:AAAA:")]
    [InlineData("", "invalid-digest", "Repr-Digest: sha-256")]
    [InlineData("", "invalid-digest", "Content-Digest: sha-256=5")]
    public async Task What_is_wrong_with_an_upload_is_said_and_nothing_stored(string query, string problem, string field)
    {
        var path = TestGateway.NewPath();
        var answer = await _gateway.PutAsync(path + query, [1], field.Length == 0 ? [] : [(field.Split(": ")[0], field.Split(": ")[1])]);
        Assert.Equal(400, answer.Status);
        Assert.Equal(problem, answer.Problem);
        Assert.Equal(404, (await _gateway.GetAsync(path)).Status);
    }

    [Theory]
    [InlineData("gzip", 415)]
    [InlineData("br, identity", 415)]
    [InlineData("identity", 201)]
    [InlineData("Identity", 201)]
    public async Task Only_identity_is_taken_as_coding(string coding, int expected)
    {
        var answer = await _gateway.PutAsync(TestGateway.NewPath(), [1], ("Content-Encoding", coding));
        Assert.Equal(expected, answer.Status);
        if (expected == 415)
        {
            Assert.Equal("identity", answer["Accept-Encoding"]);
        }
    }

    [Theory]
    [InlineData("Content-Digest: sha-256=RIGHT", 201)]
    [InlineData("Repr-Digest: sha-256=RIGHT", 201)]
    [InlineData("Content-Digest: crc32c=:AAAA:, sha-256=RIGHT", 201)]
    [InlineData("Content-Digest: crc32c=:AAAA:", 400)]
    [InlineData("Content-Digest: sha-256=RIGHT|Repr-Digest: sha-256=RIGHT", 201)]
    [InlineData("Content-Digest: sha-256=WRONG", 400)]
    [InlineData("Repr-Digest: sha-256=WRONG", 400)]
    [InlineData("Content-Digest: sha-256=RIGHT|Repr-Digest: sha-256=WRONG", 400)]
    public async Task An_announced_digest_is_checked(string fields, int expected)
    {
        byte[] bytes = [1, 2, 3];
        var path = TestGateway.NewPath();
        var headers = fields
            .Replace("RIGHT", $":{Convert.ToBase64String(SHA256.HashData(bytes))}:", StringComparison.Ordinal)
            .Replace("WRONG", $":{Convert.ToBase64String(new byte[32])}:", StringComparison.Ordinal)
            .Split('|').Select(field => (field.Split(": ")[0], field.Split(": ")[1])).ToArray();
        var answer = await _gateway.PutAsync(path, bytes, headers);
        Assert.Equal(expected, answer.Status);
        Assert.Equal(expected == 201 ? 200 : 404, (await _gateway.GetAsync(path)).Status);
        if (expected == 400)
        {
            Assert.Equal(
                fields.Contains("RIGHT", StringComparison.Ordinal) || fields.Contains("WRONG", StringComparison.Ordinal)
                ? "digest-mismatch"
                : "invalid-digest", answer.Problem);
        }
    }

    [Fact]
    public async Task More_replicas_than_there_are_nodes_is_accepted_with_the_count()
    {
        await using var gateway = await TestGateway.StartAsync("Gateway:ReplicaSeconds=0.1");
        var path = TestGateway.NewPath();
        var answer = await gateway.PutAsync(path + "?replicas=2", [1]);
        Assert.Equal(202, answer.Status);
        Assert.Equal(1, answer.Json.GetProperty("replicas").GetInt32());
        Assert.Equal(200, (await gateway.GetAsync(path)).Status);
    }

    [Fact]
    public async Task A_body_that_breaks_off_leaves_nothing()
    {
        var path = TestGateway.NewPath();
        await using (var raw = await RawHttp.ConnectAsync(_gateway))
        {
            await raw.SendAsync($"PUT {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\nExpect: 100-continue\r\n\r\n");
            Assert.Equal(100, (await raw.ReceiveAsync()).Status);
            await raw.SendAsync(new string('x', 50_000));
        }

        Assert.Equal(404, (await _gateway.GetAsync(path)).Status);
        Assert.Equal(201, (await _gateway.PutAsync(path, [1])).Status);
    }

    [Fact]
    public async Task A_chunked_body_is_taken()
    {
        var path = TestGateway.NewPath();
        await using var raw = await RawHttp.ConnectAsync(_gateway);
        await raw.SendAsync($"PUT {path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n");
        Assert.Equal(201, (await raw.ReceiveAsync(hasBody: false)).Status);
        Assert.Equal("hello world", (await _gateway.GetAsync(path)).Text);
    }

    [Fact]
    public async Task A_malformed_chunk_stores_nothing()
    {
        var path = TestGateway.NewPath();
        await using var raw = await RawHttp.ConnectAsync(_gateway);
        await raw.SendAsync($"PUT {path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n");
        Assert.Equal(400, (await raw.ReceiveAsync()).Status);
        Assert.Equal(404, (await _gateway.GetAsync(path)).Status);
    }

    [Fact]
    public async Task Without_length_and_chunks_a_put_is_of_nothing()
    {
        var path = TestGateway.NewPath();
        await using var raw = await RawHttp.ConnectAsync(_gateway);
        await raw.SendAsync($"PUT {path} HTTP/1.1\r\nHost: x\r\n\r\n");
        Assert.Equal(201, (await raw.ReceiveAsync(hasBody: false)).Status);
        Assert.Equal("0", (await _gateway.GetAsync(path))["Content-Length"]);
    }

    [Theory]
    [InlineData("/resources/abc", "", 400)]
    [InlineData("/resources/1?code=turnip", "", 400)]
    [InlineData("/resources/1", "Content-Encoding: gzip\r\n", 415)]
    [InlineData("/resources/1", "Content-Range: bytes 0-0/9\r\n", 400)]
    [InlineData("/resources/1", "If-Match: \"a\"\r\n", 412)]
    [InlineData("/resources/1", "Content-Digest: x\r\n", 400)]
    public async Task What_can_be_refused_at_once_is_refused_before_the_body_is_asked_for(string path, string field, int expected)
    {
        await using var raw = await RawHttp.ConnectAsync(_gateway);
        await raw.SendAsync($"PUT {path} HTTP/1.1\r\nHost: x\r\n{field}Content-Length: 1000000000\r\nExpect: 100-continue\r\n\r\n");
        Assert.Equal(expected, (await raw.ReceiveAsync()).Status);
    }
}
