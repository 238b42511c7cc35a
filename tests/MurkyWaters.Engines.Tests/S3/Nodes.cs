using System.Net;
using Ceph;
using MurkyWaters.Engines.S3;
using MurkyWaters.Tests;
using PouringRain.Protocol;

namespace MurkyWaters.Engines.Tests.S3;

/// <summary>A node with a real object store under it.</summary>
internal sealed class Nodes : IAsyncDisposable
{
    private Nodes(MurkyNode node, TestLoggers loggers) => (Node, Loggers) = (node, loggers);

    public MurkyNode Node { get; }

    public TestLoggers Loggers { get; }

    public BackingFigures Figures => Node.BackingFigures!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static S3Settings Settings(CephStore ceph, string endpoint) => new()
    {
        Endpoint = endpoint,
        Bucket = CephStore.Bucket,
        AccessKey = CephStore.AccessKey,
        SecretKey = CephStore.SecretKey,
        Patience = TimeSpan.FromSeconds(10),
    };

    public static async Task<Nodes> StartAsync(string path, S3Settings settings)
    {
        Directory.CreateDirectory(path);
        var servers = Path.Combine(path, "servers.json");
        await File.WriteAllTextAsync(servers, "[]", Token);
        var loggers = new TestLoggers(Path.GetFileName(path));
        return new Nodes(
            await MurkyNode.StartAsync(
                new MurkyOptions
                {
                    StorePath = Path.Combine(path, "data"),
                    Listen = [new IPEndPoint(IPAddress.Loopback, 0)],
                    ServersFile = servers,
                    Fetch = new FetchOptions { StallTimeout = TimeSpan.FromMinutes(1) },
                    BackEnd = new S3BackEnd(settings, TimeProvider.System),
                },
                loggers, Token),
            loggers);
    }

    public async Task<Sha256Digest> PutAsync(ulong id, byte[] bytes)
    {
        await using var upload = Node.BeginUpload(new UploadOptions { Id = new ResourceId(id), Length = bytes.Length });
        await upload.WriteAsync(bytes, Token);
        return (await upload.CommitAsync(Token)).Resource!.Manifest.Version;
    }

    public Task<OpenResult> OpenAsync(ulong id, long offset = 0, long length = long.MaxValue) =>
        Node.OpenAsync(new ResourceId(id), new OpenOptions { DemandOffset = offset, DemandLength = length }, Token);

    public async Task<byte[]> ReadAsync(ulong id, int offset, int count)
    {
        var result = await OpenAsync(id, offset, count);
        Assert.Equal(OpenStatus.Found, result.Status);
        await using var reader = result.Reader!;
        var bytes = new byte[Math.Min(count, reader.Manifest.Layout.Length - offset)];
        for (var at = 0; at < bytes.Length;)
        {
            at += await reader.ReadAsync(offset + at, bytes.AsMemory(at), Token);
        }

        return bytes;
    }

    /// <summary>Waits until nothing waits, for a few looks: what waits is counted now and then.</summary>
    public async Task SettleAsync(int count)
    {
        var looks = 0;
        await WaitAsync(figures => (looks = figures.Settled >= count && figures.Waiting == 0 ? looks + 1 : 0) > 5);
    }

    public async Task WaitAsync(Func<BackingFigures, bool> condition)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, Token);
        while (!condition(Figures))
        {
            await Task.Delay(20, both.Token);
        }
    }

    public ValueTask DisposeAsync() => Node.DisposeAsync();
}
