using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json;

namespace EndToEnd;

/// <summary>Nodes that know each other and have the cluster's secret, one resource that they archive, and what is asked of it. Those that
/// are killed are named no more, and may be started again.</summary>
internal sealed class ArchiveNodes : IAsyncDisposable
{
    private const string Secret = "Rain:Secret=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    private const int StartsAtOnce = 4;

    private readonly TestFolder _folder;
    private readonly int[] _rainPorts;
    private readonly int[] _httpPorts;
    private readonly string[] _settings;
    private readonly HttpClient _http = new() { Timeout = Tool.HangLimit };
    private readonly List<GatewayProcess?> _nodes = [];

    private ArchiveNodes(TestFolder folder, int countMax, string[] settings)
    {
        var ports = GatewayProcess.FreePorts(2 * countMax);
        (_folder, _rainPorts, _httpPorts, _settings) = (folder, ports[..countMax], ports[countMax..], settings);
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>The entity tag that the resource was given when it was put.</summary>
    public string? Tag { get; private set; }

    public GatewayProcess this[int node] => _nodes[node]!;

    /// <summary>The nodes that run.</summary>
    public IEnumerable<int> Running => Enumerable.Range(0, _nodes.Count).Where(node => !_nodes[node]!.Process.HasExited);

    /// <summary>Starts nodes.</summary>
    /// <param name="folder">Where their folders are.</param>
    /// <param name="count">How many are started now.</param>
    /// <param name="countMax">How many there will ever be.</param>
    /// <param name="settings">Further settings of each.</param>
    public static async Task<ArchiveNodes> StartAsync(TestFolder folder, int count, int countMax, params string[] settings)
    {
        var nodes = new ArchiveNodes(folder, countMax, settings);
        await nodes.AddAsync(count);
        return nodes;
    }

    /// <summary>Starts further ones, with nothing in their stores, and waits until all see all.</summary>
    public async Task AddAsync(int count)
    {
        var first = _nodes.Count;
        _nodes.AddRange(Enumerable.Repeat<GatewayProcess?>(null, count));
        await Parallel.ForEachAsync(
            Enumerable.Range(first, count), new ParallelOptions { MaxDegreeOfParallelism = StartsAtOnce, CancellationToken = Cancellation },
            async (node, _) => _nodes[node] = await GatewayProcess.StartAsync(
                _folder[$"node{node}"], _httpPorts[node], [_rainPorts[node]], _rainPorts,
                [Secret, $"Cluster:AdvertiseUrl=http://127.0.0.1:{_httpPorts[node]}", .. _settings]));
        await SeeEachOtherAsync();
    }

    /// <summary>Waits until every node that runs sees all of them up.</summary>
    public Task SeeEachOtherAsync()
    {
        var count = Running.Count();
        return GatewayProcess.WaitUntilAsync(
            async () => (await Task.WhenAll(Running.Select(async node => (await this[node].GetJsonAsync("/nodes")).GetProperty("items")
                .EnumerateArray().Count(item => item.GetProperty("state").GetString() == "up")))).All(up => up == count),
            $"{count} nodes up");
    }

    /// <summary>Kills some with <c>kill -9</c>.</summary>
    public Task KillAsync(params int[] nodes) => Task.WhenAll(nodes.Select(node => this[node].KillAsync()));

    /// <summary>PUTs the resource.</summary>
    public async Task PutAsync(int node, byte[] bytes)
    {
        using var put = await _http.PutAsync(UriOf(node, "?replicas=3"), new ByteArrayContent(bytes), Cancellation);
        Assert.Equal(HttpStatusCode.Created, put.StatusCode);
        Tag = put.Headers.ETag?.Tag;
    }

    /// <summary>Has it archived, by force where there are few nodes.</summary>
    /// <returns>Where the job is.</returns>
    public async Task<string> ArchiveAsync(int node, bool isForced)
    {
        using var begun = await _http.PostAsJsonAsync(UriOf(node, "/archive"), new { force = isForced }, Cancellation);
        Assert.True(begun.StatusCode == HttpStatusCode.Accepted, await begun.Content.ReadAsStringAsync(Cancellation));
        return begun.Headers.Location!.OriginalString;
    }

    /// <summary>Has it turned back.</summary>
    /// <returns>Where the job is.</returns>
    public async Task<string> RestoreAsync(int node)
    {
        using var begun = await _http.DeleteAsync(UriOf(node, "/archive"), Cancellation);
        Assert.True(begun.StatusCode == HttpStatusCode.Accepted, await begun.Content.ReadAsStringAsync(Cancellation));
        return begun.Headers.Location!.OriginalString;
    }

    /// <summary>Waits until a job has ended by itself, well.</summary>
    public async Task<JsonElement> EndAsync(int node, string job)
    {
        var state = await this[node].GetJsonAsync(job);
        await GatewayProcess.WaitUntilAsync(
            async () => (state = await this[node].GetJsonAsync(job)).GetProperty("state").GetString() != "running",
            $"job {job} of node {node} ends");
        Assert.True(state.GetProperty("state").GetString() == "completed", state.ToString());
        return state;
    }

    /// <summary>GETs it at a node, whole or in part, and compares it.</summary>
    /// <returns>The status, and whether the bytes and the entity tag are right.</returns>
    public async Task<(HttpStatusCode Status, bool IsRight)> GetAsync(int node, byte[] bytes, long? from = null, long? to = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, UriOf(node, ""));
        request.Headers.Range = from is null ? null : new RangeHeaderValue(from, to);
        using var answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancellation);
        if (!answer.IsSuccessStatusCode)
        {
            return (answer.StatusCode, false);
        }

        await using var body = await answer.Content.ReadAsStreamAsync(Cancellation);
        var (first, last) = from is null ? (0, bytes.Length - 1) : ((int)from, (int)(to ?? (bytes.Length - 1)));
        return (answer.StatusCode, answer.Headers.ETag?.Tag == Tag
            && (await SHA256.HashDataAsync(body, Cancellation)).SequenceEqual(SHA256.HashData(bytes.AsSpan(first, last - first + 1))));
    }

    /// <summary>What a node says of a GET that it cannot answer: status, type of the problem, detail.</summary>
    public async Task<(HttpStatusCode Status, string Type, string Detail)> RefusalAsync(int node)
    {
        using var answer = await _http.GetAsync(UriOf(node, ""), HttpCompletionOption.ResponseHeadersRead, Cancellation);
        if (answer.IsSuccessStatusCode)
        {
            return (answer.StatusCode, "", "");
        }

        var problem = await answer.Content.ReadFromJsonAsync<JsonElement>(Cancellation);
        return (answer.StatusCode, problem.GetProperty("type").GetString()!, problem.GetProperty("detail").GetString()!);
    }

    /// <summary>How many pieces each node has that runs.</summary>
    public async Task<Dictionary<int, int>> CountPiecesAsync()
    {
        var nodes = Running.ToArray();
        var counts = await Task.WhenAll(nodes.Select(async node => await MetricAsync(node, "murky_archive_pieces")));
        return nodes.Zip(counts).ToDictionary(pair => pair.First, pair => (int)pair.Second);
    }

    /// <summary>A figure of a node, all of its labels added up.</summary>
    public async Task<double> MetricAsync(int node, string name)
    {
        var text = await this[node].GetTextAsync("/metrics");
        return text.Split('\n').Where(line => line.StartsWith($"{name} ", StringComparison.Ordinal)
                || line.StartsWith($"{name}{{", StringComparison.Ordinal))
            .Sum(line => double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
        {
            await (node?.DisposeAsync() ?? ValueTask.CompletedTask);
        }

        _http.Dispose();
    }

    private Uri UriOf(int node, string behind) => new($"{this[node].Url}/resources/7{behind}");
}
