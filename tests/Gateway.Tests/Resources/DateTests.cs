using System.Globalization;

namespace Gateway.Tests.Resources;

/// <summary>HTTP's dates are whole seconds, by clocks that differ: what they may and may not stand for (RFC 9110 §8.8.2).</summary>
public sealed class DateTests : IAsyncLifetime
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 21, 12, 0, 0, 100, TimeSpan.Zero);
    private TestGateway _gateway = null!;

    public async ValueTask InitializeAsync()
    {
        _gateway = await TestGateway.StartAsync();
        _gateway.Time.StopAt(Noon);
    }

    public ValueTask DisposeAsync() => _gateway.DisposeAsync();

    [Fact]
    public async Task Of_two_versions_within_a_second_a_date_tells_nothing()
    {
        var (path, _) = await _gateway.StoreAsync("the first version"u8.ToArray());
        var date = (await _gateway.GetAsync(path))["Last-Modified"]!;
        Assert.Equal("Sat, 21 Nov 2026 12:00:00 GMT", date);
        Wait(0.5);
        await _gateway.PutAsync(path, "the other version"u8.ToArray());

        // In that second, and ever after.
        foreach (var seconds in (double[])[0, 0.3, 1, 3600])
        {
            Wait(seconds);
            var part = await _gateway.GetAsync(path, ("Range", "bytes=10-"), ("If-Range", date));
            Assert.Equal((200, "the other version"), (part.Status, part.Text));
            Assert.Equal(200, (await _gateway.GetAsync(path, ("If-Modified-Since", date))).Status);
            Assert.Equal(412, (await _gateway.GetAsync(path, ("If-Unmodified-Since", date))).Status);
            Assert.Equal(412, (await _gateway.PutAsync(path, [1], ("If-Unmodified-Since", date))).Status);
            Assert.Equal(412, (await _gateway.SendAsync("DELETE", path, null, ("If-Unmodified-Since", date))).Status);
        }

        // The tag tells.
        var tag = (await _gateway.GetAsync(path)).ETag;
        Assert.Equal(206, (await _gateway.GetAsync(path, ("Range", "bytes=10-"), ("If-Range", tag))).Status);
        Assert.Equal(304, (await _gateway.GetAsync(path, ("If-None-Match", tag))).Status);

        // A later date is certain where the bytes are to be unchanged.
        Assert.Equal(200, (await _gateway.GetAsync(path, ("If-Unmodified-Since", Text(Noon.AddSeconds(1))))).Status);
    }

    [Fact]
    public async Task The_only_version_of_its_second_is_told_by_its_date_once_that_second_is_over()
    {
        var (path, _) = await _gateway.StoreAsync("the first version"u8.ToArray());
        var date = (await _gateway.GetAsync(path))["Last-Modified"]!;
        Assert.Equal(200, (await RangeAsync(path, date)).Status);
        Assert.Equal(200, (await _gateway.GetAsync(path, ("If-Modified-Since", date))).Status);
        Wait(1);
        Assert.Equal(206, (await RangeAsync(path, date)).Status);
        Assert.Equal(304, (await _gateway.GetAsync(path, ("If-Modified-Since", date))).Status);
        Assert.Equal(200, (await _gateway.GetAsync(path, ("If-Unmodified-Since", date))).Status);

        // A version of another second is strong again, and so are its dates.
        await _gateway.PutAsync(path, "the other version"u8.ToArray());
        Wait(1);
        Assert.Equal(200, (await RangeAsync(path, date)).Status);
        Assert.Equal(200, (await _gateway.GetAsync(path, ("If-Modified-Since", date))).Status);
        Assert.Equal(206, (await RangeAsync(path, Text(Noon.AddSeconds(1)))).Status);
    }

    [Fact]
    public async Task What_was_deleted_and_stored_again_within_a_second_is_another()
    {
        var (path, _) = await _gateway.StoreAsync("the first version"u8.ToArray());
        await _gateway.SendAsync("DELETE", path, null);
        await _gateway.PutAsync(path, "the other version"u8.ToArray());
        Wait(1);
        Assert.Equal(200, (await RangeAsync(path, Text(Noon))).Status);
    }

    [Fact]
    public async Task A_version_by_a_clock_ahead_is_told_as_now_and_its_date_is_nobodys()
    {
        _gateway.Time.StopAt(Noon.AddHours(1));
        var (path, _) = await _gateway.StoreAsync("the first version"u8.ToArray());
        _gateway.Time.StopAt(Noon);
        foreach (var seconds in (double[])[0, 1, 3598])
        {
            Wait(seconds);
            var answer = await _gateway.GetAsync(path);
            Assert.Equal(answer["Date"], answer["Last-Modified"]);
            Assert.Equal(Text(_gateway.Time.GetUtcNow()), answer["Date"]);
            Assert.Equal(answer["Date"], (await _gateway.GetAsync(path, ("If-None-Match", "*")))["Last-Modified"]);
            Assert.Equal(200, (await RangeAsync(path, answer["Last-Modified"]!)).Status);
            Assert.Equal(200, (await _gateway.GetAsync(path, ("If-Modified-Since", answer["Last-Modified"]!))).Status);
        }

        // It is replaced under a stamp of the same second, for this clock is behind.
        await _gateway.PutAsync(path, "the other version"u8.ToArray());
        Wait(3600);
        Assert.Equal(200, (await RangeAsync(path, Text(Noon.AddHours(1)))).Status);
        Assert.Equal(Text(Noon.AddHours(1)), (await _gateway.GetAsync(path))["Last-Modified"]);
    }

    [Theory]
    [InlineData("GET")]
    [InlineData("HEAD")]
    public async Task The_date_is_never_earlier_than_the_last_change(string method)
    {
        for (var round = 0; round < 5; round++)
        {
            Wait(0.2);
            var (path, _) = await _gateway.StoreAsync([1]);
            var answer = await _gateway.SendAsync(method, path, null);
            Assert.True(Read(answer["Last-Modified"]!) <= Read(answer["Date"]!), $"{answer["Last-Modified"]} > {answer["Date"]}");
        }
    }

    private static string Text(DateTimeOffset time) => time.ToString("R", CultureInfo.InvariantCulture);

    private static DateTimeOffset Read(string date) => DateTimeOffset.Parse(date, CultureInfo.InvariantCulture);

    private Task<Answer> RangeAsync(string path, string date) => _gateway.GetAsync(path, ("Range", "bytes=10-"), ("If-Range", date));

    private void Wait(double seconds) => _gateway.Time.Shift(TimeSpan.FromSeconds(seconds));
}
