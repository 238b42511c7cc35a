using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using PouringRain.Protocol;

namespace PouringRain.Network.Tests;

/// <summary>Real groups on a device in a namespace of the test's own.</summary>
public class GroupSocketsTests
{
    private const int SegmentBytes = 1432, SegmentCount = 40;
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Never = TimeSpan.FromMilliseconds(100);

    public static TheoryData<string, string?, bool> Groups => new()
    {
        { "239.77.0.9", null, false },
        { "232.77.0.9", "10.77.9.1", false },
        { "ff12::7709", null, false },
        { "ff15::7709", null, false },
        { "ff35::7709", "fd77::1", false },
        { "10.77.15.255", null, true },
        { "255.255.255.255", null, true },
    };

    [Theory]
    [MemberData(nameof(Groups))]
    public void All_receivers_of_a_machine_hear_what_is_sent_in_one_call(string group, string? source, bool isBroadcast) =>
        NetworkNamespace.Run(() =>
        {
            AddDevice();
            var options = Options(group, source) with { IsBroadcast = isBroadcast };
            using var first = GroupSockets.OpenReceiving(options, coalesce: false, NullLogger.Instance);
            using var second = GroupSockets.OpenReceiving(options, coalesce: true, NullLogger.Instance);
            using var sender = GroupSockets.OpenSending(options, 0, NullLogger.Instance);
            var bytes = new byte[(SegmentBytes * SegmentCount) - 7];
            new Random(1).NextBytes(bytes);
            sender.Send(PeerAddress.From(options.Group), bytes, SegmentBytes);

            Assert.Equal(bytes, Receive(first, bytes.Length, out var from));
            Assert.Equal(bytes, Receive(second, bytes.Length, out _));
            Assert.Equal(0, sender.SendFailures);
            Assert.Equal(options.IsIPv6 ? "fd77::1" : "10.77.9.1", from.ToIPEndPoint().Address.ToString());

            // And what is answered comes to the sender.
            second.Send(from, [1, 2, 3], 3);
            Assert.Equal([1, 2, 3], Receive(sender, 3, out _));
        });

    [Theory]
    [InlineData("239.77.0.11", null, "239.77.0.12", null)]
    [InlineData("232.77.0.11", "10.77.9.1", "232.77.0.11", "10.77.9.2")]
    [InlineData("ff12::7711", null, "ff12::7712", null)]
    public void Nobody_hears_another_group_or_another_source(string group, string? source, string other, string? otherSource) =>
        NetworkNamespace.Run(() =>
        {
            AddDevice();
            var options = Options(group, source);
            using var right = GroupSockets.OpenReceiving(options, coalesce: false, NullLogger.Instance);
            using var wrong = GroupSockets.OpenReceiving(Options(other, otherSource), coalesce: false, NullLogger.Instance);
            using var sender = GroupSockets.OpenSending(options, 0, NullLogger.Instance);
            sender.Send(PeerAddress.From(options.Group), [7], 1);
            Assert.Equal([7], Receive(right, 1, out _));
            Assert.False(wrong.Wait(Never));
        });

    /// <summary>As tests and trials on one machine have it.</summary>
    [Fact]
    public void A_group_can_be_had_on_the_loopback_interface()
    {
        var options = new GroupSocketOptions
        {
            Group = new IPEndPoint(IPAddress.Parse("239.77.0.10"), FreePort()),
            Interface = GroupInterface.Find("127.0.0.1"),
        };
        using var receiver = GroupSockets.OpenReceiving(options, coalesce: false, NullLogger.Instance);
        using var sender = GroupSockets.OpenSending(options, 0, NullLogger.Instance);
        sender.Send(PeerAddress.From(options.Group), new byte[SegmentBytes * SegmentCount], SegmentBytes);
        Assert.Equal(SegmentBytes * SegmentCount, Receive(receiver, SegmentBytes * SegmentCount, out _).Count);
        Assert.Equal(0, sender.SendFailures);
    }

    [Fact]
    public void What_is_not_looped_back_is_not_heard_on_the_machine() => NetworkNamespace.Run(() =>
    {
        AddDevice();
        var options = Options("239.77.0.13", null);
        using var receiver = GroupSockets.OpenReceiving(options, coalesce: false, NullLogger.Instance);
        using var silent = GroupSockets.OpenSending(options with { IsLoopedBack = false }, 0, NullLogger.Instance);
        using var heard = GroupSockets.OpenSending(options, 0, NullLogger.Instance);
        silent.Send(PeerAddress.From(options.Group), [1], 1);
        heard.Send(PeerAddress.From(options.Group), [2], 1);
        Assert.Equal([2], Receive(receiver, 1, out _));
        Assert.False(receiver.Wait(TimeSpan.Zero));
    });

    [Fact]
    public void An_interface_is_found_by_name_by_address_and_by_its_broadcast_address() => NetworkNamespace.Run(() =>
    {
        AddDevice();
        var byName = GroupInterface.Find("veth0");
        Assert.NotNull(byName);
        Assert.Equal(byName.Index, GroupInterface.Find("10.77.9.1")?.Index);
        Assert.Equal(byName.Index, GroupInterface.Find("fd77::1")?.Index);
        Assert.Equal(byName.Index, GroupInterface.For(IPAddress.Parse("10.77.15.255"))?.Index);
        Assert.Contains(IPNetwork.Parse("10.77.0.0/20"), byName.Networks);
        Assert.Equal(IPAddress.Parse("10.77.9.1"), byName.AddressOf(System.Net.Sockets.AddressFamily.InterNetwork));
        Assert.Null(GroupInterface.Find("veth9"));
        Assert.Null(GroupInterface.Find("10.77.9.2"));

        // There is no route to any group of IPv4.
        Assert.Null(GroupInterface.For(IPAddress.Parse("239.77.0.1")));
        NetworkNamespace.Ip("route add 224.0.0.0/4 dev veth0");
        Assert.Equal(byName.Index, GroupInterface.For(IPAddress.Parse("239.77.0.1"))?.Index);
    });

    private static int FreePort()
    {
        using var free = DatagramSocket.Open(new IPEndPoint(IPAddress.Any, 0), 1024, segment: false, coalesce: false, NullLogger.Instance);
        return free.LocalEndPoint.Port;
    }

    private static void AddDevice()
    {
        NetworkNamespace.Ip("link add veth0 type veth peer name veth1");
        NetworkNamespace.Ip("addr add 10.77.9.1/20 dev veth0");
        NetworkNamespace.Ip("-6 addr add fd77::1/64 dev veth0 nodad");
        NetworkNamespace.Ip("link set veth0 up");
        NetworkNamespace.Ip("link set veth1 up");
    }

    private static GroupSocketOptions Options(string group, string? source) => new()
    {
        Group = new IPEndPoint(IPAddress.Parse(group), 7855),
        Interface = GroupInterface.Find("veth0"),
        Source = source is null ? null : IPAddress.Parse(source),
    };

    private static List<byte> Receive(DatagramSocket socket, int count, out PeerAddress from)
    {
        var received = new List<byte>();
        var buffer = new byte[DatagramSocket.BufferBytes];
        from = default;
        while (received.Count < count)
        {
            Assert.True(socket.Wait(Soon), $"{received.Count} of {count}");
            Assert.True(socket.TryReceive(buffer, out from, out var length) && length > 0);
            received.AddRange(buffer[..length]);
        }

        return received;
    }
}
