using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Gateway.Tests.Archive;

public sealed class ArchiveTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>On one node, which has to be forced, since that survives nothing: what is read stays the same in every respect.</summary>
    [Fact]
    public async Task What_is_archived_is_read_as_before_and_comes_back()
    {
        await using var gateway = await TestGateway.StartAsync("Rain:BlockSize=20000", "Archive:LookSeconds=1s");
        var bytes = TestGateway.Bytes(1_500_001);
        var (path, put) = await gateway.StoreAsync(bytes, ("Content-Type", "video/mp4"));
        var before = await gateway.GetAsync(path);

        var refused = await gateway.SendAsync("POST", $"{path}/archive", null);
        Assert.Equal((409, "/problems/archive-refused"), (refused.Status, refused.Json.GetProperty("type").GetString()));
        Assert.Contains("any 0", refused.Json.GetProperty("detail").GetString(), StringComparison.Ordinal);

        await EndAsync(gateway, await gateway.SendAsync(
            "POST", $"{path}/archive", Encoding.UTF8.GetBytes("""{"force":true}"""), ("Content-Type", "application/json")));

        var item = (await gateway.GetAsync("/resources")).Json.GetProperty("items").EnumerateArray().Single();
        Assert.Equal("archived", item.GetProperty("storage").GetString());
        var pieces = await CountedAsync(gateway, path);
        Assert.Equal(Enumerable.Range(0, 16), pieces.GetProperty("indexes").EnumerateArray().Select(index => index.GetInt32()));
        var node = (await gateway.GetAsync("/nodes")).Json.GetProperty("items").EnumerateArray().Single();
        Assert.Equal(node.GetProperty("id").GetString(), pieces.GetProperty("node").GetString());
        var after = await gateway.GetAsync(path);
        Assert.Equal(200, after.Status);
        Assert.Equal(bytes, after.Body);
        foreach (var name in (string[])
            ["ETag", "Last-Modified", "Repr-Digest", "Content-Type", "Content-Length", "Accept-Ranges", "Cache-Control"])
        {
            Assert.Equal(before[name], after[name]);
        }

        Assert.Contains("archived;desc=\"missing=0\"", after["Server-Timing"]!, StringComparison.Ordinal);
        var head = await gateway.SendAsync("HEAD", path, null);
        Assert.Equal((200, put["ETag"], "1500001"), (head.Status, head["ETag"], head["Content-Length"]));
        var range = await gateway.GetAsync(path, ("Range", "bytes=700000-1400000"));
        Assert.Equal(206, range.Status);
        Assert.Equal(bytes[700_000..1_400_001], range.Body);
        var suffix = await gateway.GetAsync(path, ("Range", "bytes=-5"));
        Assert.Equal(206, suffix.Status);
        Assert.Equal(bytes[^5..], suffix.Body);
        var several = await gateway.GetAsync(path, ("Range", "bytes=0-9,1000000-1000009"));
        Assert.Equal(206, several.Status);
        Assert.StartsWith("multipart/byteranges", several["Content-Type"], StringComparison.Ordinal);
        Assert.Equal(304, (await gateway.GetAsync(path, ("If-None-Match", put["ETag"]!))).Status);
        Assert.Equal(412, (await gateway.GetAsync(path, ("If-Match", "\"other\""))).Status);
        Assert.Equal(416, (await gateway.GetAsync(path, ("Range", "bytes=2000000-"))).Status);

        // The same bytes are no new version, and conditions of writes know it.
        var again = await gateway.SendAsync("PUT", path, bytes, ("Content-Type", "video/mp4"));
        Assert.Equal((200, put["ETag"]), (again.Status, again["ETag"]));
        Assert.Equal(412, (await gateway.SendAsync("PUT", path, [1], ("If-None-Match", "*"))).Status);

        await EndAsync(gateway, await gateway.SendAsync("DELETE", $"{path}/archive", null));
        item = (await gateway.GetAsync("/resources")).Json.GetProperty("items").EnumerateArray().Single();
        Assert.Equal("replicated", item.GetProperty("storage").GetString());
        var back = await gateway.GetAsync(path);
        Assert.Equal((200, put["ETag"]), (back.Status, back["ETag"]));
        Assert.Equal(bytes, back.Body);
        Assert.DoesNotContain("archived", back["Server-Timing"]!, StringComparison.Ordinal);
    }

    /// <summary>Nothing, less than a cell for each part, and a byte more or less than a block.</summary>
    [Fact]
    public async Task Whatever_its_length_it_is_read_back()
    {
        await using var gateway = await TestGateway.StartAsync("Rain:BlockSize=20000");
        var block = (await gateway.StoreAsync([1])).Answer.Json.GetProperty("blockSize").GetInt32();
        var all = new List<(string Path, byte[] Bytes, Answer Started)>();
        foreach (var length in (int[])[0, 1, 11, 12, block - 1, block, block + 1, (3 * block) + 11])
        {
            var bytes = TestGateway.Bytes(length);
            var (path, _) = await gateway.StoreAsync(bytes);
            all.Add((path, bytes, await gateway.SendAsync("POST", $"{path}/archive", """{"force":true}"""u8.ToArray())));
        }

        foreach (var (path, bytes, started) in all)
        {
            await EndAsync(gateway, started);
            var answer = await gateway.GetAsync(path);
            Assert.Equal(200, answer.Status);
            Assert.Equal(bytes, answer.Body);
            Assert.Contains("archived", answer["Server-Timing"]!, StringComparison.Ordinal);
            if (bytes.Length > 0)
            {
                Assert.Equal(bytes[^1..], (await gateway.GetAsync(path, ("Range", "bytes=-1"))).Body);
            }
        }
    }

    /// <summary>Put in parts, whose answer waits until it is so, and then encoded of them.</summary>
    [Theory]
    [InlineData(300_001)]
    [InlineData(0)]
    public async Task What_is_put_in_parts_is_read_and_archived_of_them(int length)
    {
        await using var gateway = await TestGateway.StartAsync("Rain:BlockSize=20000");
        var bytes = TestGateway.Bytes(length);
        var wrong = await gateway.SendAsync("PUT", "/resources/7?layout=cells", bytes);
        Assert.Equal((400, "/problems/invalid-parameter"), (wrong.Status, wrong.Json.GetProperty("type").GetString()));

        var put = await gateway.SendAsync("PUT", "/resources/7?layout=parts", bytes);
        Assert.Equal((201, "parts"), (put.Status, put.Json.GetProperty("storage").GetString()));
        Assert.Matches("^</archive/[0-9a-f]{16}>; rel=\"monitor\"$", put["Link"]!);
        Assert.Contains("murky_archive_pieces 22", await MetricsAsync(), StringComparison.Ordinal);
        var read = await gateway.GetAsync("/resources/7");
        Assert.Equal((200, put["ETag"]), (read.Status, read["ETag"]));
        Assert.Equal(bytes, read.Body);
        var again = await gateway.SendAsync("PUT", "/resources/7?layout=parts", bytes);
        Assert.Equal((200, "parts"), (again.Status, again.Json.GetProperty("storage").GetString()));

        await EndAsync(gateway, await gateway.SendAsync("POST", "/resources/7/archive", """{"force":true}"""u8.ToArray()));
        Assert.Contains("murky_archive_pieces 16", await MetricsAsync(), StringComparison.Ordinal);
        var item = (await gateway.GetAsync("/resources")).Json.GetProperty("items").EnumerateArray().Single();
        Assert.Equal("archived", item.GetProperty("storage").GetString());
        Assert.Equal(bytes, (await gateway.GetAsync("/resources/7")).Body);

        // In several requests it is the first that says how it is to be kept.
        var begun = await gateway.SendAsync("PUT", "/resources/8?layout=parts", [1, 2], ("Upload-Complete", "?0"));
        Assert.Equal(201, begun.Status);
        var ended = await gateway.SendAsync(
            "PATCH", begun["Location"]!, [3], ("Upload-Complete", "?1"), ("Upload-Offset", "2"),
            ("Content-Type", "application/partial-upload"));
        Assert.Equal((201, "parts"), (ended.Status, ended.Json.GetProperty("storage").GetString()));

        async Task<string> MetricsAsync() => Encoding.UTF8.GetString((await gateway.GetAsync("/metrics")).Body);
    }

    /// <summary>A new version, and a deletion, end what is archived, pieces and all.</summary>
    [Fact]
    public async Task What_is_replaced_or_deleted_leaves_no_pieces()
    {
        await using var gateway = await TestGateway.StartAsync();
        foreach (var isDeleted in (bool[])[false, true])
        {
            var (path, _) = await gateway.StoreAsync(TestGateway.Bytes(200_000));
            await EndAsync(gateway, await gateway.SendAsync("POST", $"{path}/archive", Encoding.UTF8.GetBytes("""{"force":true}""")));
            Assert.Contains("murky_archive_pieces 16", await MetricsAsync(), StringComparison.Ordinal);

            Assert.Equal(
                isDeleted ? 204 : 200, (await gateway.SendAsync(isDeleted ? "DELETE" : "PUT", path, isDeleted ? null : [1, 2])).Status);

            Assert.Equal(isDeleted ? 410 : 200, (await gateway.GetAsync(path)).Status);
            while (!(await MetricsAsync()).Contains("murky_archive_pieces 0", StringComparison.Ordinal))
            {
                await Task.Delay(20, Cancellation);
            }
        }

        async Task<string> MetricsAsync() => Encoding.UTF8.GetString((await gateway.GetAsync("/metrics")).Body);
    }

    /// <summary>What was read is not cold, what is small stays, and on one node nothing is archived.</summary>
    [Fact]
    public async Task The_plan_says_what_the_policy_would_do()
    {
        await using var gateway = await TestGateway.StartAsync("Archive:AfterDays=10", "Archive:MinBytes=1000");
        var (cold, _) = await gateway.StoreAsync(TestGateway.Bytes(2_000));
        var (warm, _) = await gateway.StoreAsync(TestGateway.Bytes(200_000));

        // A thousand small ones, of which each would be 16 files for nothing: they are left out, and that is said.
        await Parallel.ForEachAsync(
            Enumerable.Range(0, 1000), new ParallelOptions { MaxDegreeOfParallelism = 32, CancellationToken = Cancellation },
            async (i, _) => await gateway.StoreAsync(TestGateway.Bytes(500 + (i % 100))));
        Assert.Equal(0, (await gateway.GetAsync("/archive/plan")).Json.GetProperty("count").GetInt32());

        gateway.Time.Shift(TimeSpan.FromDays(11));
        Assert.Equal(200, (await gateway.GetAsync(warm)).Status);

        var plan = (await gateway.GetAsync("/archive/plan")).Json;
        Assert.Equal((1, 2_000, 1000, 549_500, false), (
            plan.GetProperty("count").GetInt32(), plan.GetProperty("bytes").GetInt32(), plan.GetProperty("smallCount").GetInt32(),
            plan.GetProperty("smallBytes").GetInt32(), plan.GetProperty("isPossible").GetBoolean()));
        Assert.EndsWith($"/{plan.GetProperty("items")[0].GetProperty("id").GetString()}", cold, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"code":"rapidraid-2000"}""", 409)]
    [InlineData("""{"cod":"rapidraid"}""", 400)]
    [InlineData("""[]""", 400)]
    [InlineData("""{"force":1}""", 400)]
    public async Task What_is_asked_for_wrongly_is_refused(string body, int status)
    {
        await using var gateway = await TestGateway.StartAsync();
        var (path, _) = await gateway.StoreAsync([1]);

        Assert.Equal(status, (await gateway.SendAsync("POST", $"{path}/archive", Encoding.UTF8.GetBytes(body))).Status);
        Assert.Equal(409, (await gateway.SendAsync("DELETE", $"{path}/archive", null)).Status);
        Assert.Equal(404, (await gateway.GetAsync("/archive/0123456789abcdef")).Status);
    }

    /// <summary>What the one node has, once it has counted.</summary>
    private static async Task<JsonElement> CountedAsync(TestGateway gateway, string path)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var pieces = (await gateway.GetAsync($"{path}/manifest")).Json.GetProperty("pieces");
            if (pieces.ValueKind != JsonValueKind.Null)
            {
                return pieces.EnumerateArray().Single();
            }

            Assert.True(TimeProvider.System.GetElapsedTime(began) < TimeSpan.FromSeconds(20), "The pieces are not counted.");
            await Task.Delay(50, Cancellation);
        }
    }

    private static async Task EndAsync(TestGateway gateway, Answer started)
    {
        Assert.Equal(202, started.Status);
        var job = started["Location"]!;
        Assert.Equal($"/archive/{started.Json.GetProperty("id").GetString()}", job);
        var began = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var state = (await gateway.GetAsync(job)).Json;
            if (state.GetProperty("state").GetString() != "running")
            {
                Assert.Equal("completed", state.GetProperty("state").GetString());
                return;
            }

            Assert.True(
                TimeProvider.System.GetElapsedTime(began) < TimeSpan.FromSeconds(20),
                string.Create(CultureInfo.InvariantCulture, $"It does not end: {state}"));
            await Task.Delay(20, Cancellation);
        }
    }
}
