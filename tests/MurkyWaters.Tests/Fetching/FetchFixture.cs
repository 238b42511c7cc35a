using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using PouringRain.Protocol;

namespace MurkyWaters.Tests.Fetching;

/// <summary>A node without listeners on a network in memory, with servers to fetch from.</summary>
internal sealed class FetchFixture : IAsyncDisposable
{
    public const int BlockSize = 1000;

    public static readonly ResourceId Id = new(1);

    private readonly TemporaryFolder _folder = new();

    private FetchFixture(int serverCount) =>
        Servers = [.. Enumerable.Range(0, serverCount).Select(i => PeerAddress.FromIPv4(0x7F00_0001, (ushort)(1 + i)))];

    public PeerAddress[] Servers { get; }

    public MemoryRain Rain { get; } = new();

    public MurkyNode Node { get; private set; } = null!;

    public string StorePath => _folder["store"];

    public string ServersFile => _folder["servers.json"];

    public static async Task<FetchFixture> StartAsync(int serverCount = 3, Func<MurkyOptions, MurkyOptions>? configure = null)
    {
        var fixture = new FetchFixture(serverCount);
        await File.WriteAllTextAsync(
            fixture.ServersFile,
            JsonSerializer.Serialize(fixture.Servers.Select(server => new { host = "127.0.0.1", port = (int)server.Port })),
            TestContext.Current.CancellationToken);
        await fixture.RestartAsync(configure);
        return fixture;
    }

    /// <summary>Starts the node, or another one on what it has left on disk.</summary>
    public async Task RestartAsync(Func<MurkyOptions, MurkyOptions>? configure = null)
    {
        if (Node is not null)
        {
            await Node.DisposeAsync();
        }

        var options = new MurkyOptions
        {
            StorePath = StorePath,
            Listen = [],
            ServersFile = ServersFile,
            BlockSize = BlockSize,
            InlineBytes = 0,
            SymbolSize = 100,
            Transport = Rain,
            FetchGrace = TimeSpan.Zero,
        };
        Node = await MurkyNode.StartAsync(
            configure?.Invoke(options) ?? options, NullLoggerFactory.Instance, TestContext.Current.CancellationToken);
    }

    /// <summary>Makes a version and gives it to servers.</summary>
    public Manifest Offer(byte[] bytes, long stamp = 1, params PeerAddress[] servers)
    {
        Assert.True(ResourceLayout.TryCreate(bytes.Length, BlockSize, 100, out var layout));
        var manifest = Manifest.Create(
            layout, "lt", stamp, Sha256Digest.Of(bytes), "text/plain", null, BlockDigest.OfBlocks(layout, bytes));
        foreach (var server in servers.Length == 0 ? Servers : servers)
        {
            Rain.Hold(server, Id, manifest, bytes);
        }

        return manifest;
    }

    public Task<OpenResult> OpenAsync(OpenSource source = OpenSource.Any, long offset = 0, long length = long.MaxValue) =>
        Node.OpenAsync(
            Id, new OpenOptions { Source = source, DemandOffset = offset, DemandLength = length }, TestContext.Current.CancellationToken);

    public async Task<byte[]> ReadAllAsync(OpenSource source = OpenSource.Any)
    {
        var result = await OpenAsync(source);
        Assert.Equal(OpenStatus.Found, result.Status);
        await using var reader = result.Reader!;
        return await Bytes.ReadAllAsync(reader);
    }

    /// <summary>Waits, in turns of the scheduler and up to ten seconds, for what happens in the background.</summary>
    public static Task EventuallyAsync(Func<bool> condition, string what) => EventuallyAsync(condition, what, TimeSpan.FromSeconds(10), 1);

    /// <summary>Waits that long for what happens in the background, and looks after so many milliseconds each.</summary>
    public static async Task EventuallyAsync(Func<bool> condition, string what, TimeSpan patience, int intervalMs = 10)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(began) < patience, $"It never came to be: {what}.");
            await Task.Delay(intervalMs, TestContext.Current.CancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        Rain.Pace?.Release(1_000_000);
        await Node.DisposeAsync();
        _folder.Dispose();
    }
}
