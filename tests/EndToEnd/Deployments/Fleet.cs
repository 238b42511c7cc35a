using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;

namespace EndToEnd.Deployments;

/// <summary>Some gateways that know each other, of which the first has a resource that is kept nowhere else, and what is deployed to
/// them.</summary>
internal sealed class Fleet : IAsyncDisposable
{
    public const string Resource = "1";

    private readonly TestFolder _folder = new();
    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false }) { Timeout = Tool.HangLimit };
    private readonly List<GatewayProcess> _nodes = [];

    public IReadOnlyList<GatewayProcess> Nodes => _nodes;

    /// <summary>The nodes' ids, in their order.</summary>
    public string[] Ids { get; private set; } = [];

    /// <summary>SHA-256 of the resource.</summary>
    public string Sha256 { get; private set; } = "";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static async Task<Fleet> StartAsync(int count, long length, params string[] settings)
    {
        var fleet = new Fleet();
        try
        {
            var ports = GatewayProcess.FreePorts(2 * count);
            fleet._nodes.AddRange(await Task.WhenAll(Enumerable.Range(0, count).Select(i => GatewayProcess.StartAsync(
                fleet._folder[$"node{i}"], ports[i], [ports[count + i]], ports[count..],
                [
                    // The first is as good as certain to have the place of whatever is put there.
                    "Cluster:Replicas=1", $"Cluster:Weight={(i == 0 ? "1000" : "0.001")}", "Rain:BlockSize=262144",
                    "Cluster:AdvertiseUrl=http://127.0.0.1:" + ports[i], .. settings,
                ]))));
            foreach (var node in fleet._nodes)
            {
                await GatewayProcess.WaitUntilAsync(
                    async () => (await node.GetJsonAsync("/nodes")).GetProperty("items").EnumerateArray()
                        .Count(one => one.GetProperty("state").GetString() == "up") == count,
                    "all nodes to hear each other");
            }

            fleet.Ids = await Task.WhenAll(fleet._nodes.Select(async node =>
                (await node.GetJsonAsync("/nodes")).GetProperty("items")[0].GetProperty("id").GetString()!));
            fleet.Sha256 = await fleet.PutAsync(Resource, 1, length);
            return fleet;
        }
        catch
        {
            await fleet.DisposeAsync();
            throw;
        }
    }

    /// <summary>Puts bytes on the first node, and thereby nowhere else.</summary>
    /// <returns>Their SHA-256.</returns>
    public async Task<string> PutAsync(string resource, ulong seed, long length)
    {
        var path = _folder[$"in{resource}"];
        var sha256 = await TestBytes.WriteFileAsync(path, seed, length);
        await using var file = File.OpenRead(path);
        using var body = new StreamContent(file);
        using var put = await _http.PutAsync(new Uri($"{_nodes[0].Url}/resources/{resource}"), body, Token);
        Assert.Equal(HttpStatusCode.Created, put.StatusCode);
        return sha256;
    }

    /// <summary>Asks a node for a deployment.</summary>
    public async Task<(HttpStatusCode Status, JsonElement Body)> PostAsync(int node, object wish)
    {
        using var body = new StringContent(JsonSerializer.Serialize(wish), Encoding.UTF8, "application/json");
        using var response = await _http.PostAsync(new Uri($"{_nodes[node].Url}/deployments"), body, Token);
        var said = JsonDocument.Parse(await response.Content.ReadAsStringAsync(Token)).RootElement;
        if (response.StatusCode == HttpStatusCode.Accepted)
        {
            Assert.Equal($"/deployments/{said.GetProperty("id").GetString()}", response.Headers.Location?.ToString());
        }

        return (response.StatusCode, said);
    }

    /// <summary>Asks a node for a deployment that is taken.</summary>
    /// <returns>Its id.</returns>
    public async Task<string> DeployAsync(int node, object wish)
    {
        var (status, body) = await PostAsync(node, wish);
        Assert.True(status == HttpStatusCode.Accepted, $"{status}: {body}");
        return body.GetProperty("id").GetString()!;
    }

    public Task<JsonElement> ShowAsync(int node, string id) => _nodes[node].GetJsonAsync($"/deployments/{id}");

    /// <summary>The status of a request, and where it leads.</summary>
    public async Task<(HttpStatusCode Status, string? Location)> AskAsync(int node, HttpMethod method, string path)
    {
        using var request = new HttpRequestMessage(method, $"{_nodes[node].Url}{path}");
        using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Token);
        return (response.StatusCode, response.Headers.Location?.ToString());
    }

    /// <summary>Waits until a deployment has ended.</summary>
    public async Task<JsonElement> WaitAsync(int node, string id, string state)
    {
        JsonElement shown = default;
        await GatewayProcess.WaitUntilAsync(
            async () =>
            {
                try
                {
                    shown = await ShowAsync(node, id);
                }
                catch (HttpRequestException) when (_nodes.Any(one => one.Process.HasExited))
                {
                    // For some seconds one that is dead counts as the runner, to which others lead.
                    return false;
                }

                return shown.GetProperty("state").GetString() is "completed" or "failed" or "stopped";
            },
            $"deployment {id} to end");
        Assert.True(shown.GetProperty("state").GetString() == state, $"{shown}");
        return shown;
    }

    public JsonElement RowOf(JsonElement deployment, int node) =>
        deployment.GetProperty("receivers").EnumerateArray().Single(row => row.GetProperty("node").GetString() == Ids[node]);

    /// <summary>Waits until a receiver has so many blocks.</summary>
    public Task WaitForBlocksAsync(int runner, string id, int node, int blocks) => GatewayProcess.WaitUntilAsync(
        async () => RowOf(await ShowAsync(runner, id), node).GetProperty("blocks").GetInt32() >= blocks,
        $"node {node.ToString(CultureInfo.InvariantCulture)} to have {blocks.ToString(CultureInfo.InvariantCulture)} blocks");

    /// <summary>Whether a node has the resource itself.</summary>
    public async Task<bool> HasAsync(int node)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{_nodes[node].Url}/resources/{Resource}");
        request.Headers.CacheControl = new() { OnlyIfCached = true };
        using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Token);
        if (response.StatusCode == HttpStatusCode.OK)
        {
            await using var body = await response.Content.ReadAsStreamAsync(Token);
            Assert.Equal(Sha256, await TestBytes.HashAsync(body));
        }

        return response.StatusCode == HttpStatusCode.OK;
    }

    /// <summary>The first lines of the events of a node, until one has a text.</summary>
    public async Task<List<string>> ReadEventsAsync(int node, string until)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Token);
        limit.CancelAfter(Tool.HangLimit);
        await using var stream = await _http.GetStreamAsync(new Uri($"{_nodes[node].Url}/deployments/events"), limit.Token);
        using var reader = new StreamReader(stream);
        var lines = new List<string>();
        while (await reader.ReadLineAsync(limit.Token) is { } line)
        {
            lines.Add(line);
            if (line.Contains(until, StringComparison.Ordinal))
            {
                break;
            }
        }

        return lines;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
        {
            await node.DisposeAsync();
        }

        _http.Dispose();
        _folder.Dispose();
    }
}
