using System.Net;
using MurkyWaters.Backing;
using PouringRain.Protocol;

namespace MurkyWaters.Tests.Backing;

/// <summary>A node with an object store under it, that knows no other node unless it is told.</summary>
internal sealed class BackedNode : IAsyncDisposable
{
    private BackedNode(MurkyNode node, TestLoggers loggers) => (Node, Loggers) = (node, loggers);

    public MurkyNode Node { get; }

    public TestLoggers Loggers { get; }

    public BackingFigures Figures => Node.BackingFigures!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static async Task<BackedNode> StartAsync(
        string path, IBlobBackEnd? backEnd, Func<MurkyOptions, MurkyOptions>? configure = null)
    {
        var servers = path + ".servers.json";
        await File.WriteAllTextAsync(servers, "[]", Token);
        var options = new MurkyOptions
        {
            StorePath = path,
            Listen = [new IPEndPoint(IPAddress.Loopback, 0)],
            ServersFile = servers,
            BlockSize = 64 * 1024,
            SymbolSize = 1024,
            Fetch = new FetchOptions { DiscoveryTimeout = TimeSpan.FromSeconds(1), StallTimeout = TimeSpan.FromSeconds(5) },
            BackEnd = backEnd,
            BackingDelay = TimeSpan.Zero,
        };
        var loggers = new TestLoggers(Path.GetFileName(path));
        return new BackedNode(await MurkyNode.StartAsync(configure?.Invoke(options) ?? options, loggers, Token), loggers);
    }

    public async Task<StoredResource> PutAsync(ulong id, byte[] bytes)
    {
        await using var upload = Node.BeginUpload(new UploadOptions { Id = new ResourceId(id), Length = bytes.Length });
        await upload.WriteAsync(bytes, Token);
        return (await upload.CommitAsync(Token)).Resource!;
    }

    public async Task<OpenStatus> DeleteAsync(ulong id)
    {
        Assert.Equal(DeleteOutcome.Deleted, (await Node.DeleteAsync(new ResourceId(id), _ => true, Token)).Outcome);
        return OpenStatus.Deleted;
    }

    public Task<OpenResult> OpenAsync(ulong id, long offset = 0, long length = long.MaxValue) =>
        Node.OpenAsync(new ResourceId(id), new OpenOptions { DemandOffset = offset, DemandLength = length }, Token);

    public async Task<OpenStatus> StatusOfAsync(ulong id)
    {
        var result = await OpenAsync(id, 0, 0);
        await (result.Reader?.DisposeAsync() ?? ValueTask.CompletedTask);
        return result.Status;
    }

    public async Task<byte[]> GetAsync(ulong id)
    {
        var result = await OpenAsync(id);
        Assert.Equal(OpenStatus.Found, result.Status);
        await using var reader = result.Reader!;
        return await Bytes.ReadAllAsync(reader);
    }

    /// <summary>Waits until nothing waits any more. What waits is counted now and then, and a new store is queued beside what is put: so
    /// for a few looks.</summary>
    public async Task SettleAsync(int count)
    {
        var looks = 0;
        await WaitAsync(figures => (looks = figures.Settled >= count && figures.Waiting == 0 ? looks + 1 : 0) > 5);
    }

    public async Task WaitAsync(Func<BackingFigures, bool> condition)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, Token);
        while (!condition(Figures))
        {
            await Task.Delay(20, both.Token);
        }
    }

    public ValueTask DisposeAsync() => Node.DisposeAsync();
}
