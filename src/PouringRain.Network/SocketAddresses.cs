using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using PouringRain.Protocol;

namespace PouringRain.Network;

/// <summary>Between a socket's own form of an address and <see cref="PeerAddress"/>, without allocating. Ports and addresses lie at the
/// same offsets on every system (sockaddr_in: 2, 4; sockaddr_in6: 2, 8, scope 24 in the machine's order).</summary>
internal static class SocketAddresses
{
    private const int PortOffset = 2, IPv4Offset = 4, FlowOffset = 4, IPv6Offset = 8, ScopeOffset = 24;

    /// <summary>Reads the address of a peer.</summary>
    public static PeerAddress Read(SocketAddress address)
    {
        var bytes = address.Buffer.Span;
        var port = BinaryPrimitives.ReadUInt16BigEndian(bytes[PortOffset..]);
        return address.Family == AddressFamily.InterNetwork
            ? PeerAddress.FromIPv4(BinaryPrimitives.ReadUInt32BigEndian(bytes[IPv4Offset..]), port)
            : new PeerAddress(
                Bits128.Read(bytes[IPv6Offset..]), port, MemoryMarshal.Read<uint>(bytes[ScopeOffset..]));
    }

    /// <summary>Writes the address of a peer into one of the socket's family; false when a peer of IPv6 meets a socket of IPv4.</summary>
    public static bool TryWrite(PeerAddress peer, SocketAddress address)
    {
        var bytes = address.Buffer.Span;
        BinaryPrimitives.WriteUInt16BigEndian(bytes[PortOffset..], peer.Port);
        if (address.Family == AddressFamily.InterNetwork)
        {
            BinaryPrimitives.WriteUInt32BigEndian(bytes[IPv4Offset..], (uint)peer.Address.Low);
            return peer.IsIPv4;
        }

        bytes.Slice(FlowOffset, sizeof(uint)).Clear();
        peer.Address.Write(bytes[IPv6Offset..]);
        MemoryMarshal.Write(bytes[ScopeOffset..], peer.ScopeId);
        return true;
    }
}
