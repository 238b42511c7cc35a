using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace PouringRain.Protocol;

/// <summary>An IP address and UDP port as a plain value: the state machines' name for a peer. IPv4 is held as IPv4-mapped IPv6,
/// so that one peer has one value however its datagram came in.</summary>
/// <param name="Address">The 128-bit IPv6 address, as a number in network order.</param>
/// <param name="Port">The UDP port.</param>
/// <param name="ScopeId">The zone of a link-local address, else 0.</param>
public readonly record struct PeerAddress(Bits128 Address, ushort Port, uint ScopeId = 0)
{
    private const ulong MappedPrefix = 0x0000_FFFF_0000_0000;

    /// <summary>169.254.0.0/16, and the first ten bits of fe80::/10.</summary>
    private const int LinkLocalIPv4 = 0xA9FE, LinkLocalIPv6Bits = 0x3FA;

    /// <summary>Whether the address is an IPv4 one.</summary>
    public bool IsIPv4 => Address.High == 0 && (Address.Low & 0xFFFF_FFFF_0000_0000) == MappedPrefix;

    /// <summary>Whether the peer is on this machine, at 127.0.0.0/8 or ::1.</summary>
    public bool IsLoopback => IsIPv4 ? (byte)(Address.Low >> 24) == 127 : Address == 1;

    /// <summary>Whether it can be one host's, anywhere: no group's, not unspecified or broadcast, and not of one link alone.</summary>
    public bool IsUnicast => Port != 0 && ScopeId == 0 && (IsIPv4
        ? (byte)(Address.Low >> 24) is > 0 and < 224 && (ushort)(Address.Low >> 16) != LinkLocalIPv4
        : Address != 0 && (byte)(Address.High >> 56) != 0xFF && (int)(Address.High >> 54) != LinkLocalIPv6Bits);

    /// <summary>By what limits for each address count: an IPv4 address whole, of an IPv6 one the first 64 bits, all below which one
    /// customer has.</summary>
    public Bits128 Network => IsIPv4 ? Address : Address with { Low = 0 };

    /// <summary>Whether another peer is at the same address, at whatever port.</summary>
    public bool HasAddressOf(PeerAddress other) => Address == other.Address && ScopeId == other.ScopeId;

    /// <summary>Makes the value of a socket's endpoint.</summary>
    public static PeerAddress From(IPEndPoint endPoint)
    {
        ArgumentNullException.ThrowIfNull(endPoint);
        Span<byte> bytes = stackalloc byte[16];
        if (endPoint.AddressFamily == AddressFamily.InterNetwork)
        {
            endPoint.Address.TryWriteBytes(bytes, out _);
            return FromIPv4(BinaryPrimitives.ReadUInt32BigEndian(bytes), (ushort)endPoint.Port);
        }

        endPoint.Address.TryWriteBytes(bytes, out _);
        return new PeerAddress(Bits128.Read(bytes), (ushort)endPoint.Port, (uint)endPoint.Address.ScopeId);
    }

    /// <summary>Makes the value of an IPv4 address, given as a number in host order.</summary>
    public static PeerAddress FromIPv4(uint address, ushort port) => new(new Bits128(0, MappedPrefix | address), port);

    /// <summary>The endpoint for a socket; an IPv4 address comes back as one.</summary>
    public IPEndPoint ToIPEndPoint()
    {
        Span<byte> bytes = stackalloc byte[16];
        Address.Write(bytes);
        return new IPEndPoint(IsIPv4 ? new IPAddress(bytes[12..]) : new IPAddress(bytes, ScopeId), Port);
    }

    /// <summary>As in <c>127.0.0.1:1980</c> or <c>[::1]:1980</c>.</summary>
    public override string ToString() => ToIPEndPoint().ToString();
}
