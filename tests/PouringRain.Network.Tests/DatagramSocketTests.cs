using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using PouringRain.Protocol;

namespace PouringRain.Network.Tests;

public class DatagramSocketTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(2);

    public static TheoryData<string, bool, bool> Sockets => new()
    {
        { "127.0.0.1:0", false, false },
        { "127.0.0.1:0", true, false },
        { "127.0.0.1:0", false, true },
        { "127.0.0.1:0", true, true },
        { "[::1]:0", true, true },
        { "[::]:0", true, true },
        { "[::]:0", false, false },
    };

    [Theory]
    [MemberData(nameof(Sockets))]
    public void Datagrams_of_every_shape_arrive_as_they_were_sent(string endPoint, bool segment, bool coalesce)
    {
        using var receiver = Open(endPoint, coalesce: coalesce);
        using var sender = Open(endPoint, segment: segment);
        var random = new Random(42);

        // A packet has 65,535 bytes at most, and loopback takes one byte more; the headers of IPv6 are longer.
        var largest = endPoint == "[::1]:0" ? 65_536 - 48 : 65_507;

        // Alone, many, many with a shorter last one, one more than the kernel takes at once, large ones, and back to small ones.
        foreach (var (count, size, last) in new[]
        {
            (1, 1, 1), (1, 1432, 1432), (40, 1432, 1432), (3, 1432, 7), (2, 100, 99), (64, 100, 100), (65, 100, 100), (200, 48, 1),
            (1, largest, largest), (2, 60_024, 60_024), (1, 50, 50), (2, 1000, 1000),
        })
        {
            var bytes = new byte[((count - 1) * size) + last];
            random.NextBytes(bytes);
            sender.Send(Reachable(receiver), bytes, size);
            var received = new List<byte>();
            var lengths = new List<int>();
            while (received.Count < bytes.Length)
            {
                Assert.True(
                    TryReceive(receiver, out var from, out var datagram), $"{received.Count} of {bytes.Length} in datagrams of {size}");
                Assert.Equal(Reachable(sender), from);
                received.AddRange(datagram);
                lengths.Add(datagram.Length);
            }

            Assert.Equal(bytes, received);
            if (!receiver.IsCoalescing)
            {
                Assert.Equal([.. Enumerable.Repeat(size, count - 1), last], lengths);
            }
        }

        Assert.Equal(0, sender.SendFailures);
        Assert.Equal(0, receiver.ReceiveFailures);
    }

    [Fact]
    public void Many_datagrams_cross_in_one_call_each_where_the_kernel_can()
    {
        using var receiver = Open("127.0.0.1:0", coalesce: true);
        using var sender = Open("127.0.0.1:0", segment: true);
        Assert.SkipUnless(sender.IsSegmenting && receiver.IsCoalescing, "The kernel has no UDP_SEGMENT or UDP_GRO.");
        sender.Send(Reachable(receiver), new byte[40 * 1432], 1432);
        Assert.True(TryReceive(receiver, out _, out var datagram));
        Assert.Equal(40 * 1432, datagram.Length);
    }

    [Fact]
    public void A_peer_that_cannot_be_reached_costs_a_count_and_nothing_else()
    {
        using var receiver = Open("127.0.0.1:0");
        using var sender = Open("127.0.0.1:0", segment: true);
        sender.Send(PeerAddress.From(IPEndPoint.Parse("[::1]:9")), new byte[3000], 1000);
        Assert.Equal(3, sender.SendFailures);
        sender.Send(new PeerAddress(Reachable(receiver).Address, 0), new byte[3000], 1000);
        Assert.Equal(6, sender.SendFailures);
        sender.Send(Reachable(receiver), [1, 2, 3], 3);
        Assert.True(TryReceive(receiver, out _, out var datagram));
        Assert.Equal([1, 2, 3], datagram);
    }

    [Fact]
    public void A_datagram_longer_than_the_path_takes_is_counted()
    {
        using var receiver = Open("127.0.0.1:0");
        using var sender = Open("127.0.0.1:0", segment: true);
        sender.Send(Reachable(receiver), new byte[70_000], 70_000);
        Assert.Equal(1, sender.SendFailures);
        sender.Send(Reachable(receiver), new byte[3000], 1000);
        Assert.Equal(1, sender.SendFailures);
        Assert.True(TryReceive(receiver, out _, out _));
    }

    [Theory]
    [InlineData("127.0.0.1:0")]
    [InlineData("0.0.0.0:0")]
    [InlineData("[::1]:0")]
    [InlineData("[::]:0")]
    public void A_wait_is_ended_from_another_thread(string endPoint)
    {
        using var socket = Open(endPoint);
        var waker = new Thread(socket.Wake);
        waker.Start();
        Assert.True(socket.Wait(TimeSpan.FromSeconds(20)));
        Assert.True(socket.TryReceive(new byte[DatagramSocket.BufferBytes], out _, out var length));
        Assert.Equal(0, length);
        waker.Join();
        Assert.False(socket.Wait(TimeSpan.Zero));
    }

    [Fact]
    public void The_receive_buffer_is_what_the_kernel_gave()
    {
        using var socket = Open("127.0.0.1:0");
        Assert.True(socket.ReceiveBufferBytes > 0);
    }

    private static bool TryReceive(DatagramSocket socket, out PeerAddress from, out byte[] datagram)
    {
        var buffer = new byte[DatagramSocket.BufferBytes];
        from = default;
        var length = 0;
        var received = socket.Wait(Soon) && socket.TryReceive(buffer, out from, out length);
        datagram = buffer[..length];
        return received;
    }

    private static PeerAddress Reachable(DatagramSocket socket) =>
        socket.LocalEndPoint.Address.Equals(IPAddress.IPv6Any)
            ? PeerAddress.From(new IPEndPoint(IPAddress.Loopback, socket.LocalEndPoint.Port))
            : PeerAddress.From(socket.LocalEndPoint);

    private static DatagramSocket Open(string endPoint, bool segment = false, bool coalesce = false) =>
        DatagramSocket.Open(IPEndPoint.Parse(endPoint), 1024 * 1024, segment, coalesce, NullLogger.Instance);
}
