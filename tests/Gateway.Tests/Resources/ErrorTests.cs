namespace Gateway.Tests.Resources;

public sealed class ErrorTests : IClassFixture<SharedGateway>
{
    private readonly TestGateway _gateway;

    public ErrorTests(SharedGateway shared) => _gateway = shared.Gateway;

    [Theory]
    [InlineData("abc")]
    [InlineData("-1")]
    [InlineData("+1")]
    [InlineData("%201")]
    [InlineData("1%20")]
    [InlineData("1.0")]
    [InlineData("1e3")]
    [InlineData("0x")]
    [InlineData("0xg")]
    [InlineData("18446744073709551616")]
    [InlineData("0x10000000000000000")]
    [InlineData("%D9%A1")]
    public async Task An_id_that_is_no_number_is_a_bad_request_everywhere(string id)
    {
        foreach (var (method, path) in ((string, string)[])[
            ("GET", "/resources/{0}"), ("PUT", "/resources/{0}"), ("DELETE", "/resources/{0}"), ("GET", "/resources/{0}/manifest"),
            ("POST", "/resources/{0}/propagate"), ("POST", "/resources/{0}/prefetch"), ("GET", "/{0}"), ("PUT", "/{0}"),
            ("GET", "/resources?after={0}")])
        {
            var answer = await _gateway.SendAsync(method, path.Replace("{0}", id, StringComparison.Ordinal), method is "PUT" ? [1] : null);
            Assert.Equal(400, answer.Status);
            Assert.Equal("invalid-resource-id", answer.Problem);
        }
    }

    [Theory]
    [InlineData("GET", "/resources/1/nothing", 404, "not-found")]
    [InlineData("GET", "/nothing/at/all", 404, "not-found")]
    [InlineData("PATCH", "/resources/1", 405, "method-not-allowed")]
    [InlineData("DELETE", "/resources", 405, "method-not-allowed")]
    [InlineData("DELETE", "/1", 405, "method-not-allowed")]
    [InlineData("TRACE", "/resources/1", 405, "method-not-allowed")]
    [InlineData("GET", "/resources/77", 404, "not-found")]
    [InlineData("HEAD", "/resources/77", 404, null)]
    [InlineData("DELETE", "/resources/77", 404, "not-found")]
    [InlineData("GET", "/resources/77/manifest", 404, "not-found")]
    [InlineData("POST", "/resources/77/propagate", 404, "not-found")]
    [InlineData("GET", "/resources?limit=0", 400, "invalid-parameter")]
    [InlineData("GET", "/resources?limit=1001", 400, "invalid-parameter")]
    [InlineData("PUT", "/resources", 405, "method-not-allowed")]
    [InlineData("GET", "/health", 404, "not-found")]
    [InlineData("GET", "/transfers/99", 404, "not-found")]
    [InlineData("PUT", "/servers/nothing", 400, "invalid-parameter")]
    [InlineData("PUT", "/servers/host:0", 400, "invalid-parameter")]
    [InlineData("PUT", "/servers/host:65536", 400, "invalid-parameter")]
    [InlineData("PUT", "/servers/a%20b:80", 400, "invalid-parameter")]
    [InlineData("DELETE", "/servers/host:1", 404, "not-found")]
    public async Task Every_error_is_a_problem_document(string method, string path, int status, string? problem)
    {
        var answer = await _gateway.SendAsync(method, path, null);
        Assert.Equal(status, answer.Status);
        if (problem is not null)
        {
            Assert.Equal(problem, answer.Problem);
            var document = answer.Json;
            Assert.NotEmpty(document.GetProperty("title").GetString()!);
            Assert.NotEmpty(document.GetProperty("detail").GetString()!);
            Assert.Equal(path.Split('?')[0], document.GetProperty("instance").GetString());
            Assert.Equal(32, document.GetProperty("traceId").GetString()!.Length);
            Assert.False(document.GetProperty("retryable").GetBoolean());
        }

        if (status == 405)
        {
            Assert.NotEmpty(answer["Allow"]!);
        }
    }

    [Fact]
    public async Task A_trace_of_the_client_goes_on()
    {
        var trace = "0af7651916cd43dd8448eb211c80319c";
        var answer = await _gateway.GetAsync("/resources/77", ("traceparent", $"00-{trace}-b7ad6b7169203331-01"));
        Assert.Equal(trace, answer.Json.GetProperty("traceId").GetString());
    }

    [Fact]
    public async Task A_browser_gets_a_page_in_which_nothing_of_the_request_is_markup()
    {
        var answer = await _gateway.GetAsync("/resources/%3Cscript%3E", ("Accept", "text/html,application/xhtml+xml,*/*;q=0.8"));
        Assert.Equal(400, answer.Status);
        Assert.Equal("text/html; charset=utf-8", answer["Content-Type"]);
        Assert.Contains("&lt;script&gt;", answer.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("<script", answer.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_type_of_a_problem_leads_to_its_description()
    {
        var type = (await _gateway.GetAsync("/resources/77")).Json.GetProperty("type").GetString()!;
        var description = await _gateway.GetAsync(type);
        Assert.Equal(200, description.Status);
        Assert.Equal(404, description.Json.GetProperty("status").GetInt32());
    }

    [Theory]
    [InlineData("/resources/1", "DELETE, GET, HEAD, PUT")]
    [InlineData("/resources", "GET, HEAD, POST")]
    [InlineData("/1", "GET, HEAD, PUT")]
    public async Task Options_tells_the_methods(string path, string expected)
    {
        var answer = await _gateway.SendAsync("OPTIONS", path, null);
        Assert.Equal(204, answer.Status);
        Assert.Equal(expected, answer["Allow"]);
    }
}
