namespace Gateway.Tests.Access;

public sealed class HostTests
{
    [Theory]
    [InlineData("", "localhost", 200)]
    [InlineData("", "LOCALHOST:1234", 200)]
    [InlineData("", "gateway.localhost:8080", 200)]
    [InlineData("", "127.0.0.1:8080", 200)]
    [InlineData("", "[::1]:8080", 200)]
    [InlineData("", "10.1.2.3", 200)]
    [InlineData("", "evil.example", 421)]
    [InlineData("", "evil.example:8080", 421)]
    [InlineData("", "localhost.evil.example", 421)]
    [InlineData("", "127.0.0.1.evil.example", 421)]
    [InlineData("", "evillocalhost", 421)]
    [InlineData("files.example.org", "files.example.org", 200)]
    [InlineData("files.example.org", "evil.example", 421)]
    [InlineData("files.example.org", "localhost", 200)]
    [InlineData("files.example.org", "10.1.2.3", 200)]
    [InlineData("a.example;*.example.org", "x.example.org", 200)]
    [InlineData("a.example,*.example.org", "example.org", 421)]
    [InlineData("*", "evil.example", 200)]
    public async Task Only_names_that_are_the_gateways_own_are_answered(string allowed, string host, int expected)
    {
        await using var gateway = await TestGateway.StartAsync($"AllowedHosts={allowed}");
        foreach (var request in (string[])["GET /resources", "GET /health/live", "PUT /resources/1"])
        {
            await using var raw = await RawHttp.ConnectAsync(gateway);
            await raw.SendAsync($"{request} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0\r\nOrigin: http://{host}\r\n\r\n");
            var answer = await raw.ReceiveAsync();
            Assert.Equal(expected == 200 && request[0] == 'P' ? 201 : expected, answer.Status);
            if (expected == 421)
            {
                Assert.Equal("application/problem+json", answer.Headers["Content-Type"]);
            }
        }
    }

    [Theory]
    [InlineData("http://*:0", "evil.example", 200)]
    [InlineData("http://0.0.0.0:0", "evil.example", 200)]
    [InlineData("http://127.0.0.1:0;http://[::1]:0", "evil.example", 421)]
    [InlineData("http://gateway.example:0", "gateway.example", 200)]
    [InlineData("http://gateway.example:0", "evil.example", 421)]
    [InlineData("http://gateway.example:0", "localhost", 200)]
    public async Task Unless_they_are_named_it_goes_by_the_addresses_where_it_listens(string urls, string host, int expected)
    {
        await using var gateway = await TestGateway.StartAsync("AllowedHosts=", $"Urls={urls}");
        await using var raw = await RawHttp.ConnectAsync(gateway);
        await raw.SendAsync($"GET /health/live HTTP/1.1\r\nHost: {host}\r\n\r\n");
        Assert.Equal(expected, (await raw.ReceiveAsync()).Status);
    }

    [Theory]
    [InlineData("http://*:0", "files.example.org", 200)]
    [InlineData("http://*:0", "localhost", 200)]
    [InlineData("http://*:0", "evil.example", 421)]
    [InlineData("http://gateway.example:0", "gateway.example", 200)]
    public async Task Names_that_are_given_go_beside_those_of_the_machine(string urls, string host, int expected)
    {
        await using var gateway = await TestGateway.StartAsync("AllowedHosts=files.example.org", $"Urls={urls}");
        await using var raw = await RawHttp.ConnectAsync(gateway);
        await raw.SendAsync($"GET /health/live HTTP/1.1\r\nHost: {host}\r\n\r\n");
        Assert.Equal(expected, (await raw.ReceiveAsync()).Status);
    }

    [Fact]
    public async Task Requests_without_a_name_are_answered()
    {
        await using var gateway = await TestGateway.StartAsync("AllowedHosts=");
        await using var raw = await RawHttp.ConnectAsync(gateway);
        await raw.SendAsync("GET /health/live HTTP/1.0\r\n\r\n");
        Assert.Equal(200, (await raw.ReceiveAsync()).Status);
    }
}
