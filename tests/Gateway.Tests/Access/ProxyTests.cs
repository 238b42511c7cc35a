namespace Gateway.Tests.Access;

/// <summary>A proxy before the gateway, and a page that was opened by the proxy's name.</summary>
public sealed class ProxyTests
{
    private const string Origin = "http://files.example.org";

    [Fact]
    public async Task A_proxy_that_does_not_pass_the_name_on_is_told_what_to_do()
    {
        await using var gateway = await TestGateway.StartAsync("AllowedHosts=");
        var answer = await gateway.PutAsync("/resources/1", [1], ("Origin", Origin), ("X-Forwarded-Host", "files.example.org"));
        Assert.Equal(403, answer.Status);
        Assert.Equal("cross-site", answer.Problem);
        Assert.Contains("proxy_set_header Host $http_host", answer.Text, StringComparison.Ordinal);
        Assert.Contains("Gateway:TrustedProxies", answer.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_name_that_is_passed_on_has_to_be_allowed()
    {
        await using var closed = await TestGateway.StartAsync("AllowedHosts=");
        Assert.Equal(421, (await closed.PutAsync("/resources/1", [1], ("Origin", Origin), ("Host", "files.example.org"))).Status);
        await using var open = await TestGateway.StartAsync("AllowedHosts=files.example.org");
        Assert.Equal(201, (await open.PutAsync("/resources/1", [1], ("Origin", Origin), ("Host", "files.example.org"))).Status);
    }

    [Theory]
    [InlineData("127.0.0.0/8", 201)]
    [InlineData("10.0.0.0/8,127.0.0.1/32,::1/128", 201)]
    [InlineData("10.0.0.0/8", 403)]
    public async Task A_trusted_proxy_says_by_which_name_it_was_asked(string trusted, int expected)
    {
        await using var gateway = await TestGateway.StartAsync("AllowedHosts=", $"Gateway:TrustedProxies={trusted}");
        (string, string)[] fields = [("Origin", Origin), ("X-Forwarded-Host", "files.example.org"), ("X-Forwarded-Proto", "http"),
            ("X-Forwarded-For", "203.0.113.7")];
        Assert.Equal(expected, (await gateway.PutAsync("/resources/1", [1], fields)).Status);
    }

    [Fact]
    public async Task A_trusted_proxy_answers_for_the_names_that_it_passes_on()
    {
        await using var gateway = await TestGateway.StartAsync("AllowedHosts=", "Gateway:TrustedProxies=127.0.0.0/8");
        Assert.Equal(201, (await gateway.PutAsync("/resources/1", [1], ("Origin", Origin), ("Host", "files.example.org"))).Status);
    }

    [Theory]
    [InlineData("127.0.0.0/8", 200)]
    [InlineData("", 429)]
    public async Task Limits_by_address_count_the_clients_of_a_trusted_proxy(string trusted, int expected)
    {
        await using var gateway = await TestGateway.StartAsync("Gateway:MaxRequestsPerSecond=1", $"Gateway:TrustedProxies={trusted}");
        var statuses = new List<int>();
        for (var i = 0; i < 20; i++)
        {
            statuses.Add((await gateway.GetAsync("/resources", ("X-Forwarded-For", $"203.0.113.{i}"))).Status);
        }

        Assert.Equal(expected, statuses.Max());
    }
}
