using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using PouringRain.Protocol;

namespace PouringRain.Network.Tests;

/// <summary>Paths whose first link takes 1280 bytes: a device of that MTU, in a network namespace of the test's own.</summary>
public class NarrowPathTests
{
    private const int Large = 1434, Small = 1178;

    [Theory]
    [InlineData("0.0.0.0:0", "10.9.0.2:9")]
    [InlineData("[::]:0", "10.9.0.2:9")]
    [InlineData("[::]:0", "[fd09::2]:9")]
    [InlineData("[fd09::1]:0", "[fd09::2]:9")]
    public void NothingIsCutUpOnItsWay(string local, string peer) => NetworkNamespace.Run(() =>
    {
        AddNarrowDevice();
        using var socket = Open(local, segment: false);
        Assert.True(socket.IsUnfragmented);
        socket.Send(PeerAddress.From(IPEndPoint.Parse(peer)), new byte[Small], Small);
        Assert.Equal(0, socket.SendFailures);
        socket.Send(PeerAddress.From(IPEndPoint.Parse(peer)), new byte[Large], Large);
        Assert.Equal(1, socket.SendFailures);
    });

    [Theory]
    [InlineData("0.0.0.0:0", "10.9.0.2:9")]
    [InlineData("[::]:0", "[fd09::2]:9")]
    public void ANarrowPathDoesNotEndSegmentationForTheOthers(string local, string peer) => NetworkNamespace.Run(() =>
    {
        AddNarrowDevice();
        using var receiver = Open("127.0.0.1:0", segment: false);
        using var socket = Open(local, segment: true);
        Assert.SkipUnless(socket.IsSegmenting, "The kernel has no UDP_SEGMENT.");
        var narrow = PeerAddress.From(IPEndPoint.Parse(peer));
        for (var i = 1; i <= 40; i++)
        {
            // The last one is shorter, and passes.
            socket.Send(narrow, new byte[(20 * Large) + Small], Large);
            Assert.Equal(20 * i, socket.SendFailures);
        }

        Assert.True(socket.IsSegmenting);
        socket.Send(narrow, new byte[20 * Small], Small);
        socket.Send(PeerAddress.From(receiver.LocalEndPoint), new byte[20 * Large], Large);
        Assert.Equal(20 * 40, socket.SendFailures);
        var buffer = new byte[DatagramSocket.BufferBytes];
        for (var i = 0; i < 20; i++)
        {
            Assert.True(receiver.Wait(TimeSpan.FromSeconds(2)));
            Assert.True(receiver.TryReceive(buffer, out _, out var length));
            Assert.Equal(Large, length);
        }
    });

    private static void AddNarrowDevice()
    {
        NetworkNamespace.Ip("tuntap add narrow0 mode tun");
        NetworkNamespace.Ip("link set narrow0 mtu 1280 up");
        NetworkNamespace.Ip("addr add 10.9.0.1/24 dev narrow0");
        NetworkNamespace.Ip("-6 addr add fd09::1/64 dev narrow0 nodad");
    }

    private static DatagramSocket Open(string endPoint, bool segment) =>
        DatagramSocket.Open(IPEndPoint.Parse(endPoint), 1024 * 1024, segment, coalesce: false, NullLogger.Instance);
}
