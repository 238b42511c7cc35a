using System.Globalization;
using System.Text.Json;

namespace EndToEnd;

/// <summary>What a user sees when something is wrong.</summary>
public sealed class ErrorTests : IClassFixture<ErrorTests.Bystander>
{
    private readonly GatewayProcess _gateway;

    public ErrorTests(Bystander bystander) => _gateway = bystander.Gateway;

    [Theory]
    [InlineData("abc")]
    [InlineData("-1")]
    [InlineData("18446744073709551616")]
    [InlineData("0x10000000000000000")]
    [InlineData("%201")]
    public async Task An_id_that_is_no_number_is_a_bad_request(string id)
    {
        Tool.Require("curl");
        using var folder = new TestFolder();
        var (status, problem) = await GetProblemAsync(folder, $"{_gateway.Url}/resources/{id}");
        Assert.Equal(400, status);
        Assert.EndsWith("invalid-resource-id", problem.GetProperty("type").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_digest_stores_nothing()
    {
        Tool.Require("curl");
        using var folder = new TestFolder();
        await TestBytes.WriteFileAsync(folder["in"], 1, 100_000);
        var wrong = Convert.ToBase64String(new byte[32]);
        var (status, problem) = await GetProblemAsync(
            folder, "-H", $"Content-Digest: sha-256=:{wrong}:", "-T", folder["in"], $"{_gateway.Url}/resources/1");
        Assert.Equal(400, status);
        Assert.EndsWith("digest-mismatch", problem.GetProperty("type").GetString(), StringComparison.Ordinal);
        Assert.Equal(0, (await _gateway.GetJsonAsync("/resources")).GetProperty("items").GetArrayLength());
        Assert.Equal(404, (await GetProblemAsync(folder, $"{_gateway.Url}/resources/1")).Status);
    }

    [Fact]
    public async Task Only_if_cached_does_not_rain()
    {
        Tool.Require("curl");
        using var folder = new TestFolder();
        Assert.Equal(504, (await GetProblemAsync(folder, "-H", "Cache-Control: only-if-cached", $"{_gateway.Url}/resources/1")).Status);
    }

    [Fact]
    public async Task A_body_over_the_limit_is_refused_before_it_is_sent()
    {
        Tool.Require("curl");
        using var folder = new TestFolder();
        await TestBytes.WriteFileAsync(folder["in"], 1, 2_000_000);
        var result = await Tool.CurlAsync(
            "--expect100-timeout", "60", "-H", "Expect: 100-continue", "-o", folder["problem"], "-w", "%{http_code} %{size_upload}",
            "-T", folder["in"], $"{_gateway.Url}/resources/1");
        Assert.Equal("413 0", result.Output);
    }

    internal static async Task<(int Status, JsonElement Problem)> GetProblemAsync(TestFolder folder, params string[] arguments)
    {
        var output = (await Tool.CurlAsync([.. arguments, "--path-as-is", "-o", folder["problem"], "-w", "%{http_code} %{content_type}"]))
            .Succeeded().Split(' ', 2);
        Assert.StartsWith("application/problem+json", output[1], StringComparison.Ordinal);
        using var document = JsonDocument.Parse(await File.ReadAllTextAsync(folder["problem"]));
        return (int.Parse(output[0], CultureInfo.InvariantCulture), document.RootElement.Clone());
    }

    /// <summary>A gateway that takes a megabyte at most, and in which nothing is ever stored.</summary>
    public sealed class Bystander : IAsyncLifetime
    {
        private readonly TestFolder _folder = new();

        internal GatewayProcess Gateway { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            var ports = GatewayProcess.FreePorts(2);
            Gateway = await GatewayProcess.StartAsync(
                _folder["node"], ports[0], [ports[1]], [ports[1]], "Gateway:MaxBodyBytes=1000000");
        }

        public async ValueTask DisposeAsync()
        {
            await Gateway.DisposeAsync();
            _folder.Dispose();
        }
    }
}
