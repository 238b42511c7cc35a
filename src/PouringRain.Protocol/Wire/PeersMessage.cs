using System.Buffers.Binary;

namespace PouringRain.Protocol;

/// <summary>Whom a server knows to fetch the same version and to rain on what they hold: some of them, drawn at random. Nothing but their
/// word and the server's stands behind an address.</summary>
/// <remarks>
/// <code>
/// offset size
///      0    6  header
///      6    4  version tag
///     10    4  how many the server knows
///     14    1  addresses (n, at most 50)
///     15 18*n  addresses: IPv6, or IPv4 mapped (16), port (2)
/// </code>
/// </remarks>
internal struct PeersMessage
{
    public const int FixedBytes = 15;
    public const int PeerBytes = 18;
    public const int PeerCountMax = 50;
    public const int BytesMax = FixedBytes + (PeerBytes * PeerCountMax);

    public uint SubscriptionId { get; set; }

    public uint Tag { get; set; }

    public uint KnownCount { get; set; }

    /// <summary>Reads a datagram; <paramref name="peers"/> is a view of the addresses, to be read by <see cref="PeerAt"/>.</summary>
    public static bool TryParse(ReadOnlySpan<byte> datagram, out PeersMessage message, out ReadOnlySpan<byte> peers)
    {
        message = default;
        peers = default;
        if (datagram.Length < FixedBytes || !WireFormat.Is(datagram, MessageType.Peers) || datagram[14] > PeerCountMax
            || datagram.Length != LengthOf(datagram))
        {
            return false;
        }

        peers = datagram[FixedBytes..];
        message = new PeersMessage
        {
            SubscriptionId = BinaryPrimitives.ReadUInt32BigEndian(datagram[2..]),
            Tag = BinaryPrimitives.ReadUInt32BigEndian(datagram[6..]),
            KnownCount = BinaryPrimitives.ReadUInt32BigEndian(datagram[10..]),
        };
        return true;
    }

    /// <summary>The length of what starts like a PEERS, of which <see cref="FixedBytes"/> are there.</summary>
    public static int LengthOf(ReadOnlySpan<byte> datagram) => FixedBytes + (PeerBytes * datagram[14]);

    /// <summary>One of the addresses.</summary>
    public static PeerAddress PeerAt(ReadOnlySpan<byte> peers, int index)
    {
        var peer = peers[(index * PeerBytes)..];
        return new PeerAddress(Bits128.Read(peer), BinaryPrimitives.ReadUInt16BigEndian(peer[16..]));
    }

    /// <returns>The datagram's length.</returns>
    public readonly int Write(Span<byte> datagram, ReadOnlySpan<PeerAddress> peers)
    {
        WireFormat.WriteHeader(datagram, MessageType.Peers, SubscriptionId);
        BinaryPrimitives.WriteUInt32BigEndian(datagram[6..], Tag);
        BinaryPrimitives.WriteUInt32BigEndian(datagram[10..], KnownCount);
        datagram[14] = (byte)peers.Length;
        for (var i = 0; i < peers.Length; i++)
        {
            var peer = datagram[(FixedBytes + (i * PeerBytes))..];
            peers[i].Address.Write(peer);
            BinaryPrimitives.WriteUInt16BigEndian(peer[16..], peers[i].Port);
        }

        return FixedBytes + (PeerBytes * peers.Length);
    }
}
