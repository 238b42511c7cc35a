using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using PouringRain.Protocol;

namespace PouringRain.Network.Tests;

/// <summary>A catalog that has to load what it is asked for: late, never, and in vain.</summary>
public sealed class LateCatalogTests : IAsyncLifetime
{
    private const byte Offer = 0x28, NotFound = 0x2B;
    private static readonly ResourceId AtHand = new(1), Slow = new(2), Absent = new(3);
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(30);

    private readonly LateCatalog _catalog = new();
    private readonly byte[] _bytes = new byte[200_000];
    private readonly UdpClient _socket = new(new IPEndPoint(IPAddress.Loopback, 0));
    private RainListener _listener = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private PeerAddress Server => PeerAddress.From(_listener.LocalEndPoint);

    public ValueTask InitializeAsync()
    {
        new Random(1).NextBytes(_bytes);
        _catalog.Memory.Add(AtHand, _bytes);
        _catalog.Memory.Add(Slow, _bytes);
        _catalog.Release(AtHand);
        _listener = new RainListener(
            IPEndPoint.Parse("127.0.0.1:0"), new RainServerOptions { TokenKey = new byte[32] }, _catalog, _ => { }, loopCount: 1);
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await _listener.DisposeAsync();
        _socket.Dispose();
    }

    /// <summary>Asked once, it answers once, when it can.</summary>
    [Fact]
    public async Task What_is_loaded_late_is_answered_late()
    {
        await AskAsync(Slow, 1);
        await _catalog.Asked(Slow).WaitAsync(Soon, Token);
        Assert.Equal(0, _socket.Available);

        // Whoever asks for what is at hand does not wait.
        await AskAsync(AtHand, 2);
        Assert.Equal(Offer, await ReceiveAsync());
        Assert.Equal(0, _socket.Available);

        _catalog.Release(Slow);
        Assert.Equal(Offer, await ReceiveAsync());
        Assert.Equal(0, _listener.AwaitedDropped);
    }

    [Fact]
    public async Task What_is_not_found_late_is_said_late()
    {
        await AskAsync(Absent, 1);
        await _catalog.Asked(Absent).WaitAsync(Soon, Token);
        Assert.Equal(0, _socket.Available);

        _catalog.Release(Absent);
        Assert.Equal(NotFound, await ReceiveAsync());
    }

    [Fact]
    public async Task What_is_never_loaded_costs_no_more_than_the_bounds()
    {
        var asked = 0UL;
        while (_listener.AwaitedDropped == 0)
        {
            await AskAsync(Slow, ++asked);
            Assert.InRange(asked, 0ul, 100_000ul);
        }

        // Not a moment before they are full.
        Assert.InRange(asked, (ulong)AwaitedDatagrams.BytesMax / 1500, 100_000ul);
        await AskAsync(AtHand, ++asked);
        Assert.Equal(Offer, await ReceiveAsync());
    }

    [Fact]
    public async Task A_fetch_goes_through_a_catalog_that_forgets_and_loads()
    {
        _catalog.Release(Slow);
        await using var client = new RainClient(new RainClientOptions());
        var sink = new MemorySink();
        using var forgetting = new Timer(_ => _catalog.Forget(Slow), null, TimeSpan.Zero, TimeSpan.FromMilliseconds(3));
        using var loading = new Timer(_ => _catalog.Release(Slow), null, TimeSpan.FromMilliseconds(2), TimeSpan.FromMilliseconds(5));
        var handle = client.StartFetch(
            new FetchRequest { Resource = Slow, Servers = [Server] }, new FetchOptions { DiscoveryTimeout = Soon }, sink);
        Assert.Equal(FetchEndReason.Completed, await handle.Completion.WaitAsync(Soon, Token));
        Assert.Equal(_bytes, sink.Bytes);
    }

    /// <summary>The first SUBSCRIBE of a fetch.</summary>
    private async Task AskAsync(ResourceId resource, ulong seed)
    {
        var now = new Instant(1_000_000_000);
        using var fetch = new Fetch(
            new FetchOptions(), new FetchRequest { Resource = resource, Servers = [Server] }, new TokenCache(), seed, now);
        var buffer = new byte[1500];
        Assert.True(fetch.TryPollTransmit(now, buffer, out var transmit));
        await _socket.SendAsync(buffer.AsMemory(0, transmit.Length), _listener.LocalEndPoint, Token);
    }

    private async Task<byte> ReceiveAsync() => (await _socket.ReceiveAsync(Token).AsTask().WaitAsync(Soon, Token)).Buffer[1];

    private sealed class LateCatalog : IRainCatalog
    {
        private readonly ConcurrentDictionary<ResourceId, bool> _loaded = new();
        private readonly ConcurrentDictionary<ResourceId, TaskCompletionSource> _asked = new();

        public event Action<ResourceId>? Loaded;

        public MemoryCatalog Memory { get; } = new();

        public Task Asked(ResourceId id) => SourceOf(id).Task;

        public void Release(ResourceId id)
        {
            _loaded[id] = true;
            Loaded?.Invoke(id);
        }

        public void Forget(ResourceId id) => _loaded.TryRemove(id, out _);

        public CatalogAnswer Find(ResourceId id, out IRainContent? content)
        {
            content = null;
            var answer = _loaded.ContainsKey(id) ? Memory.Find(id, out content) : CatalogAnswer.Loading;
            SourceOf(id).TrySetResult();
            return answer;
        }

        public CatalogAnswer Find(ResourceId id, ulong versionTag, out IRainContent? content)
        {
            content = null;
            return _loaded.ContainsKey(id) ? Memory.Find(id, versionTag, out content) : CatalogAnswer.Loading;
        }

        private TaskCompletionSource SourceOf(ResourceId id) =>
            _asked.GetOrAdd(id, _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
    }
}
