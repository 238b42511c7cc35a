using System.Buffers.Binary;

namespace PouringRain.Protocol;

/// <summary>One encoding symbol on its way.</summary>
/// <remarks>
/// <code>
/// offset size
///      0    6  header
///      6    4  version tag, the first 4 bytes of the version
///     10    4  sequence, counted up per subscription from a random start
///     14    3  server's time, microseconds
///     17    4  SBN, 0xFFFFFFFF for the manifest
///     21    3  ESI
///     24    2  T
///     26    T  symbol
/// </code>
/// 26 bytes and not more: with T = 1408, IPv6 and UDP (48) and an AEAD tag (16) they leave 2 of 1500 for the rest of a seal, whose
/// nonce takes the subscription id and the sequence from here. T tells where the next droplet starts when the kernel hands over
/// many in one buffer.
/// </remarks>
internal struct DropletMessage
{
    public uint SubscriptionId { get; set; }

    public uint Tag { get; set; }

    public uint Sequence { get; set; }

    public uint ServerTime { get; set; }

    public uint BlockNumber { get; set; }

    public uint Esi { get; set; }

    /// <summary>Reads a datagram; <paramref name="symbol"/> is a view of the rest.</summary>
    public static bool TryParse(ReadOnlySpan<byte> datagram, out DropletMessage message, out ReadOnlySpan<byte> symbol)
    {
        if (datagram.Length <= WireFormat.DropletHeaderBytes || !WireFormat.Is(datagram, MessageType.Droplet)
            || datagram.Length != WireFormat.DropletHeaderBytes + ReadSymbolSize(datagram))
        {
            message = default;
            symbol = default;
            return false;
        }

        message = new DropletMessage
        {
            SubscriptionId = BinaryPrimitives.ReadUInt32BigEndian(datagram[2..]),
            Tag = BinaryPrimitives.ReadUInt32BigEndian(datagram[6..]),
            Sequence = BinaryPrimitives.ReadUInt32BigEndian(datagram[10..]),
            ServerTime = WireFormat.ReadUInt24(datagram[14..]),
            BlockNumber = BinaryPrimitives.ReadUInt32BigEndian(datagram[17..]),
            Esi = WireFormat.ReadUInt24(datagram[21..]),
        };
        symbol = datagram[WireFormat.DropletHeaderBytes..];
        return true;
    }

    /// <summary>Reads T of what starts like a droplet.</summary>
    public static int ReadSymbolSize(ReadOnlySpan<byte> datagram) => BinaryPrimitives.ReadUInt16BigEndian(datagram[24..]);

    /// <summary>Writes what comes before the symbol; the datagram's length says what T is.</summary>
    public readonly void WriteHeader(Span<byte> datagram)
    {
        WireFormat.WriteHeader(datagram, MessageType.Droplet, SubscriptionId);
        BinaryPrimitives.WriteUInt32BigEndian(datagram[6..], Tag);
        BinaryPrimitives.WriteUInt32BigEndian(datagram[10..], Sequence);
        WireFormat.WriteUInt24(datagram[14..], ServerTime);
        BinaryPrimitives.WriteUInt32BigEndian(datagram[17..], BlockNumber);
        WireFormat.WriteUInt24(datagram[21..], Esi);
        BinaryPrimitives.WriteUInt16BigEndian(datagram[24..], (ushort)(datagram.Length - WireFormat.DropletHeaderBytes));
    }

    /// <summary>The tag that a version's droplets carry.</summary>
    public static uint TagOf(Sha256Digest version) => (uint)(version.Tag >> 32);
}
