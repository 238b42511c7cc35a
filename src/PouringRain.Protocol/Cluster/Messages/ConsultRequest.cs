using System.Buffers.Binary;

namespace PouringRain.Protocol.Cluster.Messages;

/// <summary>What one node asks another; what it asks depends on the kind.</summary>
/// <remarks>
/// <code>
/// offset size
///      0    6  header
///      6    2  length of the datagram
///      8    1  version of these messages, 1
///      9    1  kind: 1 digests, 2 list, 3 tell, 4 hello, 5 deploy, 6 archive, 7 folder
///     10    8  nonce, echoed
///     18   16  who asks
///     34    8  a number that the asker drew when it started
///     42    8  up to which stamp, in milliseconds, it has found all members to have the same tombstones; the least number when never
///     50    8  up to which stamp it may have forgotten tombstones; the least number when none
///     58    8  hash of the placement, zeros where it does not matter
///     66   16  address token, else zeros
///     82       the body
/// </code>
/// The first 82 bytes are the same in every version, so that what is not known can be answered.
/// </remarks>
internal struct ConsultRequest
{
    public const int FixedBytes = 82;

    /// <summary>Sealed and over IPv6 it fits 1280 bytes, as all that is no droplet.</summary>
    public const int BytesMax = 1180;

    public const byte FormatVersion = 1;

    public uint SubscriptionId { get; set; }

    public byte Version { get; set; }

    public ConsultKind Kind { get; set; }

    public ulong Nonce { get; set; }

    public NodeId Node { get; set; }

    public ulong Start { get; set; }

    public long AgreedTo { get; set; }

    public long ForgottenTo { get; set; }

    public ulong PlacementHash { get; set; }

    public Bits128 Token { get; set; }

    public static bool TryParse(ReadOnlySpan<byte> datagram, out ConsultRequest message, out ReadOnlySpan<byte> body)
    {
        message = default;
        body = default;
        if (datagram.Length is < FixedBytes or > BytesMax || !WireFormat.Is(datagram, MessageType.Consult)
            || BinaryPrimitives.ReadUInt16BigEndian(datagram[6..]) != datagram.Length)
        {
            return false;
        }

        message = new ConsultRequest
        {
            SubscriptionId = BinaryPrimitives.ReadUInt32BigEndian(datagram[2..]),
            Version = datagram[8],
            Kind = (ConsultKind)datagram[9],
            Nonce = BinaryPrimitives.ReadUInt64BigEndian(datagram[10..]),
            Node = new NodeId(Bits128.Read(datagram[18..])),
            Start = BinaryPrimitives.ReadUInt64BigEndian(datagram[34..]),
            AgreedTo = BinaryPrimitives.ReadInt64BigEndian(datagram[42..]),
            ForgottenTo = BinaryPrimitives.ReadInt64BigEndian(datagram[50..]),
            PlacementHash = BinaryPrimitives.ReadUInt64BigEndian(datagram[58..]),
            Token = Bits128.Read(datagram[66..]),
        };
        body = datagram[FixedBytes..];
        return true;
    }

    /// <summary>Writes what comes before a body that is there already.</summary>
    /// <returns>The datagram's length.</returns>
    public readonly int Write(Span<byte> datagram, int bodyBytes)
    {
        var length = FixedBytes + bodyBytes;
        WireFormat.WriteHeader(datagram, MessageType.Consult, SubscriptionId);
        BinaryPrimitives.WriteUInt16BigEndian(datagram[6..], (ushort)length);
        datagram[8] = Version;
        datagram[9] = (byte)Kind;
        BinaryPrimitives.WriteUInt64BigEndian(datagram[10..], Nonce);
        Node.Value.Write(datagram[18..]);
        BinaryPrimitives.WriteUInt64BigEndian(datagram[34..], Start);
        BinaryPrimitives.WriteInt64BigEndian(datagram[42..], AgreedTo);
        BinaryPrimitives.WriteInt64BigEndian(datagram[50..], ForgottenTo);
        BinaryPrimitives.WriteUInt64BigEndian(datagram[58..], PlacementHash);
        Token.Write(datagram[66..]);
        return length;
    }
}
