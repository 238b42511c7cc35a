using System.Globalization;

namespace Gateway.Tests.Resources;

/// <summary>Conditional requests (RFC 9110 §13): each row a request on a resource that exists, with its expected status. TAG and DATE
/// stand for its validators, OLD and NEW for dates around it.</summary>
public sealed class ConditionalTests : IClassFixture<SharedGateway>
{
    private readonly TestGateway _gateway;

    public ConditionalTests(SharedGateway shared) => _gateway = shared.Gateway;

    [Theory]
    [InlineData(200, "If-Match: TAG")]
    [InlineData(200, "If-Match: *")]
    [InlineData(200, "If-Match: \"a\", TAG")]
    [InlineData(412, "If-Match: \"a\"")]
    [InlineData(412, "If-Match: W/TAG")]
    [InlineData(412, "If-Match: nonsense")]
    [InlineData(304, "If-None-Match: TAG")]
    [InlineData(304, "If-None-Match: W/TAG")]
    [InlineData(304, "If-None-Match: *")]
    [InlineData(304, "If-None-Match: \"a\", \"b\", TAG")]
    [InlineData(200, "If-None-Match: \"a\"")]
    [InlineData(200, "If-None-Match: nonsense")]
    [InlineData(304, "If-Modified-Since: DATE")]
    [InlineData(304, "If-Modified-Since: NEW")]
    [InlineData(200, "If-Modified-Since: OLD")]
    [InlineData(200, "If-Modified-Since: nonsense")]
    [InlineData(200, "If-Unmodified-Since: DATE")]
    [InlineData(200, "If-Unmodified-Since: NEW")]
    [InlineData(412, "If-Unmodified-Since: OLD")]
    [InlineData(200, "If-Unmodified-Since: nonsense")]
    [InlineData(200, "If-None-Match: \"a\"|If-Modified-Since: NEW")]
    [InlineData(304, "If-None-Match: TAG|If-Modified-Since: OLD")]
    [InlineData(200, "If-Match: TAG|If-Unmodified-Since: OLD")]
    [InlineData(412, "If-Match: \"a\"|If-None-Match: TAG")]
    [InlineData(304, "If-Match: TAG|If-None-Match: TAG")]
    [InlineData(412, "If-Unmodified-Since: OLD|If-None-Match: TAG")]
    [InlineData(304, "If-None-Match: TAG|Range: bytes=0-1")]
    [InlineData(206, "If-None-Match: \"a\"|Range: bytes=0-1")]
    [InlineData(206, "If-Match: TAG|Range: bytes=0-1|If-Range: TAG")]
    [InlineData(412, "If-Match: \"a\"|Range: bytes=99-")]
    [InlineData(304, "If-Modified-Since: DATE|Range: bytes=99-")]
    public async Task A_read_goes_by_its_conditions_in_order(int expected, string fields)
    {
        var (path, stored) = await StoreBeforeAsync(TestGateway.Bytes(10));
        var modified = DateTimeOffset.Parse((await _gateway.SendAsync("HEAD", path, null))["Last-Modified"]!, CultureInfo.InvariantCulture);
        var headers = Expand(fields, stored.ETag, modified);
        var answer = await _gateway.GetAsync(path, headers);
        Assert.Equal(expected, answer.Status);
        Assert.Equal(expected == 206 || expected == 416 ? 200 : expected, (await _gateway.SendAsync("HEAD", path, null, headers)).Status);
        if (expected == 304)
        {
            Assert.Equal(stored.ETag, answer.ETag);
            Assert.Equal("no-transform, no-cache", answer["Cache-Control"]);
            Assert.NotNull(answer["Date"]);
            Assert.Empty(answer.Body);
        }

        if (expected == 412)
        {
            Assert.Equal("precondition-failed", answer.Problem);
        }
    }

    [Theory]
    [InlineData(200, "If-Match: TAG")]
    [InlineData(200, "If-Match: *")]
    [InlineData(412, "If-Match: \"a\"")]
    [InlineData(412, "If-Match: W/TAG")]
    [InlineData(412, "If-None-Match: *")]
    [InlineData(412, "If-None-Match: TAG")]
    [InlineData(200, "If-None-Match: \"a\"")]
    [InlineData(200, "If-Unmodified-Since: DATE")]
    [InlineData(412, "If-Unmodified-Since: OLD")]
    [InlineData(200, "If-Modified-Since: NEW")]
    public async Task A_write_goes_by_its_conditions_and_changes_nothing_when_they_fail(int expected, string fields)
    {
        var (path, stored) = await StoreBeforeAsync([1]);
        var modified = DateTimeOffset.Parse((await _gateway.SendAsync("HEAD", path, null))["Last-Modified"]!, CultureInfo.InvariantCulture);
        var answer = await _gateway.PutAsync(path, [2], Expand(fields, stored.ETag, modified));
        Assert.Equal(expected, answer.Status);
        Assert.Equal((byte[])[expected == 200 ? (byte)2 : (byte)1], (await _gateway.GetAsync(path)).Body);
    }

    [Theory]
    [InlineData(201, "If-None-Match: *")]
    [InlineData(201, "If-None-Match: \"a\"")]
    [InlineData(412, "If-Match: *")]
    [InlineData(412, "If-Match: \"a\"")]
    [InlineData(201, "If-Unmodified-Since: OLD")]
    public async Task A_write_of_what_does_not_exist_goes_by_its_conditions(int expected, string fields)
    {
        var path = TestGateway.NewPath();
        var answer = await _gateway.PutAsync(path, [2], Expand(fields, "\"x\"", DateTimeOffset.UtcNow));
        Assert.Equal(expected, answer.Status);
        Assert.Equal(expected == 201 ? 200 : 404, (await _gateway.GetAsync(path)).Status);
    }

    [Fact]
    public async Task A_deletion_goes_by_its_conditions()
    {
        var (path, stored) = await _gateway.StoreAsync([1]);
        Assert.Equal(412, (await _gateway.SendAsync("DELETE", path, null, ("If-Match", "\"a\""))).Status);
        Assert.Equal(200, (await _gateway.GetAsync(path)).Status);
        Assert.Equal(204, (await _gateway.SendAsync("DELETE", path, null, ("If-Match", stored.ETag))).Status);
        Assert.Equal("gone", (await _gateway.GetAsync(path)).Problem);
    }

    [Fact]
    public async Task What_is_not_there_is_404_whatever_the_conditions()
    {
        var path = TestGateway.NewPath();
        Assert.Equal(404, (await _gateway.GetAsync(path, ("If-Match", "\"a\""))).Status);
        Assert.Equal(404, (await _gateway.GetAsync(path, ("If-None-Match", "*"))).Status);
    }

    [Fact]
    public async Task After_a_deletion_a_resource_is_new_again()
    {
        var (path, _) = await _gateway.StoreAsync([1]);
        await _gateway.SendAsync("DELETE", path, null);
        Assert.Equal(201, (await _gateway.PutAsync(path, [2], ("If-None-Match", "*"))).Status);
    }

    [Fact]
    public async Task Of_two_creations_at_once_one_loses()
    {
        var path = TestGateway.NewPath();
        await using var slow = await RawHttp.ConnectAsync(_gateway);
        await slow.SendAsync($"PUT {path} HTTP/1.1\r\nHost: x\r\nIf-None-Match: *\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");

        // Asked for its body, the slow one has passed its conditions.
        Assert.Equal(100, (await slow.ReceiveAsync()).Status);
        Assert.Equal(201, (await _gateway.PutAsync(path, [1], ("If-None-Match", "*"))).Status);
        await slow.SendAsync("ab");
        Assert.Equal(409, (await slow.ReceiveAsync()).Status);
        Assert.Equal((byte[])[1], (await _gateway.GetAsync(path)).Body);
    }

    /// <summary>Stores bytes in a second that is over.</summary>
    private async Task<(string Path, Answer Answer)> StoreBeforeAsync(byte[] bytes)
    {
        var stored = await _gateway.StoreAsync(bytes);
        _gateway.Time.Shift(TimeSpan.FromSeconds(2));
        return stored;
    }

    private static (string, string)[] Expand(string fields, string tag, DateTimeOffset modified) =>
        [.. fields
            .Replace("TAG", tag, StringComparison.Ordinal)
            .Replace("DATE", modified.ToString("R", CultureInfo.InvariantCulture), StringComparison.Ordinal)
            .Replace("OLD", modified.AddDays(-1).ToString("R", CultureInfo.InvariantCulture), StringComparison.Ordinal)
            .Replace("NEW", modified.AddDays(1).ToString("R", CultureInfo.InvariantCulture), StringComparison.Ordinal)
            .Split('|').Select(field => field.Split(": ", 2)).Select(parts => (parts[0], parts[1]))];
}
