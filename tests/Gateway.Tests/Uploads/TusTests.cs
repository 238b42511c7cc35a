using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Gateway.Tests.Uploads;

/// <summary>tus 1.0, as its clients speak it.</summary>
public sealed class TusTests : IClassFixture<SharedGateway>
{
    private static readonly (string Name, string Value) Tus = ("Tus-Resumable", "1.0.0");
    private static readonly (string Name, string Value) Part = ("Content-Type", "application/offset+octet-stream");
    private readonly TestGateway _gateway;

    public TusTests(SharedGateway shared) => _gateway = shared.Gateway;

    [Fact]
    public async Task Options_tell_what_is_spoken()
    {
        foreach (var path in (string[])["/files/", "/files/tus/", "/resources", "/uploads/x"])
        {
            var answer = await _gateway.SendAsync("OPTIONS", path, null);
            Assert.Equal((204, "1.0.0", "1.0.0"), (answer.Status, answer["Tus-Resumable"], answer["Tus-Version"]));
            Assert.Contains("creation,", answer["Tus-Extension"], StringComparison.Ordinal);
            Assert.Contains("termination", answer["Tus-Extension"], StringComparison.Ordinal);
            Assert.Contains("sha1", answer["Tus-Checksum-Algorithm"], StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task An_upload_in_parts_becomes_the_file_that_its_metadata_name()
    {
        var bytes = TestGateway.Bytes(300_000);
        var metadata = Metadata(("filename", "b\u00e9 1.txt"), ("filetype", "text/x-log"));
        var upload = await CreateAsync("/files/tus/", bytes.Length, ("Upload-Metadata", metadata));
        for (var offset = 0; offset < bytes.Length; offset += 100_000)
        {
            var head = await HeadAsync(upload);
            Assert.Equal((204, Text(offset), "300000"), (head.Status, head["Upload-Offset"], head["Upload-Length"]));
            Assert.Equal(("1.0.0", metadata, "no-store"), (head["Tus-Resumable"], head["Upload-Metadata"], head["Cache-Control"]));
            var answer = await PatchAsync(upload, offset, bytes[offset..(offset + 100_000)]);
            Assert.Equal((204, Text(offset + 100_000)), (answer.Status, answer["Upload-Offset"]));
            Assert.True(DateTimeOffset.Parse(answer["Upload-Expires"]!, CultureInfo.InvariantCulture) > DateTimeOffset.UtcNow);
        }

        Assert.Equal("300000", (await HeadAsync(upload))["Upload-Offset"]);
        var read = await _gateway.GetAsync("/files/tus/b%C3%A9%201.txt");
        Assert.Equal((200, "text/x-log"), (read.Status, read["Content-Type"]));
        Assert.Equal(bytes, read.Body);
    }

    [Fact]
    public async Task A_part_at_another_offset_or_with_another_checksum_changes_nothing()
    {
        var upload = await CreateAsync("/files/tus/sum.bin", 6);
        Assert.Equal(409, (await PatchAsync(upload, 1, [1])).Status);
        var right = Convert.ToBase64String(SHA256.HashData((byte[])[1, 2, 3]));
        var wrong = await PatchAsync(upload, 0, [3, 2, 1], ("Upload-Checksum", $"sha256 {right}"));
        Assert.Equal((460, "checksum-mismatch", "0"), (wrong.Status, wrong.Problem, wrong["Upload-Offset"]));
        Assert.Equal(400, (await PatchAsync(upload, 0, [1, 2, 3], ("Upload-Checksum", "crc32 AAAA"))).Status);
        Assert.Equal(204, (await PatchAsync(upload, 0, [1, 2, 3], ("Upload-Checksum", $"sha256 {right}"))).Status);
        Assert.Equal(415, (await _gateway.SendAsync("PATCH", upload, [4], Tus, ("Upload-Offset", "3"))).Status);
        Assert.Equal(400, (await PatchAsync(upload, 3, [4, 5, 6, 7])).Status);
        Assert.Equal(204, (await PatchAsync(upload, 3, [4, 5, 6])).Status);
        Assert.Equal([1, 2, 3, 4, 5, 6], (await _gateway.GetAsync("/files/tus/sum.bin")).Body);
    }

    [Fact]
    public async Task Bytes_may_come_with_the_creation_and_the_length_later()
    {
        var whole = await SendAsync(
            "POST", "/files/tus/", [1, 2], Part, ("Upload-Length", "2"), ("Upload-Metadata", Metadata(("name", "w"))));
        Assert.Equal((201, "2"), (whole.Status, whole["Upload-Offset"]));
        Assert.StartsWith("/uploads/", whole["Location"], StringComparison.Ordinal);
        Assert.Equal([1, 2], (await _gateway.GetAsync("/files/tus/w")).Body);

        var later = await SendAsync("POST", "/files/tus/later", null, ("Upload-Defer-Length", "1"));
        Assert.Equal(201, later.Status);
        Assert.Equal("1", (await HeadAsync(later["Location"]!))["Upload-Defer-Length"]);
        Assert.Equal(204, (await PatchAsync(later["Location"]!, 0, [1])).Status);
        Assert.Equal(204, (await PatchAsync(later["Location"]!, 1, [2], ("Upload-Length", "2"))).Status);
        Assert.Equal([1, 2], (await _gateway.GetAsync("/files/tus/later")).Body);

        var empty = await SendAsync("POST", "/files/tus/empty", null, ("Upload-Length", "0"));
        Assert.Equal(201, empty.Status);
        Assert.Empty((await _gateway.GetAsync("/files/tus/empty")).Body);
    }

    [Fact]
    public async Task Without_a_name_the_id_is_that_of_the_bytes()
    {
        var upload = await CreateAsync("/resources", 5, ("Upload-Metadata", Metadata(("filename", "hello.txt"))));
        Assert.Equal(204, (await PatchAsync(upload, 0, Encoding.ASCII.GetBytes("hello"))).Status);
        var read = await _gateway.GetAsync("/resources/3238736544897475342");
        Assert.Equal("hello", read.Text);
        Assert.Contains("hello.txt", read["Content-Disposition"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_there_is_not_replaced_when_the_client_says_so()
    {
        await _gateway.PutAsync("/files/tus/kept", [1]);
        Assert.Equal(412, (await SendAsync("POST", "/files/tus/kept", null, ("Upload-Length", "1"), ("If-None-Match", "*"))).Status);
        var upload = await SendAsync("POST", "/files/tus/new", null, ("Upload-Length", "1"), ("If-None-Match", "*"));
        await _gateway.PutAsync("/files/tus/new", [1]);
        Assert.Equal(409, (await PatchAsync(upload["Location"]!, 0, [2])).Status);
        Assert.Equal([1], (await _gateway.GetAsync("/files/tus/new")).Body);
    }

    [Fact]
    public async Task An_upload_that_is_ended_is_gone_and_what_is_wrong_makes_none()
    {
        var upload = await CreateAsync("/files/tus/ended", 5);
        Assert.Equal(204, (await SendAsync("DELETE", upload, null)).Status);
        Assert.Equal(404, (await HeadAsync(upload)).Status);
        Assert.Equal(404, (await PatchAsync(upload, 0, [1])).Status);
        var version = await _gateway.SendAsync("POST", "/files/", null, ("Tus-Resumable", "0.2.2"), ("Upload-Length", "1"));
        Assert.Equal((412, "1.0.0"), (version.Status, version["Tus-Version"]));
        Assert.Equal(400, (await SendAsync("POST", "/files/", null, ("Upload-Length", "1"))).Status);
        Assert.Equal(400, (await SendAsync("POST", "/files/x", null)).Status);
        Assert.Equal(400, (await SendAsync("POST", "/files/x", null, ("Upload-Length", "-1"))).Status);
        Assert.Equal(400, (await SendAsync("POST", "/files/x", null, ("Upload-Length", "1"), ("Upload-Metadata", "a !"))).Status);
        Assert.Equal(400, (await SendAsync(
            "POST", "/files/", null, ("Upload-Length", "1"), ("Upload-Metadata", Metadata(("filename", "../x"))))).Status);
        Assert.Equal(415, (await SendAsync("POST", "/files/x", [1], ("Content-Type", "text/plain"), ("Upload-Length", "1"))).Status);
        Assert.Equal(404, (await _gateway.GetAsync("/files/x")).Status);
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Metadata(params (string Key, string Value)[] pairs) =>
        string.Join(',', pairs.Select(pair => $"{pair.Key} {Convert.ToBase64String(Encoding.UTF8.GetBytes(pair.Value))}"));

    private async Task<string> CreateAsync(string path, int length, params (string Name, string Value)[] headers)
    {
        var answer = await SendAsync("POST", path, null, [("Upload-Length", Text(length)), .. headers]);
        Assert.Equal((201, "1.0.0"), (answer.Status, answer["Tus-Resumable"]));
        return answer["Location"]!;
    }

    private Task<Answer> HeadAsync(string upload) => SendAsync("HEAD", upload, null);

    private Task<Answer> PatchAsync(string upload, int offset, byte[] bytes, params (string Name, string Value)[] headers) =>
        SendAsync("PATCH", upload, bytes, [Part, ("Upload-Offset", Text(offset)), .. headers]);

    private Task<Answer> SendAsync(string method, string path, byte[]? bytes, params (string Name, string Value)[] headers) =>
        _gateway.SendAsync(method, path, bytes, [Tus, .. headers]);
}
