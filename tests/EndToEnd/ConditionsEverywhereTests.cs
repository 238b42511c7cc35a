using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using MurkyWaters.Engines.Tests;

namespace EndToEnd;

/// <summary>Writes that have conditions, at five gateways with three processes of etcd.</summary>
public sealed class ConditionsEverywhereTests(EtcdServers etcd) : IClassFixture<EtcdServers>, IAsyncDisposable
{
    private const int GatewayCount = 5, GenerationCount = 4;

    private static readonly int WritesPerGeneration = int.Parse(
        Environment.GetEnvironmentVariable("CONDITIONAL_WRITES") ?? "50", CultureInfo.InvariantCulture);

    private readonly TestFolder _folder = new();
    private readonly HttpClient _http = new() { Timeout = Tool.HangLimit };
    private readonly List<GatewayProcess> _gateways = [];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task One_of_many_wins_each_generation_and_without_etcd_none_but_the_unconditional()
    {
        await StartAsync();
        var tag = Assert.Single(await WriteAllAsync(request => request.Headers.IfNoneMatch.Add(EntityTagHeaderValue.Any)));
        for (var generation = 0; generation < GenerationCount; generation++)
        {
            var expected = tag;
            tag = Assert.Single(await WriteAllAsync(request => request.Headers.IfMatch.Add(expected)));
            Assert.NotEqual(expected, tag);
        }

        // Any gateway says the same, asked at once.
        var deletions = await Task.WhenAll(_gateways.Select(gateway => SendAsync(
            gateway, HttpMethod.Delete, null, request => request.Headers.IfMatch.Add(tag))));
        Assert.Single(deletions, answer => answer.Status == HttpStatusCode.NoContent);
        Assert.All(deletions, answer => Assert.True(
            answer.Status is HttpStatusCode.NoContent or HttpStatusCode.PreconditionFailed, $"{answer}"));

        for (var i = 0; i < EtcdServers.Count; i++)
        {
            await etcd.KillAsync(i);
        }

        var refused = await SendAsync(
            _gateways[3], HttpMethod.Put, "later", request => request.Headers.IfNoneMatch.Add(EntityTagHeaderValue.Any));
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "/problems/cluster-unavailable"), (refused.Status, refused.Problem));
        Assert.Equal(HttpStatusCode.Created, (await SendAsync(_gateways[3], HttpMethod.Put, "at once", _ => { })).Status);
        var read = await SendAsync(_gateways[1], HttpMethod.Get, null, _ => { });
        Assert.Equal((HttpStatusCode.OK, "at once"), (read.Status, read.Body));

        await etcd.HealAsync();
        await GatewayProcess.WaitUntilAsync(
            async () =>
            {
                var answer = await SendAsync(_gateways[2], HttpMethod.Put, "again", request => request.Headers.IfMatch.Add(read.Tag!));
                Assert.True(answer.Status is HttpStatusCode.OK or HttpStatusCode.ServiceUnavailable, $"{answer}");
                return answer.Status == HttpStatusCode.OK;
            },
            "conditions are decided again");
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var gateway in _gateways)
        {
            await gateway.DisposeAsync();
        }

        _http.Dispose();
        _folder.Dispose();
    }

    private async Task StartAsync()
    {
        await etcd.HealAsync();
        var ports = GatewayProcess.FreePorts(2 * GatewayCount);
        string[] settings =
        [
            $"Cluster:Etcd={string.Join(',', etcd.Addresses.Select(address => address.Authority))}",
            "Rain:Secret=0123456789abcdef0123456789abcdef",
        ];
        _gateways.AddRange(await Task.WhenAll(Enumerable.Range(0, GatewayCount).Select(i =>
            GatewayProcess.StartAsync(_folder[$"{i}"], ports[i], [ports[GatewayCount + i]], [], settings))));
        foreach (var gateway in _gateways)
        {
            await GatewayProcess.WaitUntilAsync(
                async () => (await gateway.GetJsonAsync("/nodes")).GetProperty("items").EnumerateArray()
                    .Count(node => node.GetProperty("state").GetString() == "up") == GatewayCount,
                "all know all");
        }
    }

    /// <summary>Many writes at once, no two of the same bytes, at all gateways; the tags of those that were stored.</summary>
    private async Task<IReadOnlyList<EntityTagHeaderValue>> WriteAllAsync(Action<HttpRequestMessage> condition)
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, WritesPerGeneration).Select(i => SendAsync(
            _gateways[i % GatewayCount], HttpMethod.Put, Guid.NewGuid().ToString("N", CultureInfo.InvariantCulture), condition)));
        Assert.All(answers, answer => Assert.True(
            answer.Status is HttpStatusCode.OK or HttpStatusCode.Created or HttpStatusCode.PreconditionFailed or HttpStatusCode.Conflict,
            $"{answer}"));
        return [.. answers.Where(answer => answer.Status is HttpStatusCode.OK or HttpStatusCode.Created).Select(answer => answer.Tag!)];
    }

    private async Task<Answer> SendAsync(GatewayProcess gateway, HttpMethod method, string? body, Action<HttpRequestMessage> condition)
    {
        using var request = new HttpRequestMessage(method, $"{gateway.Url}/resources/7");
        request.Content = body is null ? null : new StringContent(body);
        condition(request);
        using var response = await _http.SendAsync(request, Token);
        var text = await response.Content.ReadAsStringAsync(Token);
        var problem = response.Content.Headers.ContentType?.MediaType == "application/problem+json"
            ? JsonDocument.Parse(text).RootElement.GetProperty("type").GetString() : null;
        return new Answer(response.StatusCode, response.Headers.ETag, problem, text);
    }

    private sealed record Answer(HttpStatusCode Status, EntityTagHeaderValue? Tag, string? Problem, string Body);
}
