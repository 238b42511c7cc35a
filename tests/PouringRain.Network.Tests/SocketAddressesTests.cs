using System.Net;
using PouringRain.Protocol;

namespace PouringRain.Network.Tests;

public class SocketAddressesTests
{
    [Theory]
    [InlineData("127.0.0.1:1980")]
    [InlineData("255.1.2.3:65535")]
    [InlineData("[::1]:1")]
    [InlineData("[2001:db8::17]:1980")]
    [InlineData("[fe80::1%3]:1980")]
    public void An_address_survives_the_way_through_a_socket_address(string text)
    {
        var endPoint = IPEndPoint.Parse(text);
        Assert.Equal(PeerAddress.From(endPoint), SocketAddresses.Read(endPoint.Serialize()));
        var written = new SocketAddress(endPoint.AddressFamily);
        Assert.True(SocketAddresses.TryWrite(PeerAddress.From(endPoint), written));
        Assert.Equal(endPoint, endPoint.Create(written));
    }

    [Fact]
    public void An_IPv4_peer_is_written_as_a_mapped_one_for_a_socket_of_both_versions()
    {
        var written = new SocketAddress(System.Net.Sockets.AddressFamily.InterNetworkV6);
        Assert.True(SocketAddresses.TryWrite(PeerAddress.From(IPEndPoint.Parse("10.1.2.3:4")), written));
        Assert.Equal(IPEndPoint.Parse("[::ffff:10.1.2.3]:4"), new IPEndPoint(IPAddress.IPv6Any, 0).Create(written));
        Assert.Equal(PeerAddress.From(IPEndPoint.Parse("10.1.2.3:4")), SocketAddresses.Read(written));
    }

    [Fact]
    public void An_IPv6_peer_has_no_address_for_a_socket_of_IPv4() =>
        Assert.False(SocketAddresses.TryWrite(
            PeerAddress.From(IPEndPoint.Parse("[::1]:4")), new SocketAddress(System.Net.Sockets.AddressFamily.InterNetwork)));
}
