using System.Net;
using System.Text.Json;
using PouringRain.Protocol;

namespace MurkyWaters.Tests.Network;

/// <summary>Nodes in one process on loopback, each with a folder of its own, that know each other.</summary>
internal sealed class NodeCloud : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly List<MurkyNode?> _nodes = [];
    private readonly List<int> _ports = [];
    private readonly List<TestLoggers> _loggers = [];
    private readonly Func<int, MurkyOptions, MurkyOptions>? _configure;

    private NodeCloud(Func<int, MurkyOptions, MurkyOptions>? configure) => _configure = configure;

    public MurkyNode this[int index] => _nodes[index]!;

    /// <summary>What the nodes logged with an exception, all their lives.</summary>
    public IEnumerable<string> Failures => _loggers.SelectMany(loggers => loggers.Failures);

    /// <summary>What the nodes logged, all their lives.</summary>
    public IEnumerable<string> Lines => _loggers.SelectMany(loggers => loggers.Lines);

    /// <summary>The nodes that run.</summary>
    public IEnumerable<MurkyNode> Running => _nodes.OfType<MurkyNode>();

    public string PathOf(int index) => _folder[$"node{index}"];

    public string EndpointOf(int index) => $"127.0.0.1:{_ports[index]}";

    public static async Task<NodeCloud> StartAsync(int count, Func<int, MurkyOptions, MurkyOptions>? configure = null)
    {
        var cloud = new NodeCloud(configure);
        for (var i = 0; i < count; i++)
        {
            cloud._nodes.Add(null);
            cloud._ports.Add(0);
            await cloud.StartAsync(i);
        }

        // Ports are known now; everybody learns of everybody.
        await File.WriteAllTextAsync(
            cloud._folder["servers.json"],
            JsonSerializer.Serialize(cloud._ports.Select(port => new { host = "127.0.0.1", port })),
            TestContext.Current.CancellationToken);
        foreach (var node in cloud._nodes)
        {
            foreach (var port in cloud._ports)
            {
                node!.AddServer("127.0.0.1", port);
            }
        }

        return cloud;
    }

    public async Task StartAsync(int index)
    {
        var options = new MurkyOptions
        {
            StorePath = PathOf(index),
            Listen = [new IPEndPoint(IPAddress.Loopback, _ports[index])],
            ServersFile = _folder["servers.json"],
            BlockSize = 64 * 1024,
            SymbolSize = 1024,
            Cluster = new() { Replicas = 0 },
            Code = PouringRain.Coding.FountainCodes.All[0].Name,
            Fetch = new FetchOptions { DiscoveryTimeout = TimeSpan.FromSeconds(1), StallTimeout = TimeSpan.FromSeconds(2) },
        };
        var loggers = new TestLoggers($"node {index}");
        _loggers.Add(loggers);
        var node = await MurkyNode.StartAsync(
            _configure?.Invoke(index, options) ?? options, loggers, TestContext.Current.CancellationToken);
        _nodes[index] = node;
        _ports[index] = node.ListenEndPoints[0].Port;
    }

    /// <summary>Starts another one, that all others are told of.</summary>
    /// <returns>Its index.</returns>
    public async Task<int> JoinAsync()
    {
        var index = _nodes.Count;
        _nodes.Add(null);
        _ports.Add(0);
        await StartAsync(index);
        foreach (var node in Running.Where(node => node != this[index]))
        {
            node.AddServer("127.0.0.1", _ports[index]);
            this[index].AddServer("127.0.0.1", node.ListenEndPoints[0].Port);
        }

        return index;
    }

    public async Task StopAsync(int index)
    {
        await _nodes[index]!.DisposeAsync();
        _nodes[index] = null;
    }

    public async Task<StoredResource> PutAsync(int index, ulong id, byte[] bytes, string? code = null, string? contentType = null)
    {
        await using var upload = this[index].BeginUpload(
            new UploadOptions { Id = new ResourceId(id), Length = bytes.Length, Code = code, ContentType = contentType });
        await upload.WriteAsync(bytes, TestContext.Current.CancellationToken);
        return (await upload.CommitAsync(TestContext.Current.CancellationToken)).Resource!;
    }

    public async Task<byte[]> GetAsync(int index, ulong id, OpenSource source = OpenSource.Any)
    {
        var result = await this[index].OpenAsync(
            new ResourceId(id), new OpenOptions { Source = source }, TestContext.Current.CancellationToken);
        Assert.Equal(OpenStatus.Found, result.Status);
        await using var reader = result.Reader!;
        return await Bytes.ReadAllAsync(reader);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
        {
            if (node is not null)
            {
                await node.DisposeAsync();
            }
        }

        _folder.Dispose();
    }
}
