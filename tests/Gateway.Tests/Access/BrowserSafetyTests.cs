namespace Gateway.Tests.Access;

public sealed class BrowserSafetyTests : IClassFixture<SharedGateway>
{
    private readonly TestGateway _gateway;

    public BrowserSafetyTests(SharedGateway shared) => _gateway = shared.Gateway;

    [Theory]
    [InlineData("", 201)]
    [InlineData("Sec-Fetch-Site: same-origin", 201)]
    [InlineData("Sec-Fetch-Site: none", 201)]
    [InlineData("Sec-Fetch-Site: cross-site", 403)]
    [InlineData("Sec-Fetch-Site: same-site", 403)]
    [InlineData("Origin: https://evil.example", 403)]
    [InlineData("Origin: null", 403)]
    [InlineData("Origin: http://HOST", 201)]
    public async Task A_page_of_another_origin_writes_nothing(string field, int expected)
    {
        var path = TestGateway.NewPath();
        var parts = field.Replace("HOST", $"127.0.0.1:{_gateway.Port}", StringComparison.Ordinal).Split(": ");
        var answer = await _gateway.PutAsync(path, [1], field.Length == 0 ? [] : [(parts[0], parts[1])]);
        Assert.Equal(expected, answer.Status);
        Assert.Equal(expected == 201 ? 200 : 404, (await _gateway.GetAsync(path)).Status);
    }

    [Fact]
    public async Task A_page_of_another_origin_may_read_nothing_unless_configured()
    {
        Assert.Null((await _gateway.GetAsync("/resources", ("Origin", "https://friend.example")))["Access-Control-Allow-Origin"]);
        await using var open = await TestGateway.StartAsync("Gateway:CorsOrigins=https://friend.example");
        var answer = await open.GetAsync("/resources", ("Origin", "https://friend.example"));
        Assert.Equal("https://friend.example", answer["Access-Control-Allow-Origin"]);
        Assert.Contains("ETag", answer["Access-Control-Expose-Headers"]!, StringComparison.Ordinal);
        Assert.Null((await open.GetAsync("/resources", ("Origin", "https://evil.example")))["Access-Control-Allow-Origin"]);
        Assert.Equal(
            201, (await open.PutAsync("/resources/1", [1], ("Origin", "https://friend.example"), ("Sec-Fetch-Site", "cross-site"))).Status);
        Assert.Equal(
            403, (await open.PutAsync("/resources/1", [1], ("Origin", "https://evil.example"), ("Sec-Fetch-Site", "cross-site"))).Status);
        var preflight = await open.SendAsync(
            "OPTIONS", "/resources/1", null, ("Origin", "https://friend.example"), ("Access-Control-Request-Method", "PUT"));
        Assert.Equal(204, preflight.Status);
        Assert.Contains("PUT", preflight["Access-Control-Allow-Methods"]!, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/resources")]
    [InlineData("/openapi/v1.json")]
    [InlineData("/resources/99999")]
    public async Task No_type_is_ever_guessed(string path) =>
        Assert.Equal("nosniff", (await _gateway.GetAsync(path))["X-Content-Type-Options"]);

    [Fact]
    public async Task The_page_asks_nobody_else()
    {
        var page = await _gateway.GetAsync("/");
        Assert.StartsWith("default-src 'self'", page["Content-Security-Policy"], StringComparison.Ordinal);
        Assert.DoesNotContain("https://", page.Text, StringComparison.Ordinal);
    }
}
