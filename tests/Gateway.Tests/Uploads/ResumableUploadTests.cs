using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Gateway.Http;

namespace Gateway.Tests.Uploads;

/// <summary>Uploads in several requests (draft-ietf-httpbis-resumable-upload).</summary>
public sealed class ResumableUploadTests : IClassFixture<SharedGateway>
{
    private static readonly (string,
        string) Part = ("Content-Type", "application/partial-upload"), More = ("Upload-Complete", "?0"), Rest = ("Upload-Complete", "?1");
    private readonly TestGateway _gateway;

    public ResumableUploadTests(SharedGateway shared) => _gateway = shared.Gateway;

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 1)]
    [InlineData(3_000_001, 1)]
    [InlineData(3_000_001, 7)]
    [InlineData(2_097_152, 4)]
    public async Task What_comes_in_parts_is_what_a_put_would_have_stored(int length, int parts)
    {
        var bytes = TestGateway.Bytes(length);
        var path = TestGateway.NewPath();
        var created = await _gateway.PutAsync(
            path, [], More, ("Upload-Length", Text(length)), ("Content-Type", "text/plain"),
            ("Content-Disposition", "attachment; filename=\"a.txt\""));
        Assert.Equal(201, created.Status);
        Assert.Equal("0", created["Upload-Offset"]);
        Assert.Equal(length == 0 ? "?1" : "?0", created["Upload-Complete"]);
        Assert.Equal("max-age=86400", created["Upload-Limit"]);
        var upload = created["Location"]!;
        Assert.StartsWith("/uploads/", upload, StringComparison.Ordinal);
        Assert.Equal(length == 0 ? 200 : 404, (await _gateway.GetAsync(path)).Status);

        Answer answer = created;
        for (var i = 0; i < parts; i++)
        {
            var (from, to) = ((int)((long)length * i / parts), (int)((long)length * (i + 1) / parts));
            answer = await _gateway.SendAsync(
                "PATCH", upload, bytes[from..to], Part, i == parts - 1 ? Rest : More, ("Upload-Offset", Text(from)));
            Assert.Equal(length == 0 ? 200 : i == parts - 1 ? 201 : 204, answer.Status);
            Assert.Equal(Text(to), answer["Upload-Offset"]);
            var head = await _gateway.SendAsync("HEAD", upload, null);
            Assert.Equal(204, head.Status);
            Assert.Equal(Text(to), head["Upload-Offset"]);
            Assert.Equal(i == parts - 1 ? "?1" : "?0", head["Upload-Complete"]);
            Assert.Equal(Text(length), head["Upload-Length"]);
            Assert.Equal("no-store", head["Cache-Control"]);
        }

        Assert.Equal("?1", answer["Upload-Complete"]);
        Assert.Equal(path, answer["Location"]);
        var read = await _gateway.GetAsync(path);
        Assert.Equal(bytes, read.Body);
        Assert.Equal(answer.ETag, read.ETag);
        Assert.Equal("text/plain", read["Content-Type"]);
        Assert.Contains("a.txt", read["Content-Disposition"], StringComparison.Ordinal);
        Assert.Equal(answer["Repr-Digest"], read["Repr-Digest"]);
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(bytes)), answer.Json.GetProperty("sha256").GetString());

        var shown = (await _gateway.GetAsync(upload)).Json;
        Assert.True(shown.GetProperty("complete").GetBoolean());
        Assert.Equal(path.Split('/')[^1], shown.GetProperty("resource").GetString());
    }

    [Fact]
    public async Task A_post_takes_the_id_from_the_whole_and_may_begin_with_bytes()
    {
        var bytes = TestGateway.Bytes(100_000);
        var created = await _gateway.SendAsync("POST", "/resources", bytes[..40_000], More);
        Assert.Equal(201, created.Status);
        Assert.Equal("40000", created["Upload-Offset"]);
        Assert.Null(created["Upload-Length"]);
        var done = await _gateway.SendAsync("PATCH", created["Location"]!, bytes[40_000..], Part, Rest, ("Upload-Offset", "40000"));
        Assert.Equal(201, done.Status);
        var id = System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(SHA256.HashData(bytes));
        Assert.Equal($"/resources/{id}", done["Location"]);
        Assert.Equal(bytes, (await _gateway.GetAsync(done["Location"]!)).Body);
    }

    [Fact]
    public async Task A_complete_upload_in_one_request_is_a_plain_one()
    {
        var path = TestGateway.NewPath();
        var answer = await _gateway.PutAsync(path, [1, 2, 3], Rest, Part);
        Assert.Equal(201, answer.Status);
        Assert.Equal(("?1", "3"), (answer["Upload-Complete"], answer["Upload-Offset"]));

        // The media type of parts is not that of the whole.
        Assert.Equal("application/octet-stream", (await _gateway.GetAsync(path))["Content-Type"]);
        Assert.Equal(path, answer["Location"]);
        var wrong = await _gateway.PutAsync(path, [1, 2, 3], Rest, ("Upload-Length", "4"));
        Assert.Equal((400, "http-problem-types#inconsistent-upload-length"), (wrong.Status, wrong.Problem));
    }

    [Fact]
    public async Task The_offset_must_be_that_of_the_upload()
    {
        var upload = await CreateAsync();
        Assert.Equal(204, (await AppendAsync(upload, 0, [1, 2, 3])).Status);
        foreach (var offset in (long[])[0, 2, 4, StructuredFields.IntegerMax])
        {
            var answer = await AppendAsync(upload, offset, [9]);
            Assert.Equal((409, "http-problem-types#mismatching-upload-offset"), (answer.Status, answer.Problem));
            Assert.Equal(
                "https://iana.org/assignments/http-problem-types#mismatching-upload-offset", answer.Json.GetProperty("type").GetString());
            Assert.Equal(3, answer.Json.GetProperty("expected-offset").GetInt64());
            Assert.Equal(offset, answer.Json.GetProperty("provided-offset").GetInt64());
            Assert.Equal("3", answer["Upload-Offset"]);
        }
    }

    [Theory]
    [InlineData("text/plain", "0", "?0", 415)]
    [InlineData(null, "0", "?0", 415)]
    [InlineData("application/partial-upload", null, "?0", 400)]
    [InlineData("application/partial-upload", "0", null, 400)]
    [InlineData("application/partial-upload", "-1", "?0", 400)]
    [InlineData("application/partial-upload", "0x1", "?0", 400)]
    [InlineData("application/partial-upload", "0", "1", 400)]
    [InlineData("application/partial-upload", "0", "?2", 400)]
    [InlineData("application/partial-upload; x=y", "0", "?0", 204)]
    public async Task An_append_that_is_wrong_is_refused_and_changes_nothing(string? type, string? offset, string? complete, int status)
    {
        var upload = await CreateAsync();
        List<(string, string)> headers = [];
        Add("Content-Type", type);
        Add("Upload-Offset", offset);
        Add("Upload-Complete", complete);
        var answer = await _gateway.SendAsync("PATCH", upload, [1], [.. headers]);
        Assert.Equal(status, answer.Status);
        Assert.Equal(status == 415 ? "application/partial-upload" : null, answer["Accept-Patch"]);
        Assert.Equal(status == 204 ? "1" : "0", (await _gateway.SendAsync("HEAD", upload, null))["Upload-Offset"]);

        void Add(string name, string? value)
        {
            if (value is not null)
            {
                headers.Add((name, value));
            }
        }
    }

    [Fact]
    public async Task A_length_once_said_stays()
    {
        var upload = await CreateAsync(("Upload-Length", "10"));
        Assert.Equal("http-problem-types#inconsistent-upload-length", (await AppendAsync(upload, 0, [1], ("Upload-Length", "11"))).Problem);
        Assert.Equal("http-problem-types#inconsistent-upload-length", (await AppendAsync(upload, 0, new byte[11])).Problem);
        Assert.Equal("http-problem-types#inconsistent-upload-length", (await FinishAsync(upload, 0, new byte[9])).Problem);
        Assert.Equal("0", (await _gateway.SendAsync("HEAD", upload, null))["Upload-Offset"]);
        Assert.Equal(204, (await AppendAsync(upload, 0, new byte[9])).Status);
        Assert.Equal(201, (await FinishAsync(upload, 9, new byte[1])).Status);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task The_part_that_reaches_the_length_is_the_last_one_whatever_it_says(int parts)
    {
        var bytes = TestGateway.Bytes(30_000);
        var path = TestGateway.NewPath();
        var upload = (await _gateway.PutAsync(path, [], More, ("Upload-Length", "30000")))["Location"]!;
        Answer answer = null!;
        for (var i = 0; i < parts; i++)
        {
            answer = await AppendAsync(upload, 30_000 * i / parts, bytes[(30_000 * i / parts)..(30_000 * (i + 1) / parts)]);
        }

        Assert.Equal((201, "?1", "30000", path), (answer.Status, answer["Upload-Complete"], answer["Upload-Offset"], answer["Location"]));
        Assert.Equal(bytes, (await _gateway.GetAsync(path)).Body);

        // Who goes by the letter then says that this was all, and is told the same.
        var said = await FinishAsync(upload, 30_000, []);
        Assert.Equal((200, answer.ETag, "?1"), (said.Status, said.ETag, said["Upload-Complete"]));
        Assert.Equal(path, said["Location"]);
        Assert.Equal("http-problem-types#completed-upload", (await FinishAsync(upload, 30_000, [1])).Problem);
        Assert.Equal("http-problem-types#completed-upload", (await AppendAsync(upload, 30_000, [])).Problem);
    }

    [Fact]
    public async Task What_came_whole_in_a_request_that_broke_is_complete_when_somebody_asks()
    {
        var path = TestGateway.NewPath();
        var upload = (await _gateway.PutAsync(path, [], More, ("Upload-Length", "3")))["Location"]!;
        Answer head;
        do
        {
            await using var raw = await RawHttp.ConnectAsync(_gateway);
            await raw.SendAsync(
                $"PATCH {upload} HTTP/1.1\r\nHost: x\r\nContent-Type: application/partial-upload\r\nUpload-Offset: 0\r\nUpload-Complete: "
                + "?1\r\n"
                + "Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n");
            Assert.Equal(100, (await raw.ReceiveAsync()).Status);
            await raw.SendAsync("3\r\nabc\r\n");

            // Whoever asks ends the request before, whose bytes may still be on their way: then it is sent once more.
            head = await _gateway.SendAsync("HEAD", upload, null);
        }
        while (head["Upload-Offset"] == "0");

        Assert.Equal((204, "3", "?1"), (head.Status, head["Upload-Offset"], head["Upload-Complete"]));
        Assert.Equal("abc", (await _gateway.GetAsync(path)).Text);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    public async Task What_is_whole_at_the_beginning_is_complete(int length)
    {
        var path = TestGateway.NewPath();
        var created = await _gateway.PutAsync(path, TestGateway.Bytes(length), More, ("Upload-Length", Text(length)));
        Assert.Equal((201, "?1", Text(length)), (created.Status, created["Upload-Complete"], created["Upload-Offset"]));
        Assert.StartsWith("/uploads/", created["Location"], StringComparison.Ordinal);
        Assert.Equal(path.Split('/')[^1], created.Json.GetProperty("id").GetString());
        Assert.Equal(length, created.Json.GetProperty("length").GetInt32());
        Assert.Equal(TestGateway.Bytes(length), (await _gateway.GetAsync(path)).Body);
        Assert.Equal("?1", (await _gateway.SendAsync("HEAD", created["Location"]!, null))["Upload-Complete"]);
        var wrong = await _gateway.PutAsync(
            TestGateway.NewPath(), TestGateway.Bytes(length), More, ("Upload-Length", Text(length)), ("Repr-Digest", Digest([9])));
        Assert.Equal((400, "digest-mismatch"), (wrong.Status, wrong.Problem));
    }

    [Theory]
    [InlineData("Repr-Digest", "sha-512=:{0}:", "SHA512")]
    [InlineData("Repr-Digest", "md5=:{0}:", "MD5")]
    [InlineData("Digest", "SHA={0}", "SHA1")]
    [InlineData("Digest", "SHA-256={0}", "SHA256")]
    public async Task Any_digest_of_the_whole_is_checked_at_the_end_whenever_it_was_said(string field, string form, string hash)
    {
        var bytes = TestGateway.Bytes(2_500_000);
        (string, string) Of(byte[] said) => (field, string.Format(
            CultureInfo.InvariantCulture, form,
            Convert.ToBase64String(CryptographicOperations.HashData(new HashAlgorithmName(hash), said))));

        foreach (var isSaidFirst in (bool[])[true, false])
        {
            foreach (var isRight in (bool[])[false, true])
            {
                var said = Of(isRight ? bytes : bytes[1..]);
                var path = TestGateway.NewPath();
                var upload = (await _gateway.PutAsync(path, bytes[..1000], isSaidFirst ? [More, said] : [More]))["Location"]!;
                Assert.Equal(204, (await AppendAsync(upload, 1000, bytes[1000..1_100_000])).Status);
                var answer = await FinishAsync(upload, 1_100_000, bytes[1_100_000..], isSaidFirst ? [] : [said]);
                Assert.Equal(isRight ? 201 : 400, answer.Status);
                Assert.Equal(isRight ? 200 : 404, (await _gateway.GetAsync(path)).Status);
                if (!isRight)
                {
                    Assert.Equal("digest-mismatch", answer.Problem);
                    Assert.Equal(404, (await _gateway.SendAsync("HEAD", upload, null)).Status);
                }
            }
        }
    }

    [Fact]
    public async Task Digests_of_a_part_are_checked_by_any_hash()
    {
        var upload = await CreateAsync();
        var other = Convert.ToBase64String(CryptographicOperations.HashData(HashAlgorithmName.MD5, [9]));
        Assert.Equal("digest-mismatch", (await AppendAsync(upload, 0, [1], ("Content-MD5", other))).Problem);
        Assert.Equal("digest-mismatch", (await AppendAsync(upload, 0, [1], ("Content-Digest", $"md5=:{other}:"))).Problem);
        Assert.Equal("invalid-digest", (await AppendAsync(upload, 0, [1], ("Content-Digest", "crc32c=:AAAA:"))).Problem);
        Assert.Equal("0", (await _gateway.SendAsync("HEAD", upload, null))["Upload-Offset"]);
        Assert.Equal(204, (await AppendAsync(upload, 0, [9], ("Content-MD5", other))).Status);
    }

    [Fact]
    public async Task The_conditions_of_a_post_are_about_what_it_turns_out_to_be()
    {
        var bytes = TestGateway.Bytes(3333);
        Assert.Equal(412, (await PostInPartsAsync(("If-Match", "*"))).Status);
        Assert.Equal(201, (await PostInPartsAsync(("If-None-Match", "*"))).Status);
        Assert.Equal(412, (await PostInPartsAsync(("If-None-Match", "*"))).Status);

        async Task<Answer> PostInPartsAsync((string, string) condition)
        {
            var upload = (await _gateway.SendAsync("POST", "/resources", bytes[..10], More, condition))["Location"]!;
            return await FinishAsync(upload, 10, bytes[10..]);
        }
    }

    [Fact]
    public async Task The_limit_that_is_told_is_the_one_in_force()
    {
        await using var gateway = await TestGateway.StartAsync();
        var path = Path.Combine(gateway.Folder, "appsettings.json");
        var settings = JsonNode.Parse(await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken))!;
        (settings["Gateway:PendingUploadSeconds"], settings["Gateway:MaxBodyBytes"]) = ("7s", "99");
        await File.WriteAllTextAsync(path, settings.ToJsonString(), TestContext.Current.CancellationToken);
        var clock = System.Diagnostics.Stopwatch.StartNew();
        string limit;
        while (!(limit = (await gateway.SendAsync("OPTIONS", "/resources", null))["Upload-Limit"]!)
            .Contains("max-size", StringComparison.Ordinal))
        {
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(60), "the settings were never read again");
            await Task.Delay(TimeSpan.FromMilliseconds(100), TestContext.Current.CancellationToken);
        }

        // The lifetime takes effect at the next start.
        Assert.Equal("max-size=99, max-age=86400", limit);
        Assert.Equal("max-size=99, max-age=86400", (await gateway.PutAsync("/resources/1", [], More))["Upload-Limit"]);
    }

    [Fact]
    public async Task A_length_may_be_said_later()
    {
        var upload = await CreateAsync();
        Assert.Equal("10", (await AppendAsync(upload, 0, [1], ("Upload-Length", "10")))["Upload-Length"]);
        Assert.Equal(400, (await AppendAsync(upload, 1, new byte[10])).Status);
        Assert.Equal(201, (await FinishAsync(upload, 1, new byte[9])).Status);
    }

    [Fact]
    public async Task A_complete_upload_takes_no_more()
    {
        var upload = await CreateAsync();
        Assert.Equal(201, (await FinishAsync(upload, 0, [1])).Status);
        var answer = await FinishAsync(upload, 1, [2]);
        Assert.Equal((400, "http-problem-types#completed-upload"), (answer.Status, answer.Problem));
        Assert.Equal("?1", answer["Upload-Complete"]);
    }

    [Fact]
    public async Task The_digest_of_the_whole_is_checked_at_the_end()
    {
        var path = TestGateway.NewPath();
        var bytes = TestGateway.Bytes(5000);
        foreach (var (said, status) in ((byte[], int)[])[([1], 400), (bytes, 201)])
        {
            var upload = (await _gateway.PutAsync(path, [], More, ("Repr-Digest", Digest(said))))["Location"]!;
            Assert.Equal(204, (await AppendAsync(upload, 0, bytes[..1000])).Status);
            var answer = await FinishAsync(upload, 1000, bytes[1000..]);
            Assert.Equal(status, answer.Status);
            Assert.Equal(status == 400 ? 404 : 200, (await _gateway.GetAsync(path)).Status);
            Assert.Equal(status == 400 ? 404 : 204, (await _gateway.SendAsync("HEAD", upload, null)).Status);
        }
    }

    [Fact]
    public async Task A_part_that_has_another_digest_than_announced_is_not_kept()
    {
        var bytes = TestGateway.Bytes(3_000_000);
        var upload = await CreateAsync();
        Assert.Equal(204, (await AppendAsync(upload, 0, bytes[..1_500_000], ("Content-Digest", Digest(bytes[..1_500_000])))).Status);
        var wrong = await AppendAsync(upload, 1_500_000, bytes[1_500_000..], ("Content-Digest", Digest([1])));
        Assert.Equal((400, "digest-mismatch"), (wrong.Status, wrong.Problem));
        Assert.Equal("1500000", wrong["Upload-Offset"]);
        var done = await FinishAsync(upload, 1_500_000, bytes[1_500_000..]);
        Assert.Equal(201, done.Status);
        Assert.Equal(bytes, (await _gateway.GetAsync(done["Location"]!)).Body);
    }

    [Fact]
    public async Task Preconditions_hold_at_the_beginning_and_at_the_end()
    {
        var (path, stored) = await _gateway.StoreAsync([1]);
        Assert.Equal(412, (await _gateway.PutAsync(path, [], More, ("If-None-Match", "*"))).Status);
        var upload = (await _gateway.PutAsync(path, [], More, ("If-Match", stored.ETag)))["Location"]!;
        await _gateway.PutAsync(path, [2]);
        var lost = await FinishAsync(upload, 0, [3]);
        Assert.Equal((409, "conflict"), (lost.Status, lost.Problem));
        Assert.Equal((byte[])[2], (await _gateway.GetAsync(path)).Body);
    }

    [Fact]
    public async Task A_cancelled_upload_is_gone()
    {
        var upload = await CreateAsync();
        Assert.Equal(204, (await AppendAsync(upload, 0, [1])).Status);
        Assert.Equal(204, (await _gateway.SendAsync("DELETE", upload, null)).Status);
        Assert.Equal(404, (await _gateway.SendAsync("HEAD", upload, null)).Status);
        Assert.Equal(404, (await AppendAsync(upload, 1, [1])).Status);
        Assert.Equal(404, (await _gateway.SendAsync("DELETE", upload, null)).Status);
        Assert.DoesNotContain(
            Directory.EnumerateFiles(Path.Combine(_gateway.Folder, "data", "uploads")),
            file => file.Contains(upload.Split('/')[^1], StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_limits_are_told_before_anything_is_sent()
    {
        foreach (var path in (string[])["/resources", "/resources/1", "/uploads/x"])
        {
            var answer = await _gateway.SendAsync("OPTIONS", path, null);
            Assert.Equal(204, answer.Status);
            Assert.Equal("max-age=86400", answer["Upload-Limit"]);
            Assert.Equal(
                path == "/uploads/x" ? "application/partial-upload, application/offset+octet-stream" : null, answer["Accept-Patch"]);
        }
    }

    [Fact]
    public async Task What_arrived_before_the_connection_broke_is_kept()
    {
        var bytes = TestGateway.Bytes(2_500_000);
        var upload = await CreateAsync();
        await using (var raw = await RawHttp.ConnectAsync(_gateway))
        {
            await raw.SendAsync(
                $"PATCH {upload} HTTP/1.1\r\nHost: x\r\nContent-Type: application/partial-upload\r\nUpload-Offset: 0\r\nUpload-Complete: "
                + "?1\r\n"
                + $"Content-Length: {bytes.Length}\r\n\r\n");
            await raw.SendAsync(System.Text.Encoding.Latin1.GetString(bytes, 0, 1_700_000));
        }

        var offset = 0;
        while (offset < 1_700_000)
        {
            // The HEAD may come before the server has read all of it: then that ends the request, as it should.
            var head = await _gateway.SendAsync("HEAD", upload, null);
            Assert.Equal("?0", head["Upload-Complete"]);
            offset = int.Parse(head["Upload-Offset"]!, CultureInfo.InvariantCulture);
            Assert.InRange(offset, 0, 1_700_000);
            if (offset < 1_700_000)
            {
                Assert.Equal(204, (await AppendAsync(upload, offset, bytes[offset..1_700_000])).Status);
            }
        }

        var done = await FinishAsync(upload, offset, bytes[offset..]);
        Assert.Equal(201, done.Status);
        Assert.Equal(bytes, (await _gateway.GetAsync(done["Location"]!)).Body);
    }

    [Fact]
    public async Task A_request_that_hangs_is_ended_by_the_next()
    {
        var upload = await CreateAsync();
        await using var raw = await RawHttp.ConnectAsync(_gateway);
        await raw.SendAsync(
            $"PATCH {upload} HTTP/1.1\r\nHost: x\r\nContent-Type: application/partial-upload\r\nUpload-Offset: 0\r\nUpload-Complete: ?1\r\n"
            + "Content-Length: 1000\r\nExpect: 100-continue\r\n\r\n");
        Assert.Equal(100, (await raw.ReceiveAsync()).Status);
        Assert.Equal("0", (await _gateway.SendAsync("HEAD", upload, null))["Upload-Offset"]);
        var ended = await raw.ReceiveAsync();
        Assert.Equal(409, ended.Status);
        Assert.Equal(201, (await FinishAsync(upload, 0, new byte[1000])).Status);
    }

    [Fact]
    public async Task Checks_run_before_the_body_is_asked_for()
    {
        var upload = await CreateAsync();
        await using var raw = await RawHttp.ConnectAsync(_gateway);
        await raw.SendAsync(
            $"PATCH {upload} HTTP/1.1\r\nHost: x\r\nContent-Type: application/partial-upload\r\nUpload-Offset: 5\r\nUpload-Complete: ?1\r\n"
            + "Content-Length: 1000\r\nExpect: 100-continue\r\n\r\n");
        Assert.Equal(409, (await raw.ReceiveAsync()).Status);
    }

    [Fact]
    public async Task Limits_of_count_and_size_hold_and_what_nobody_continues_expires()
    {
        await using var gateway = await TestGateway.StartAsync(
            "Gateway:MaxPendingUploads=2", "Gateway:MaxBodyBytes=1000", "Gateway:PendingUploadSeconds=1");
        Assert.Equal(413, (await gateway.PutAsync("/resources/1", [], More, ("Upload-Length", "1001"))).Status);
        var first = await gateway.PutAsync("/resources/1", [], More);
        Assert.Equal("max-size=1000, max-age=1", first["Upload-Limit"]);
        Assert.Equal(
            413, (await gateway.SendAsync("PATCH", first["Location"]!, new byte[1001], Part, More, ("Upload-Offset", "0"))).Status);
        Assert.Equal(201, (await gateway.PutAsync("/resources/2", [], More)).Status);
        var third = await gateway.PutAsync("/resources/3", [], More);
        Assert.Equal((503, "overloaded"), (third.Status, third.Problem));
        Assert.NotNull(third["Retry-After"]);
        while ((await gateway.PutAsync("/resources/3", [], More)).Status != 201)
        {
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }

        Assert.Equal(404, (await gateway.SendAsync("HEAD", first["Location"]!, null)).Status);
    }

    [Fact]
    public async Task Uploads_need_a_key_where_writes_do()
    {
        await using var gateway = await TestGateway.StartAsync("Gateway:Keys=rain-or-shine-0123456789");
        var key = ("Authorization", "Bearer rain-or-shine-0123456789");
        Assert.Equal(401, (await gateway.PutAsync("/resources/1", [], More)).Status);
        var upload = (await gateway.PutAsync("/resources/1", [], More, key))["Location"]!;
        Assert.Equal(401, (await gateway.SendAsync("PATCH", upload, [1], Part, Rest, ("Upload-Offset", "0"))).Status);
        Assert.Equal(401, (await gateway.SendAsync("DELETE", upload, null)).Status);
        Assert.Equal(201, (await gateway.SendAsync("PATCH", upload, [1], Part, Rest, ("Upload-Offset", "0"), key)).Status);
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Digest(byte[] bytes) => $"sha-256=:{Convert.ToBase64String(SHA256.HashData(bytes))}:";

    private async Task<string> CreateAsync(params (string, string)[] headers)
    {
        var created = await _gateway.PutAsync(TestGateway.NewPath(), [], [More, .. headers]);
        Assert.Equal((int)HttpStatusCode.Created, created.Status);
        return created["Location"]!;
    }

    private Task<Answer> AppendAsync(string upload, long offset, byte[] bytes, params (string, string)[] headers) =>
        _gateway.SendAsync("PATCH", upload, bytes, [Part, More, ("Upload-Offset", Text(offset)), .. headers]);

    private Task<Answer> FinishAsync(string upload, long offset, byte[] bytes, params (string, string)[] headers) =>
        _gateway.SendAsync("PATCH", upload, bytes, [Part, Rest, ("Upload-Offset", Text(offset)), .. headers]);
}
