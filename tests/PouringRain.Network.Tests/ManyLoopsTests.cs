using System.Net.Sockets;
using System.Security.Cryptography;
using PouringRain.Protocol;

namespace PouringRain.Network.Tests;

/// <summary>One endpoint served by several loops.</summary>
public class ManyLoopsTests
{
    private const int LoopCount = 4, ClientCount = 50, Length = 200_000;
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(60);
    private static readonly ResourceId Id = new(1);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("127.0.0.1:0", false)]
    [InlineData("127.0.0.1:0", true)]
    [InlineData("[::]:0", false)]
    public async Task Clients_of_one_port_are_served_by_all_its_loops(string listen, bool isSealed)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "SO_REUSEPORT divides datagrams on Linux alone");
        var bytes = new byte[Length];
        new Random(1).NextBytes(bytes);
        var seal = isSealed ? new SealSettings("a secret of this test"u8.ToArray()) : null;
        await using var cloud = new Cloud(1, Id, bytes, listen: listen, seal: seal, loopCount: LoopCount);
        var listener = cloud.Listeners[0];
        Assert.NotEqual(0, listener.LocalEndPoint.Port);
        Assert.Equal(LoopCount, listener.DropletsByLoop.Count);
        var clients = Enumerable.Range(0, ClientCount)
            .Select(_ => new RainClient(new RainClientOptions { WorkerCount = 1, ReceiveBufferBytes = 256 * 1024, Seal = seal })).ToList();
        try
        {
            var ended = await Task.WhenAll(clients.Select(client => FetchAsync(client, cloud))).WaitAsync(Soon, Token);
            Assert.All(ended, one => Assert.Equal(FetchEndReason.Completed, one.Reason));
            Assert.All(ended, one => Assert.Equal(bytes, one.Bytes));
        }
        finally
        {
            foreach (var client in clients)
            {
                await client.DisposeAsync();
            }
        }

        // By chance one loop would have none of 50 clients in one run of 400,000.
        var byLoop = listener.DropletsByLoop;
        Assert.All(byLoop, droplets => Assert.InRange(droplets, 1, long.MaxValue));
        Assert.Equal(byLoop.Sum(), listener.Figures.Droplets);
        Assert.InRange(listener.Figures.Bytes, (long)ClientCount * Length, 2L * ClientCount * Length);
        if (seal is not null)
        {
            // Nobody took one loop's sender for another's.
            Assert.Equal(0, seal.Account.Dropped["refused"]);
        }
    }

    [Fact]
    public async Task The_subscriber_table_is_that_of_all_loops()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "SO_REUSEPORT divides datagrams on Linux alone");
        await using var cloud = new Cloud(1, Id, new byte[3_000_000], loopCount: LoopCount);
        var listener = cloud.Listeners[0];
        var clients = Enumerable.Range(0, ClientCount)
            .Select(_ => new RainClient(new RainClientOptions { WorkerCount = 1, ReceiveBufferBytes = 256 * 1024 })).ToList();
        using var mayEnd = new ManualResetEventSlim();
        try
        {
            // None of them gets to its end, at which it would leave the table.
            var handles = clients.Select(client => client.StartFetch(
                cloud.Request(Id), new FetchOptions { DiscoveryTimeout = Soon, StallTimeout = Soon },
                new MemorySink { BeforeBlock = _ => mayEnd.Wait() })).ToList();
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(Token);
            limit.CancelAfter(Soon);
            SubscriberSnapshot[] rows;
            while ((rows = await listener.GetSubscribersAsync()).Length < ClientCount)
            {
                await Task.Delay(20, limit.Token);
            }

            Assert.Equal(ClientCount, rows.Length);
            Assert.Equal(ClientCount, listener.Figures.Subscribers);
            Assert.All(handles, handle => Assert.False(handle.Completion.IsCompleted));
        }
        finally
        {
            mayEnd.Set();
            foreach (var client in clients)
            {
                await client.DisposeAsync();
            }
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(LoopCount)]
    public async Task A_second_listener_finds_the_port_taken(int loopCount)
    {
        await using var cloud = new Cloud(1, Id, new byte[100], loopCount: LoopCount);
        var taken = cloud.Listeners[0].LocalEndPoint;
        var refused = Assert.Throws<SocketException>(() => new RainListener(
            taken, new RainServerOptions { TokenKey = RandomNumberGenerator.GetBytes(32) }, cloud.Catalog, _ => { }, loopCount: loopCount));
        Assert.Equal(SocketError.AddressAlreadyInUse, refused.SocketErrorCode);
    }

    [Fact]
    public async Task Fetches_are_spread_over_the_loops_of_a_client()
    {
        var bytes = new byte[Length];
        new Random(2).NextBytes(bytes);
        await using var cloud = new Cloud(2, Id, bytes, loopCount: 2);
        await using var client = new RainClient(new RainClientOptions { LoopCount = 3 });
        var ended = await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => FetchAsync(client, cloud))).WaitAsync(Soon, Token);
        Assert.All(ended, one => Assert.Equal(FetchEndReason.Completed, one.Reason));
        Assert.All(ended, one => Assert.Equal(bytes, one.Bytes));
        Assert.Equal([4, 4, 4], client.FetchesByLoop);
    }

    private static async Task<(FetchEndReason Reason, byte[] Bytes)> FetchAsync(RainClient client, Cloud cloud)
    {
        var sink = new MemorySink();
        var handle = client.StartFetch(cloud.Request(Id), new FetchOptions { DiscoveryTimeout = Soon }, sink);
        return (await handle.Completion, sink.Bytes);
    }
}
