using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Gateway.Tests.Files;

/// <summary>Names: what is put under a path is the resource that the path's hash names.</summary>
public sealed class FileTests : IClassFixture<SharedGateway>
{
    private readonly TestGateway _gateway;

    public FileTests(SharedGateway shared) => _gateway = shared.Gateway;

    [Fact]
    public async Task A_file_is_the_resource_that_the_hash_of_its_name_is()
    {
        var bytes = TestGateway.Bytes(300_000);
        var created = await _gateway.PutAsync("/files/images/disk.iso", bytes);
        Assert.Equal(201, created.Status);
        Assert.Equal("/files/images/disk.iso", created["Location"]);
        var id = 0xc5b75f5d19787ad8.ToString(CultureInfo.InvariantCulture);
        var summary = created.Json;
        Assert.Equal(id, summary.GetProperty("id").GetString());
        Assert.Equal("images/disk.iso", summary.GetProperty("path").GetString());
        Assert.Equal("disk.iso", summary.GetProperty("fileName").GetString());
        Assert.Equal("application/x-iso9660-image", summary.GetProperty("contentType").GetString());
        foreach (var path in (string[])["/files/images/disk.iso", $"/resources/{id}", $"/{id}"])
        {
            var read = await _gateway.GetAsync(path);
            Assert.Equal((200, created.ETag, "bytes"), (read.Status, read.ETag, read["Accept-Ranges"]));
            Assert.Equal(bytes, read.Body);
            Assert.Equal((206, 10), await StatusAndLengthAsync(path, ("Range", "bytes=5-14")));
            Assert.Equal(304, (await _gateway.GetAsync(path, ("If-None-Match", created.ETag))).Status);
            var head = await _gateway.SendAsync("HEAD", path, null);
            Assert.Equal((200, "300000"), (head.Status, head["Content-Length"]));
        }

        Assert.Equal(412, (await _gateway.PutAsync("/files/images/disk.iso", [1], ("If-None-Match", "*"))).Status);
        Assert.Equal(200, (await _gateway.PutAsync("/files/images/disk.iso", [1, 2], ("If-Match", created.ETag))).Status);

        // By its id it keeps its name.
        var byId = await _gateway.PutAsync($"/resources/{id}", [1, 2, 3]);
        Assert.Equal("images/disk.iso", byId.Json.GetProperty("path").GetString());
        Assert.Equal([1, 2, 3], (await _gateway.GetAsync("/files/images/disk.iso")).Body);
        Assert.Equal(204, (await _gateway.SendAsync("DELETE", "/files/images/disk.iso", null)).Status);
        Assert.Equal(410, (await _gateway.GetAsync("/files/images/disk.iso")).Status);
        Assert.Equal(410, (await _gateway.GetAsync($"/resources/{id}")).Status);
        Assert.Equal(404, (await _gateway.SendAsync("DELETE", "/files/images/disk.iso", null)).Status);
        Assert.Equal(201, (await _gateway.PutAsync("/files/images/disk.iso", [4])).Status);
    }

    [Fact]
    public async Task What_has_the_id_and_not_the_name_is_not_the_file()
    {
        var id = IdOf("nobody/named.txt");
        await _gateway.PutAsync($"/resources/{id}", [1]);
        var read = await _gateway.GetAsync("/files/nobody/named.txt");
        Assert.Equal((404, "not-found"), (read.Status, read.Problem));
        Assert.Contains($"resource {id}", read.Text, StringComparison.Ordinal);
        Assert.Equal(404, (await _gateway.SendAsync("DELETE", "/files/nobody/named.txt", null)).Status);
        Assert.Equal(200, (await _gateway.GetAsync($"/resources/{id}")).Status);
        Assert.Equal(200, (await _gateway.PutAsync("/files/nobody/named.txt", [1])).Status);
        Assert.Equal(200, (await _gateway.GetAsync("/files/nobody/named.txt")).Status);
    }

    [Theory]
    [InlineData("/files/a//b")]
    [InlineData("/files//b")]
    [InlineData("/files/a%2Fb")]
    [InlineData("/files/a%5Cb")]
    [InlineData("/files/a%01b")]
    [InlineData("/files/%FF")]
    [InlineData("/files/%4")]
    [InlineData("/files/x/.%2e/y")]
    [InlineData("/files/folder/")]
    [InlineData("/files/")]
    public async Task What_can_be_no_name_is_refused_before_its_body(string target)
    {
        await using var raw = await RawHttp.ConnectAsync(_gateway);
        await raw.SendAsync($"PUT {target} HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n");
        var answer = await raw.ReceiveAsync();
        Assert.Equal(400, answer.Status);
        Assert.Contains("/problems/invalid-path", Encoding.UTF8.GetString(answer.Body), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Names_of_other_systems_are_the_same_names()
    {
        Assert.Equal(201, (await _gateway.PutAsync("/files/Cafe%CC%81/100%25%20%2B%3F%23.txt", [1])).Status);
        var read = await _gateway.GetAsync("/files/Caf%C3%A9/100%25%20%2B%3F%23.txt");
        Assert.Equal((200, "text/plain"), (read.Status, read["Content-Type"]));
        var longest = string.Concat(Enumerable.Repeat(new string('x', 255) + '/', 3)) + new string('y', 256);
        Assert.Equal(400, (await _gateway.PutAsync($"/files/{longest}", [1])).Status);
        Assert.Equal(201, (await _gateway.PutAsync($"/files/{longest[..^1]}", [1])).Status);
    }

    [Fact]
    public async Task A_name_in_place_of_an_id_is_told_where_names_are()
    {
        var answer = await _gateway.PutAsync("/resources/notes.md", [1]);
        Assert.Equal((400, "invalid-resource-id"), (answer.Status, answer.Problem));
        Assert.Contains("curl -T FILE .../files/", answer.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_upload_in_several_requests_gets_its_name()
    {
        var created = await _gateway.PutAsync(
            "/files/parts/whole.bin", [1, 2, 3], ("Upload-Complete", "?0"), ("Upload-Length", "6"));
        Assert.Equal(201, created.Status);
        var upload = created["Location"]!;
        Assert.StartsWith("/uploads/", upload, StringComparison.Ordinal);
        Assert.Equal(404, (await _gateway.GetAsync("/files/parts/whole.bin")).Status);
        var done = await _gateway.SendAsync(
            "PATCH", upload, [4, 5, 6], ("Content-Type", "application/partial-upload"), ("Upload-Offset", "3"), ("Upload-Complete", "?1"));
        Assert.Equal((201, "/files/parts/whole.bin"), (done.Status, done["Location"]));
        Assert.Equal([1, 2, 3, 4, 5, 6], (await _gateway.GetAsync("/files/parts/whole.bin")).Body);
    }

    [Fact]
    public async Task A_copy_has_the_same_bytes_and_a_move_leaves_nothing()
    {
        var bytes = TestGateway.Bytes(200_000);
        var first = await _gateway.PutAsync("/files/from/a.bin", bytes);
        var blobs = Directory.GetFiles(Path.Combine(_gateway.Folder, "data", "blobs")).Length;
        var copy = await _gateway.SendAsync("POST", "/files/from/a.bin?copyTo=to/%C3%A9.bin", null);
        Assert.Equal((201, "/files/to/%C3%A9.bin"), (copy.Status, copy["Location"]));
        Assert.Equal(bytes, (await _gateway.GetAsync("/files/to/%C3%A9.bin")).Body);
        Assert.NotEqual(first.ETag, copy.ETag);
        Assert.Equal(blobs, Directory.GetFiles(Path.Combine(_gateway.Folder, "data", "blobs")).Length);

        var moved = await _gateway.SendAsync("POST", "/files/from/a.bin?moveTo=elsewhere/", null);
        Assert.Equal((201, "/files/elsewhere/a.bin"), (moved.Status, moved["Location"]));
        Assert.Equal(410, (await _gateway.GetAsync("/files/from/a.bin")).Status);
        Assert.Equal(bytes, (await _gateway.GetAsync("/files/elsewhere/a.bin")).Body);
        Assert.Equal(204, (await _gateway.SendAsync("DELETE", "/files/to/%C3%A9.bin", null)).Status);
        Assert.Equal(bytes, (await _gateway.GetAsync("/files/elsewhere/a.bin")).Body);

        await _gateway.PutAsync("/files/there.txt", Encoding.UTF8.GetBytes("small"));
        var refused = await _gateway.SendAsync("POST", "/files/elsewhere/a.bin?moveTo=there.txt", null, ("If-None-Match", "*"));
        Assert.Equal((412, "precondition-failed"), (refused.Status, refused.Problem));
        Assert.Equal("small", (await _gateway.GetAsync("/files/there.txt")).Text);
        var replaced = await _gateway.SendAsync("POST", "/files/there.txt?moveTo=elsewhere/a.bin", null);
        Assert.Equal(200, replaced.Status);
        Assert.Equal("small", (await _gateway.GetAsync("/files/elsewhere/a.bin")).Text);
        Assert.Equal(404, (await _gateway.SendAsync("POST", "/files/no/such?copyTo=x", null)).Status);
        Assert.Equal(400, (await _gateway.SendAsync("POST", "/files/elsewhere/a.bin?copyTo=../x", null)).Status);
        Assert.Equal(400, (await _gateway.SendAsync("POST", "/files/elsewhere/a.bin?copyTo=elsewhere/a.bin", null)).Status);
        Assert.Equal(400, (await _gateway.SendAsync("POST", "/files/elsewhere/a.bin?copyTo=x&moveTo=y", null)).Status);
        Assert.Equal(400, (await _gateway.SendAsync("POST", "/files/elsewhere/a.bin", [1])).Status);
    }

    private static string IdOf(string path) => System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(
        SHA256.HashData(Encoding.UTF8.GetBytes(path))).ToString(CultureInfo.InvariantCulture);

    private async Task<(int Status, int Length)> StatusAndLengthAsync(string path, params (string Name, string Value)[] headers)
    {
        var answer = await _gateway.GetAsync(path, headers);
        return (answer.Status, answer.Body.Length);
    }
}
