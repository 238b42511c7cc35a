using System.Buffers.Binary;
using PouringRain.Protocol.Cluster.Messages;

namespace PouringRain.Protocol;

/// <summary>
/// What all datagrams of wire format 2 have in common. Integers are big-endian. Every datagram starts with
/// <c>'R'</c> (1), <c>0x20</c> + type (1), subscription id (4). Format 1 starts with a little-endian 1, 2 or 3 in eight bytes, so
/// the first byte tells the two apart.
/// </summary>
public static class WireFormat
{
    /// <summary>Bytes of the header that every datagram starts with.</summary>
    public const int HeaderBytes = 6;

    /// <summary>Bytes before the symbol in a droplet.</summary>
    public const int DropletHeaderBytes = 26;

    /// <summary>The most bytes of one datagram that this format makes: a droplet with the largest symbol.</summary>
    public const int DatagramBytesMax = DropletHeaderBytes + ResourceLayout.SymbolSizeMax;

    /// <summary>The most bytes of a CONSULT, and of its answer.</summary>
    public const int ConsultBytesMax = ConsultAnswer.BytesMax;

    /// <summary>The SBN under which the manifest is rained.</summary>
    public const uint ManifestBlockNumber = 0xFFFF_FFFF;

    private const byte Magic = (byte)'R';
    private const byte VersionNibble = 0x20;

    /// <summary>Whether a datagram is of format 2; the rest of it may still be nonsense.</summary>
    public static bool IsFormat2(ReadOnlySpan<byte> datagram) =>
        datagram.Length >= HeaderBytes && datagram[0] == Magic && (datagram[1] & 0xF0) == VersionNibble;

    /// <summary>The length of the first of a server's datagrams that follow each other in one buffer, as a kernel hands over those of one
    /// peer that are equally long (the last may be shorter); 0 when it cannot be told, which is so when the first is nonsense.</summary>
    public static int LengthOfFirst(ReadOnlySpan<byte> datagrams)
    {
        if (!TryReadHeader(datagrams, out var type, out _))
        {
            return 0;
        }

        var length = type switch
        {
            MessageType.Droplet when datagrams.Length >= DropletHeaderBytes =>
                DropletHeaderBytes + DropletMessage.ReadSymbolSize(datagrams),
            MessageType.Offer when datagrams.Length >= OfferMessage.FixedBytes => OfferMessage.LengthOf(datagrams),
            MessageType.Status when datagrams.Length >= StatusMessage.FixedBytes => StatusMessage.LengthOf(datagrams),
            MessageType.NotFound or MessageType.Busy => ShortMessage.SizeBytes,
            MessageType.PropagateAnswer => PropagateAnswer.SizeBytes,
            MessageType.Have when datagrams.Length >= HaveMessage.FixedBytes => HaveMessage.LengthOf(datagrams),
            MessageType.Peers when datagrams.Length >= PeersMessage.FixedBytes => PeersMessage.LengthOf(datagrams),
            MessageType.ConsultAnswer when datagrams.Length >= ConsultAnswer.FixedBytes => ConsultAnswer.LengthOf(datagrams),
            MessageType.Group => GroupMessage.LengthOfFirst(datagrams),
            _ => 0,
        };
        return length <= datagrams.Length ? length : 0;
    }

    /// <summary>Writes what a sealed droplet leaves out: magic, type and T.</summary>
    internal static void WriteDropletFrame(Span<byte> datagram, int symbolSize)
    {
        datagram[0] = Magic;
        datagram[1] = VersionNibble | (byte)MessageType.Droplet;
        BinaryPrimitives.WriteUInt16BigEndian(datagram[(DropletHeaderBytes - 2)..], (ushort)symbolSize);
    }

    internal static bool TryReadHeader(ReadOnlySpan<byte> datagram, out MessageType type, out uint subscriptionId)
    {
        if (!IsFormat2(datagram))
        {
            type = default;
            subscriptionId = 0;
            return false;
        }

        type = (MessageType)(datagram[1] & 0x0F);
        subscriptionId = BinaryPrimitives.ReadUInt32BigEndian(datagram[2..]);
        return true;
    }

    internal static bool Is(ReadOnlySpan<byte> datagram, MessageType type) =>
        IsFormat2(datagram) && (datagram[1] & 0x0F) == (byte)type;

    internal static void WriteHeader(Span<byte> datagram, MessageType type, uint subscriptionId)
    {
        datagram[0] = Magic;
        datagram[1] = (byte)(VersionNibble | (byte)type);
        BinaryPrimitives.WriteUInt32BigEndian(datagram[2..], subscriptionId);
    }

    internal static uint ReadUInt24(ReadOnlySpan<byte> bytes) => ((uint)bytes[0] << 16) | ((uint)bytes[1] << 8) | bytes[2];

    internal static void WriteUInt24(Span<byte> bytes, uint value)
    {
        bytes[0] = (byte)(value >> 16);
        bytes[1] = (byte)(value >> 8);
        bytes[2] = (byte)value;
    }

    /// <summary>Microseconds on the sender's clock, the low 32 bits: only differences mean something.</summary>
    internal static uint Microseconds(Instant instant) => unchecked((uint)(instant.Nanoseconds / 1000));
}

/// <summary>The messages; the low half of a datagram's second byte.</summary>
internal enum MessageType : byte
{
    Subscribe = 1,
    Unsubscribe = 2,
    Propagate = 3,
    Consult = 4,
    Join = 5,
    Group = 6,
    Peers = 7,
    Offer = 8,
    Status = 9,
    Droplet = 10,
    NotFound = 11,
    Busy = 12,
    PropagateAnswer = 13,
    ConsultAnswer = 14,
    Have = 15,
}
