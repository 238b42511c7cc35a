using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Benchmarks.Processes;

namespace Benchmarks.Archive;

/// <summary>Gateways that know each other, one on each host of a lab.</summary>
internal sealed class ArchiveNodes : IAsyncDisposable
{
    private const ulong Id = 7;
    private const int HttpPort = 8080, RainPort = 1980, StartsAtOnce = 4;

    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(250), Limit = TimeSpan.FromMinutes(10);

    /// <summary>Every node looks after what is in pieces so often, and notes then what they are.</summary>
    private static readonly TimeSpan LearnPeriod = TimeSpan.FromSeconds(12);

    /// <summary>Nodes that were killed are late by then, and nobody makes their pieces anew yet.</summary>
    private static readonly TimeSpan LatePeriod = TimeSpan.FromSeconds(9);

    private readonly Netlab _lab;
    private readonly TemporaryFolder _folder = new();
    private readonly GatewayNode?[] _nodes;
    private readonly HttpClient[] _clients;
    private readonly string[] _settings;
    private GatewayNode? _reader;
    private string _job = "";
    private int _readers;

    private ArchiveNodes(Netlab lab, int nodeCount, string[] settings)
    {
        (_lab, _settings) = (lab, settings);
        _nodes = new GatewayNode?[nodeCount];
        _clients = [.. Enumerable.Range(1, nodeCount).Select(host => HostHttp.Client(lab[host]))];
    }

    /// <summary>Starts all of them.</summary>
    /// <param name="lab">The lab.</param>
    /// <param name="nodeCount">The hosts 1 to so many have a node each.</param>
    /// <param name="isPath">Whether they say where their HTTP is, so that there is a path.</param>
    /// <param name="settings">Further settings.</param>
    /// <param name="cancellation">Ends it.</param>
    public static async Task<ArchiveNodes> StartAsync(
        Netlab lab, int nodeCount, bool isPath, string[] settings, CancellationToken cancellation)
    {
        var nodes = new ArchiveNodes(
            lab, nodeCount,
            [
                "Cluster:Replicas=3", "Cluster:DownAfterSeconds=45", "Archive:LookSeconds=5", "Gateway:ReplicaSeconds=300", .. settings,
            ]);
        try
        {
            var parallel = new ParallelOptions { MaxDegreeOfParallelism = StartsAtOnce, CancellationToken = cancellation };
            await Parallel.ForEachAsync(
                Enumerable.Range(1, nodeCount), parallel,
                async (host, stop) => nodes._nodes[host - 1] = await nodes.StartAsync(host, isPath, stop));
            await UntilAsync(
                async () => (await nodes.GetAsync(0, "/nodes", cancellation)).GetProperty("items").GetArrayLength() == nodeCount,
                cancellation);
            return nodes;
        }
        catch
        {
            await nodes.DisposeAsync();
            throw;
        }
    }

    /// <summary>PUTs a file at the first, and waits for its replicas.</summary>
    public Task PutAsync(string file, int replicas, CancellationToken cancellation) =>
        _nodes[0]!.PutAsync(Id, file, cancellation, replicas);

    /// <summary>Has it turned into pieces, and waits until they are written.</summary>
    /// <param name="code">Of which coding; parts are what a pipeline begins with.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task MakePiecesAsync(string code, CancellationToken cancellation)
    {
        using var begun = await _clients[0].PostAsJsonAsync($"{_nodes[0]!.Resource(Id)}/archive", new { code }, cancellation);
        var said = await begun.Content.ReadAsStringAsync(cancellation);
        if (begun.StatusCode != HttpStatusCode.Accepted)
        {
            throw new InvalidOperationException($"the archive was refused: {said}");
        }

        _job = begun.Headers.Location!.OriginalString;
        await UntilAsync(async () => await PhaseAsync(cancellation) != "making", cancellation);
    }

    /// <summary>Has it turned back into replicas, and waits until it is.</summary>
    public async Task RestoreAsync(CancellationToken cancellation)
    {
        using var begun = await _clients[0].DeleteAsync($"{_nodes[0]!.Resource(Id)}/archive", cancellation);
        _job = begun.EnsureSuccessStatusCode().Headers.Location!.OriginalString;
        await EndAsync(cancellation);
    }

    /// <summary>Whether a chain of programs made what was made last, and none of its nodes had to decode.</summary>
    public void RequireChain()
    {
        var lines = _nodes.SelectMany(node => node!.Process.Text.Split('\n')).ToList();
        if (!lines.Exists(line => line.Contains("is encoded as", StringComparison.Ordinal))
            || lines.Exists(line => line.Contains("came to nothing", StringComparison.Ordinal)))
        {
            throw new InvalidOperationException("no chain of programs made the pieces");
        }
    }

    /// <summary>Kills nodes until five pieces are missing, and waits until they are missed.</summary>
    public async Task KillPiecesAsync(CancellationToken cancellation)
    {
        var left = 5;
        for (var i = 1; i < _nodes.Length && left > 0; i++)
        {
            if (!_nodes[i]!.Process.HasExited && await CountPiecesAsync(i, cancellation) is var count and > 0 && count <= left)
            {
                await _nodes[i]!.Process.KillAsync().WaitAsync(cancellation);
                left -= count;
            }
        }

        await Task.Delay(LatePeriod, cancellation);
    }

    /// <summary>Waits until they are verified and the replicas are gone.</summary>
    public Task EndAsync(CancellationToken cancellation) =>
        UntilAsync(async () => await PhaseAsync(cancellation) == "completed", cancellation);

    /// <summary>Waits until all know what the pieces are.</summary>
    public static Task LearnAsync(CancellationToken cancellation) => Task.Delay(LearnPeriod, cancellation);

    /// <summary>Kills the last node.</summary>
    public Task KillAsync(CancellationToken cancellation) => _nodes[^1]!.Process.KillAsync().WaitAsync(cancellation);

    /// <summary>Waits until those that are left have all pieces; fails when they came in another way than they should.</summary>
    public async Task RepairedAsync(bool isPath, CancellationToken cancellation)
    {
        await UntilAsync(
            async () =>
            {
                var counts = await Task.WhenAll(Enumerable.Range(0, _nodes.Length - 1).Select(i => CountPiecesAsync(i, cancellation)));
                return counts.Sum() >= _nodes.Length;
            },
            cancellation);
        var lines = _nodes.SkipLast(1).SelectMany(node => node!.Process.Text.Split('\n')).ToList();
        var wasPath = lines.Exists(line => line.Contains("along a path of 11 nodes", StringComparison.Ordinal));
        if (wasPath != isPath)
        {
            var failures = lines.Where(line => line.Contains("path of nodes", StringComparison.Ordinal));
            throw new InvalidOperationException($"the piece came {(wasPath ? "" : "not ")}along a path: {string.Join('\n', failures)}");
        }
    }

    /// <summary>Starts a node that has none of it, on the host behind the last, in place of one that was started so before.</summary>
    public async Task StartReaderAsync(CancellationToken cancellation)
    {
        await (_reader?.DisposeAsync() ?? ValueTask.CompletedTask);
        _reader = await StartAsync(_nodes.Length + 1, isPath: false, cancellation, $"reader{_readers++}");
    }

    /// <summary>Reads it there, and fails when it is not these bytes.</summary>
    public Task ReadAsync(string sha256, CancellationToken cancellation) =>
        _reader!.CheckAsync(Id, sha256, rain: false, Limit.TotalSeconds, cancellation);

    public async ValueTask DisposeAsync()
    {
        Array.ForEach(_clients, client => client.Dispose());
        foreach (var node in _nodes.Append(_reader))
        {
            await (node?.DisposeAsync() ?? ValueTask.CompletedTask);
        }

        _folder.Dispose();
    }

    private Task<GatewayNode> StartAsync(int host, bool isPath, CancellationToken cancellation, string? folder = null) =>
        GatewayNode.StartAsync(
        _lab[host], _folder[folder ?? $"node{host}"], HttpPort, RainPort,
        Enumerable.Range(1, _nodes.Length).Where(other => other != host).Select(other => $"{_lab[other].Address}:{RainPort}"),
        [
            $"Urls=http://127.0.0.1:{HttpPort};http://{_lab[host].Address}:{HttpPort}",
            .. isPath ? [$"Cluster:AdvertiseUrl=http://{_lab[host].Address}:{HttpPort}"] : Array.Empty<string>(),
            .. _settings,
        ],
        cancellation);

    private async Task<JsonElement> GetAsync(int node, string path, CancellationToken cancellation)
    {
        using var document = JsonDocument.Parse(await _clients[node].GetStringAsync($"{_nodes[node]!.Url}{path}", cancellation));
        return document.RootElement.Clone();
    }

    private async Task<string> PhaseAsync(CancellationToken cancellation)
    {
        var phase = (await GetAsync(0, _job, cancellation)).GetProperty("phase").GetString()!;
        return phase != "failed" ? phase : throw new InvalidOperationException("the archive failed");
    }

    private async Task<int> CountPiecesAsync(int node, CancellationToken cancellation)
    {
        const string name = "murky_archive_pieces ";
        var metrics = await _clients[node].GetStringAsync($"{_nodes[node]!.Url}/metrics", cancellation);
        var line = metrics.Split('\n').First(text => text.StartsWith(name, StringComparison.Ordinal));
        return int.Parse(line[name.Length..], CultureInfo.InvariantCulture);
    }

    private static async Task UntilAsync(Func<Task<bool>> condition, CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        while (!await condition())
        {
            if (clock.Elapsed > Limit)
            {
                throw new InvalidOperationException("what was waited for did not come");
            }

            await Task.Delay(Poll, cancellation);
        }
    }
}
