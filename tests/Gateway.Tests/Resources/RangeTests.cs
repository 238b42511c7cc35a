using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Gateway.Tests.Resources;

/// <summary>Range requests over a real connection (RFC 9110 §14).</summary>
public sealed class RangeTests : IClassFixture<SharedGateway>
{
    private const int Length = 200_000;
    private static readonly byte[] Bytes = TestGateway.Bytes(Length);
    private readonly TestGateway _gateway;

    public RangeTests(SharedGateway shared) => _gateway = shared.Gateway;

    [Theory]
    [InlineData("bytes=0-0", 0, 0)]
    [InlineData("bytes=0-99", 0, 99)]
    [InlineData("bytes=65535-65536", 65_535, 65_536)]
    [InlineData("bytes=199999-", 199_999, 199_999)]
    [InlineData("bytes=0-", 0, 199_999)]
    [InlineData("bytes=-1", 199_999, 199_999)]
    [InlineData("bytes=-70000", 130_000, 199_999)]
    [InlineData("bytes=-999999999", 0, 199_999)]
    [InlineData("bytes=199990-999999999", 199_990, 199_999)]
    [InlineData("bytes=10-19,15-29", 10, 29)]
    [InlineData("bytes=10-19,20-29", 10, 29)]
    [InlineData("bytes=10-19,500000-", 10, 19)]
    public async Task One_range_is_a_plain_206(string range, int first, int last)
    {
        var (path, stored) = await _gateway.StoreAsync(Bytes, ("Content-Type", "video/mp4"));
        var answer = await _gateway.GetAsync(path, ("Range", range));
        Assert.Equal(206, answer.Status);
        Assert.Equal($"bytes {first}-{last}/{Length}", answer["Content-Range"]);
        Assert.Equal((last - first + 1).ToString(CultureInfo.InvariantCulture), answer["Content-Length"]);
        Assert.Equal(Bytes[first..(last + 1)], answer.Body);

        // §15.3.7: what 200 would have carried.
        Assert.Equal(stored.ETag, answer.ETag);
        Assert.Equal("no-transform, no-cache", answer["Cache-Control"]);
        Assert.Equal(stored["Repr-Digest"], answer["Repr-Digest"]);
        Assert.Equal("video/mp4", answer["Content-Type"]);
        Assert.Equal("bytes", answer["Accept-Ranges"]);
        Assert.NotNull(answer["Last-Modified"]);
    }

    [Theory]
    [InlineData("bytes=5-2")]
    [InlineData("bytes=x")]
    [InlineData("lines=0-5")]
    [InlineData("bytes=0-,0-")]
    public async Task What_cannot_be_obeyed_is_ignored(string range)
    {
        var (path, _) = await _gateway.StoreAsync(Bytes);
        var answer = await _gateway.GetAsync(path, ("Range", range));
        Assert.Equal(200, answer.Status);
        Assert.Null(answer["Content-Range"]);
        Assert.Equal(Bytes, answer.Body);
    }

    [Theory]
    [InlineData("bytes=200000-")]
    [InlineData("bytes=-0")]
    [InlineData("bytes=300000-400000,-0")]
    public async Task Outside_the_resource_is_416(string range)
    {
        var (path, _) = await _gateway.StoreAsync(Bytes);
        var answer = await _gateway.GetAsync(path, ("Range", range));
        Assert.Equal(416, answer.Status);
        Assert.Equal($"bytes */{Length}", answer["Content-Range"]);
        Assert.Equal("range-not-satisfiable", answer.Problem);
    }

    [Theory]
    [InlineData("bytes=0-0")]
    [InlineData("bytes=-5")]
    [InlineData("bytes=0-")]
    public async Task An_empty_resource_has_no_ranges(string range)
    {
        var (path, _) = await _gateway.StoreAsync([]);
        var answer = await _gateway.GetAsync(path, ("Range", range));
        Assert.Equal(200, answer.Status);
        Assert.Equal("0", answer["Content-Length"]);
        Assert.Empty(answer.Body);
    }

    [Fact]
    public async Task Head_ignores_range()
    {
        var (path, _) = await _gateway.StoreAsync(Bytes);
        var answer = await _gateway.SendAsync("HEAD", path, null, ("Range", "bytes=0-9"));
        Assert.Equal(200, answer.Status);
        Assert.Equal(Length.ToString(CultureInfo.InvariantCulture), answer["Content-Length"]);
    }

    [Theory]
    [InlineData("bytes=0-9,100-199,-50")]
    [InlineData("bytes=150000-150099,5-5")]
    public async Task Several_ranges_are_parts_of_one_body_of_exact_length(string range)
    {
        var (path, stored) = await _gateway.StoreAsync(Bytes, ("Content-Type", "image/png"));
        var answer = await _gateway.GetAsync(path, ("Range", range));
        Assert.Equal(206, answer.Status);
        Assert.Equal(stored.ETag, answer.ETag);
        Assert.Null(answer["Content-Range"]);
        Assert.Equal(answer.Body.Length.ToString(CultureInfo.InvariantCulture), answer["Content-Length"]);
        var parts = Parse(answer);
        Assert.Equal(range.Split(',').Length, parts.Count);
        foreach (var (headers, first, body) in parts)
        {
            Assert.Equal(Bytes[first..(first + body.Length)], body);
            Assert.Equal(["Content-Type: image/png", $"Content-Range: bytes {first}-{first + body.Length - 1}/{Length}"], headers);
        }
    }

    [Fact]
    public async Task Twenty_ranges_as_zsync_asks_for_them_come_in_order_with_small_heads()
    {
        var (path, _) = await _gateway.StoreAsync(Bytes);
        var wanted = Enumerable.Range(0, 20).Select(i => i * 9_000).ToList();
        var answer = await _gateway.GetAsync(
            path, ("Range", "bytes=" + string.Join(',', wanted.Select(first => $"{first}-{first + 1023}"))));
        var parts = Parse(answer);
        Assert.Equal(wanted, parts.Select(part => part.First));

        // BITS gives up when a part costs more than 180 bytes beside its data.
        Assert.InRange((answer.Body.Length - (20 * 1024)) / 20, 1, 180);
    }

    [Fact]
    public async Task If_range_by_tag_or_exact_date_permits_a_part_and_anything_else_gets_the_whole()
    {
        var (path, stored) = await _gateway.StoreAsync(Bytes);
        var head = await _gateway.SendAsync("HEAD", path, null);
        var modified = DateTimeOffset.Parse(head["Last-Modified"]!, CultureInfo.InvariantCulture);
        _gateway.Time.Shift(TimeSpan.FromSeconds(2));
        Assert.Equal(206, await StatusAsync(stored.ETag));
        Assert.Equal(206, await StatusAsync(modified.ToString("R", CultureInfo.InvariantCulture)));
        Assert.Equal(200, await StatusAsync("\"other\""));
        Assert.Equal(200, await StatusAsync("W/" + stored.ETag));
        Assert.Equal(200, await StatusAsync(modified.AddSeconds(-1).ToString("R", CultureInfo.InvariantCulture)));
        Assert.Equal(200, await StatusAsync(modified.AddSeconds(1).ToString("R", CultureInfo.InvariantCulture)));
        Assert.Equal(200, await StatusAsync("nonsense"));

        async Task<int> StatusAsync(string ifRange)
        {
            var answer = await _gateway.GetAsync(path, ("Range", "bytes=5-9"), ("If-Range", ifRange));
            Assert.Equal(answer.Status == 206 ? Bytes[5..10] : Bytes, answer.Body);
            return answer.Status;
        }
    }

    [Fact]
    public async Task If_range_of_another_version_hides_an_unsatisfiable_range()
    {
        var (path, _) = await _gateway.StoreAsync(Bytes);
        Assert.Equal(200, (await _gateway.GetAsync(path, ("Range", "bytes=999999999-"), ("If-Range", "\"old\""))).Status);
    }

    private static List<(string[] Headers, int First, byte[] Body)> Parse(Answer answer)
    {
        var boundary = Regex.Match(answer["Content-Type"]!, "^multipart/byteranges; boundary=([0-9a-zA-Z]{1,70})$").Groups[1].Value;
        Assert.NotEmpty(boundary);
        var text = Encoding.Latin1.GetString(answer.Body);
        Assert.EndsWith($"\r\n--{boundary}--\r\n", text, StringComparison.Ordinal);
        var pieces = ("\r\n" + text).Split($"\r\n--{boundary}");
        Assert.Equal("", pieces[0]);
        Assert.Equal("--\r\n", pieces[^1]);
        return [.. pieces[1..^1].Select(piece =>
        {
            var end = piece.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            var headers = piece[2..end].Split("\r\n");
            var first = int.Parse(Regex.Match(piece, "Content-Range: bytes ([0-9]+)-").Groups[1].Value, CultureInfo.InvariantCulture);
            return (headers, first, Encoding.Latin1.GetBytes(piece[(end + 4)..]));
        })];
    }
}
