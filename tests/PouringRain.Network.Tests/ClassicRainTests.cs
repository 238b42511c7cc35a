using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Numerics;
using PouringRain.Protocol;
using PouringRain.Protocol.Classic;

namespace PouringRain.Network.Tests;

/// <summary>Wire format 1 on real sockets, against a client and a server of that format written here, from its description alone.</summary>
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
        Assert.Equal(bytes, OldClient(listener.LocalEndPoint, Id.Value));
    }

    [Fact]
    public async Task A_client_outside_the_allowed_networks_hears_nothing()
    {
        await using var listener = Listen(Bytes(1000), "10.0.0.0/8");
        Assert.Null(OldClient(listener.LocalEndPoint, Id.Value));
    }

    [Fact]
    public async Task A_node_of_2012_may_propagate()
    {
        var asked = new TaskCompletionSource<ClassicPropagateRequest>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var listener = Listen([], "127.0.0.0/8", asked.SetResult);
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        var message = new byte[24];
        BinaryPrimitives.WriteUInt64LittleEndian(message, 3);
        BinaryPrimitives.WriteUInt64LittleEndian(message.AsSpan(8), Id.Value);
        BinaryPrimitives.WriteUInt64LittleEndian(message.AsSpan(16), 2012);
        socket.SendTo(message, listener.LocalEndPoint);
        Assert.Equal(new ClassicPropagateRequest(Id, PeerAddress.FromIPv4(0x7F00_0001, 2012)), await asked.Task.WaitAsync(Soon, Token));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(65)]
    [InlineData(300_000)]
    [InlineData(ClassicFormat.LengthMax)]
    public async Task A_server_of_2012_is_fetched_from(int length)
    {
        var bytes = Bytes(length);
        using var server = new OldServer(Id.Value, bytes);
        await using var client = new RainClient(new RainClientOptions());
        Assert.Equal(bytes, await client.FetchClassicAsync(Id, PeerAddress.From(server.EndPoint), null, Token).WaitAsync(Soon, Token));
        Assert.True(server.WaitForUnsubscribe());
    }

    [Fact]
    public async Task A_server_of_2012_is_fetched_from_over_a_bad_network()
    {
        var bytes = Bytes(300_000);
        using var server = new OldServer(Id.Value, bytes);
        await using var client = new RainClient(new RainClientOptions { Faults = new DatagramFaults(0.1, 0.1, 0.1, 9) });
        Assert.Equal(bytes, await client.FetchClassicAsync(Id, PeerAddress.From(server.EndPoint), null, Token).WaitAsync(Soon, Token));
    }

    [Fact]
    public async Task A_server_that_has_nothing_is_given_up_after_a_silence()
    {
        using var server = new OldServer(1, [1]);
        await using var client = new RainClient(new RainClientOptions());
        var started = MonotonicClock.Now;
        Assert.Null(await client.FetchClassicAsync(Id, PeerAddress.From(server.EndPoint), TimeSpan.FromMilliseconds(200), Token));
        Assert.InRange((MonotonicClock.Now - started).TotalSeconds, 0.19, 5);
    }

    [Fact]
    public async Task One_node_of_this_time_serves_another_in_the_old_format()
    {
        var bytes = Bytes(1_000_000);
        await using var listener = Listen(bytes, "127.0.0.0/8");
        await using var client = new RainClient(new RainClientOptions());
        var fetches = Enumerable.Range(0, 12).Select(_ => client.FetchClassicAsync(Id, PeerAddress.From(listener.LocalEndPoint), null, Token)).ToArray();
        foreach (var fetched in await Task.WhenAll(fetches).WaitAsync(Soon, Token))
        {
            Assert.Equal(bytes, fetched);
        }
    }

    private static RainListener Listen(byte[] bytes, string allowed, Action<ClassicPropagateRequest>? onPropagate = null)
    {
        var catalog = new MemoryCatalog();
        catalog.Add(Id, bytes, 1024 * 1024, 1408);
        var options = new ClassicServerOptions { Allowed = [IPNetwork.Parse(allowed)], RateBytesPerSecond = 100_000_000 };
        return new RainListener(
            new IPEndPoint(IPAddress.Loopback, 0), new RainServerOptions { TokenKey = new byte[32] }, catalog, _ => { },
            classic: new ClassicRain(options, catalog, onPropagate ?? (_ => { })));
    }

    private static byte[] Bytes(int length)
    {
        var bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        return bytes;
    }

    private static byte[] Numbers(params ReadOnlySpan<ulong> numbers)
    {
        var bytes = new byte[numbers.Length * 8];
        for (var i = 0; i < numbers.Length; i++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(i * 8), numbers[i]);
        }

        return bytes;
    }

    /// <summary>A peeling client.</summary>
    private static byte[]? OldClient(IPEndPoint server, ulong id)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveTimeout = 1000 };
        socket.ReceiveBufferSize = 4_000_000;
        socket.SendTo(Numbers(1, id), server);
        var symbols = new byte[]?[64];
        var waiting = new List<(ulong Key, byte[] Value)>();
        var buffer = new byte[65_536];
        while (true)
        {
            int length;
            try
            {
                length = socket.Receive(buffer);
            }
            catch (SocketException)
            {
                return null;
            }

            ulong At(int index) => BinaryPrimitives.ReadUInt64LittleEndian(buffer.AsSpan(index * 8));
            Assert.Equal(id, At(0));
            Assert.Equal((At(2) / 64) + 1, At(3));
            Assert.Equal(length, 32 + (int)At(3));
            waiting.Add((At(1), buffer[32..length]));
            for (var progress = true; progress;)
            {
                progress = false;
                for (var i = waiting.Count - 1; i >= 0; i--)
                {
                    var (key, value) = waiting[i];
                    for (var symbol = 0; symbol < 64; symbol++)
                    {
                        if ((key >> symbol & 1) == 1 && symbols[symbol] is { } known)
                        {
                            key ^= 1UL << symbol;
                            for (var b = 0; b < known.Length; b++)
                            {
                                value[b] ^= known[b];
                            }
                        }
                    }

                    waiting[i] = (key, value);
                    if (BitOperations.PopCount(key) <= 1)
                    {
                        waiting.RemoveAt(i);
                        if (key != 0)
                        {
                            symbols[BitOperations.TrailingZeroCount(key)] = value;
                            progress = true;
                        }
                    }
                }
            }

            if (symbols.All(s => s is not null))
            {
                socket.SendTo(Numbers(2, id), server);
                return [.. symbols.SelectMany(s => s!).Take((int)At(2))];
            }
        }
    }

    /// <summary>A server that rains random XORs on whoever subscribes.</summary>
    private sealed class OldServer : IDisposable
    {
        private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        private readonly ManualResetEventSlim _unsubscribed = new();
        private readonly Thread _thread;
        private readonly ulong _id;
        private readonly byte[] _bytes;
        private volatile bool _stop;

        public OldServer(ulong id, byte[] bytes)
        {
            _id = id;
            _bytes = bytes;
            _socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            _thread = new Thread(Run);
            _thread.Start();
        }

        public IPEndPoint EndPoint => (IPEndPoint)_socket.LocalEndPoint!;

        public bool WaitForUnsubscribe() => _unsubscribed.Wait(Soon);

        public void Dispose()
        {
            _stop = true;
            _thread.Join();
            _socket.Dispose();
            _unsubscribed.Dispose();
        }

        private void Run()
        {
            var size = (_bytes.Length / 64) + 1;
            var padded = new byte[64 * size];
            _bytes.CopyTo(padded, 0);
            var random = new Random(5);
            var buffer = new byte[64];
            EndPoint? subscriber = null;
            while (!_stop)
            {
                if (_socket.Poll(1000, SelectMode.SelectRead))
                {
                    EndPoint from = new IPEndPoint(IPAddress.Any, 0);
                    var length = _socket.ReceiveFrom(buffer, ref from);
                    Assert.Equal(16, length);
                    var isMine = BinaryPrimitives.ReadUInt64LittleEndian(buffer.AsSpan(8)) == _id;
                    subscriber = isMine && buffer[0] == 1 ? from : null;
                    if (isMine && buffer[0] == 2)
                    {
                        _unsubscribed.Set();
                    }
                }

                if (subscriber is not null)
                {
                    var key = ((ulong)random.NextInt64() << 1) | (uint)random.Next(2);
                    var value = new byte[size];
                    for (var symbol = 0; symbol < 64; symbol++)
                    {
                        for (var b = 0; b < size && (key >> symbol & 1) == 1; b++)
                        {
                            value[b] ^= padded[(symbol * size) + b];
                        }
                    }

                    _socket.SendTo([.. Numbers(_id, key, (ulong)_bytes.Length, (ulong)size), .. value], subscriber);
                }
            }
        }
    }
}
