using System.Net;
using System.Net.Sockets;
using OldRain;
using PouringRain.Protocol;
using PouringRain.Protocol.Classic;

namespace PouringRain.Network.Tests;

/// <summary>Wire format 1 on real sockets, against nodes of that time written from its description alone.</summary>
public class ClassicRainTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(30);
    private static readonly ResourceId Id = new(0x1122_3344_5566_7788);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(64)]
    [InlineData(100_000)]
    [InlineData(ClassicFormat.LengthMax)]
    public async Task A_client_of_2012_gets_a_resource(int length)
    {
        var bytes = Bytes(length);
        await using var listener = Listen(bytes, "127.0.0.0/8");
        await using var client = new OldNode();
        client.AddServer(listener.LocalEndPoint);
        Assert.Equal(bytes, await client.GetAsync(Id.Value).WaitAsync(Soon, Token));
    }

    [Fact]
    public async Task A_client_outside_the_allowed_networks_hears_nothing()
    {
        await using var listener = Listen(Bytes(1000), "10.0.0.0/8");
        await using var client = new OldNode { Patience = TimeSpan.FromSeconds(1) };
        client.AddServer(listener.LocalEndPoint);
        Assert.Null(await client.GetAsync(Id.Value));
    }

    [Fact]
    public async Task A_node_of_2012_may_propagate()
    {
        var asked = new TaskCompletionSource<ClassicPropagateRequest>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var listener = Listen([], "127.0.0.0/8", asked.SetResult);
        await using var node = new OldNode();
        node.AddServer(listener.LocalEndPoint);
        node.Put(Id.Value, [1]);

        // It comes from a port of no meaning, and names the one where the node listens.
        Assert.Equal(new ClassicPropagateRequest(Id, PeerAddress.From(node.EndPoint)), await asked.Task.WaitAsync(Soon, Token));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(65)]
    [InlineData(300_000)]
    [InlineData(ClassicFormat.LengthMax)]
    public async Task A_server_of_2012_which_streams_from_another_socket_is_fetched_from(int length)
    {
        var bytes = Bytes(length);
        await using var server = MakeOldNode(bytes);
        await using var client = new RainClient(new RainClientOptions());
        Assert.Equal(bytes, await client.FetchClassicAsync(Id, PeerAddress.From(server.EndPoint), Soon, Token).WaitAsync(Soon, Token));
        while (server.SubscriberCount > 0)
        {
            await Task.Delay(1, Token);
        }
    }

    [Fact]
    public async Task A_server_of_2012_is_fetched_from_over_ipv6()
    {
        Assert.SkipUnless(Socket.OSSupportsIPv6, "There is no IPv6 here.");
        var bytes = Bytes(100_000);
        await using var server = MakeOldNode(bytes, IPAddress.IPv6Loopback);
        await using var client = new RainClient(new RainClientOptions());
        Assert.Equal(bytes, await client.FetchClassicAsync(Id, PeerAddress.From(server.EndPoint), Soon, Token).WaitAsync(Soon, Token));
    }

    [Fact]
    public async Task Servers_of_2012_at_one_address_are_told_apart()
    {
        var (first, second) = (Bytes(1000), Bytes(1001));
        await using var firstServer = MakeOldNode(first);
        await using var secondServer = MakeOldNode(second);
        await using var client = new RainClient(new RainClientOptions());
        var fetches = new[] { firstServer, secondServer }
            .Select(server => client.FetchClassicAsync(Id, PeerAddress.From(server.EndPoint), Soon, Token)).ToArray();
        Assert.Equal([first, second], await Task.WhenAll(fetches).WaitAsync(Soon, Token));
    }

    [Fact]
    public async Task A_server_of_2012_is_fetched_from_over_a_bad_network()
    {
        var bytes = Bytes(300_000);
        await using var server = MakeOldNode(bytes);
        await using var client = new RainClient(new RainClientOptions { Faults = new DatagramFaults(0.1, 0.1, 0.1, 9) });
        Assert.Equal(bytes, await client.FetchClassicAsync(Id, PeerAddress.From(server.EndPoint), Soon, Token).WaitAsync(Soon, Token));
    }

    [Fact]
    public async Task A_server_that_has_nothing_is_given_up_after_a_silence()
    {
        await using var server = new OldNode();
        await using var client = new RainClient(new RainClientOptions());
        var started = MonotonicClock.Now;
        Assert.Null(await client.FetchClassicAsync(Id, PeerAddress.From(server.EndPoint), TimeSpan.FromMilliseconds(200), Token));
        Assert.InRange((MonotonicClock.Now - started).TotalSeconds, 0.19, 5);
    }

    [Fact]
    public async Task A_node_of_2012_is_told_and_fetches()
    {
        var bytes = Bytes(50_000);
        await using var listener = Listen(bytes, "127.0.0.0/8");
        await using var node = new OldNode();
        await using var client = new RainClient(new RainClientOptions());
        client.PropagateClassic(Id, (ushort)listener.LocalEndPoint.Port, PeerAddress.From(node.EndPoint));
        while (!node.Resources.ContainsKey(Id.Value))
        {
            await Task.Delay(1, Token);
        }

        Assert.Equal(bytes, node.Resources[Id.Value]);
    }

    [Fact]
    public async Task One_node_of_this_time_serves_another_in_the_old_format()
    {
        var bytes = Bytes(1_000_000);
        await using var listener = Listen(bytes, "127.0.0.0/8");
        await using var client = new RainClient(new RainClientOptions());
        var fetches = Enumerable.Range(0, 12)
            .Select(_ => client.FetchClassicAsync(Id, PeerAddress.From(listener.LocalEndPoint), null, Token)).ToArray();
        foreach (var fetched in await Task.WhenAll(fetches).WaitAsync(Soon, Token))
        {
            Assert.Equal(bytes, fetched);
        }
    }

    private static RainListener Listen(byte[] bytes, string allowed, Action<ClassicPropagateRequest>? onPropagate = null)
    {
        var catalog = new MemoryCatalog();
        catalog.Add(Id, bytes, 1024 * 1024, 1408);
        var options = new ClassicServerOptions
        {
            Allowed = [IPNetwork.Parse(allowed)],
            RateBytesPerSecond = 100_000_000,

            // Some clients of these tests are many at one address.
            Budget = new ClassicBudget(bytesPerAddress: 1_000_000_000),
        };
        return new RainListener(
            new IPEndPoint(IPAddress.Loopback, 0), new RainServerOptions { TokenKey = new byte[32] }, catalog, _ => { },
            classic: new ClassicRain(options, catalog, onPropagate ?? (_ => { })));
    }

    private static OldNode MakeOldNode(byte[] bytes, IPAddress? address = null)
    {
        var node = new OldNode(address);
        node.Resources[Id.Value] = bytes;
        return node;
    }

    private static byte[] Bytes(int length)
    {
        var bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        return bytes;
    }
}
