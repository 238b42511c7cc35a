using System.Text;

namespace Gateway.Tests.Http;

/// <summary>JSON as a person sees it on a terminal.</summary>
public sealed class JsonTextTests : IClassFixture<SharedGateway>
{
    private readonly TestGateway _gateway;

    public JsonTextTests(SharedGateway shared) => _gateway = shared.Gateway;

    [Theory]
    [InlineData("GET", "/resources", 200)]
    [InlineData("GET", "/servers", 200)]
    [InlineData("GET", "/subscribers", 200)]
    [InlineData("GET", "/transfers", 200)]
    [InlineData("GET", "/health/live", 200)]
    [InlineData("GET", "/health/ready", 200)]
    [InlineData("GET", "/problems/not-found", 200)]
    [InlineData("GET", "/openapi/v1.json", 200)]
    [InlineData("GET", "/resources/404", 404)]
    [InlineData("GET", "/resources/x", 400)]
    [InlineData("DELETE", "/servers", 405)]
    [InlineData("GET", "/nowhere/at/all", 404)]
    [InlineData("POST", "/resources", 201)]
    [InlineData("PUT", "/resources/1", 201)]
    [InlineData("PUT", "/2012", 201)]
    public async Task Every_document_ends_with_one_newline(string method, string path, int status)
    {
        var answer = await _gateway.SendAsync(method, path, method is "PUT" or "POST" ? Encoding.UTF8.GetBytes(path) : null);
        Assert.Equal(status is 201 ? 2 : status / 100, answer.Status / 100);
        Assert.EndsWith("}\n", answer.Text, StringComparison.Ordinal);
        Assert.False(answer.Text.EndsWith("\n\n", StringComparison.Ordinal));
        if (answer["Content-Length"] is { } length)
        {
            Assert.Equal(answer.Body.Length, int.Parse(length, System.Globalization.CultureInfo.InvariantCulture));
        }
    }

    [Fact]
    public async Task Names_and_tags_are_readable_and_nothing_steers_the_terminal()
    {
        var (path, stored) = await _gateway.StoreAsync(
            [1], ("Content-Disposition", "attachment; filename*=UTF-8''r%C3%A9sum%C3%A9%20%22%3Ca%26b%3E%27.pdf"));
        Assert.Contains("\"fileName\":\"résumé \\\"<a&b>'.pdf\"", stored.Text, StringComparison.Ordinal);
        Assert.Contains($"\"etag\":\"\\\"{stored.ETag.Trim('"')}\\\"\"", stored.Text, StringComparison.Ordinal);
        Assert.Equal(stored.ETag, stored.Json.GetProperty("etag").GetString());
        var manifest = await _gateway.GetAsync(path + "/manifest");
        Assert.DoesNotContain("\\u", manifest.Text, StringComparison.Ordinal);

        // What a terminal would obey is not written as it is.
        var problem = await _gateway.GetAsync("/resources/%22%1B%5B31m%C2%9B%07");
        Assert.Contains("⟨U+001B⟩[31m⟨U+009B⟩⟨U+0007⟩", problem.Text, StringComparison.Ordinal);
        Assert.DoesNotContain(problem.Text.TrimEnd('\n'), char.IsControl);
    }

    [Fact]
    public async Task Stored_json_is_left_as_it_is()
    {
        var (path, _) = await _gateway.StoreAsync("{}"u8.ToArray(), ("Content-Type", "application/json"));
        var answer = await _gateway.GetAsync(path);
        Assert.Equal(("{}", "2", "application/json"), (answer.Text, answer["Content-Length"], answer["Content-Type"]));
        Assert.Equal("nosniff", (await _gateway.GetAsync("/servers"))["X-Content-Type-Options"]);
    }
}
