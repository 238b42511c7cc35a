using System.Globalization;
using System.IO.Pipelines;
using Benchmarks.Erasure;
using Benchmarks.Processes;
using PouringRain.Coding.Erasure;
using PouringRain.Coding.Kernels;

namespace Benchmarks.Archive;

/// <summary>What is done without a pipeline: on the first host of a lab somebody downloads the eleven parts from eleven others, encodes the
/// five further pieces as the bytes come, and uploads them to five nodes, all at once. Nodes keep what they get, and copy
/// nothing.</summary>
internal sealed class SingleNode : IAsyncDisposable
{
    private const int HttpPort = 8080, RainPort = 1980, StartsAtOnce = 4, StretchBytes = 64 * 1024;

    private static readonly ErasureCode Code = ErasureCodes.RapidRaid;

    private readonly TemporaryFolder _folder = new();
    private readonly GatewayNode?[] _nodes;
    private readonly HttpClient _client;
    private readonly Netlab _lab;
    private long _partBytes;

    private SingleNode(Netlab lab, int nodeCount) =>
        (_lab, _nodes, _client) = (lab, new GatewayNode?[nodeCount], HostHttp.Client(lab[1]));

    /// <summary>What multiplies.</summary>
    public string Kernel { get; } = IsaL.TryCreate([1], 1) is null ? SymbolKernels.Best.Name : "ISA-L";

    /// <summary>Starts the nodes that have the parts, and get the pieces.</summary>
    public static async Task<SingleNode> StartAsync(Netlab lab, int nodeCount, string[] settings, CancellationToken cancellation)
    {
        var single = new SingleNode(lab, nodeCount);
        try
        {
            var parallel = new ParallelOptions { MaxDegreeOfParallelism = StartsAtOnce, CancellationToken = cancellation };
            await Parallel.ForEachAsync(Enumerable.Range(2, nodeCount - 1), parallel, async (host, stop) =>
                single._nodes[host - 1] = await GatewayNode.StartAsync(
                    lab[host], single._folder[$"node{host}"], HttpPort, RainPort, [],
                    [$"Urls=http://127.0.0.1:{HttpPort};http://{lab[host].Address}:{HttpPort}", "Cluster:Replicas=1", .. settings], stop));
            return single;
        }
        catch
        {
            await single.DisposeAsync();
            throw;
        }
    }

    /// <summary>Puts a part of so many bytes at each of eleven nodes.</summary>
    public async Task PutPartsAsync(long bytes, CancellationToken cancellation)
    {
        _partBytes = bytes;
        for (var part = 0; part < Code.PartCount; part++)
        {
            await _folder.WriteFileAsync("part", bytes, part + 1, cancellation);
            await _nodes[part + 1]!.PutAsync((ulong)part + 1, _folder["part"], cancellation);
        }
    }

    /// <summary>Downloads, encodes, uploads.</summary>
    public async Task EncodeAsync(CancellationToken cancellation)
    {
        var further = Code.PieceCount - Code.PartCount;
        var matrix = Enumerable.Range(Code.PartCount, further).SelectMany(piece => Code.RowOf(piece).ToArray()).ToArray();
        var source = GC.AllocateArray<byte>(Code.PartCount * StretchBytes, pinned: true);
        var target = GC.AllocateArray<byte>(further * StretchBytes, pinned: true);
        var product = IsaL.TryCreate(matrix, further)?.Product(target, StretchBytes, source, StretchBytes, StretchBytes)
            ?? (() => SymbolKernels.Best.Combine(
                target, StretchBytes, source, StretchBytes, matrix, further, StretchBytes, accumulate: false));
        var parts = await Task.WhenAll(Enumerable.Range(0, Code.PartCount).Select(
            part => _client.GetStreamAsync(UriOf(part + 2, part + 1), cancellation)));
        var pipes = Enumerable.Range(0, further).Select(_ => new Pipe()).ToArray();
        var uploads = pipes.Select(async (pipe, i) =>
        {
            using var content = new StreamContent(pipe.Reader.AsStream());
            content.Headers.ContentLength = _partBytes;
            using var answer = await _client.PutAsync(UriOf(Code.PartCount + 1 + i, 100 + i), content, cancellation);
            answer.EnsureSuccessStatusCode();
        }).ToList();
        for (var done = 0L; done < _partBytes; done += StretchBytes)
        {
            var count = (int)Math.Min(StretchBytes, _partBytes - done);
            await Task.WhenAll(parts.Select(
                (stream, part) => stream.ReadExactlyAsync(source.AsMemory(part * StretchBytes, count), cancellation).AsTask()));
            product();
            await Task.WhenAll(pipes.Select(
                (pipe, i) => pipe.Writer.WriteAsync(target.AsMemory(i * StretchBytes, count), cancellation).AsTask()));
        }

        foreach (var pipe in pipes)
        {
            await pipe.Writer.CompleteAsync();
        }

        await Task.WhenAll(uploads);
        Array.ForEach(parts, stream => stream.Dispose());
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        foreach (var node in _nodes)
        {
            await (node?.DisposeAsync() ?? ValueTask.CompletedTask);
        }

        _folder.Dispose();
    }

    private Uri UriOf(int host, int id) => new(string.Create(
        CultureInfo.InvariantCulture, $"http://{_lab[host].Address}:{HttpPort}/resources/{id}"));
}
