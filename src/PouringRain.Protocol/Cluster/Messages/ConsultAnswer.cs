using System.Buffers.Binary;

namespace PouringRain.Protocol.Cluster.Messages;

/// <summary>The answer to <see cref="ConsultRequest"/>.</summary>
/// <remarks>
/// <code>
/// offset size
///      0    6  header
///      6    2  length of the datagram
///      8    1  version of these messages
///      9    1  kind, echoed
///     10    1  0 answered, 1 come again with this token, 2 not trusted, 3 unknown, 4 not ready, 5 another placement
///     11    8  nonce, echoed
///     19   16  who answers
///     35   16  address token
///     51    8  a number that the answering node drew when it started; zeros for whom nothing is told
///     59    8  as of the asker: up to where all have the same tombstones; zeros for whom nothing is told
///     67    8  as of the asker: up to where it may have forgotten tombstones; zeros for whom nothing is told
///     75       the body, empty but for 0
/// </code>
/// </remarks>
internal struct ConsultAnswer
{
    public const int FixedBytes = 75;
    public const int BytesMax = 1180;

    public uint SubscriptionId { get; set; }

    public byte Version { get; set; }

    public ConsultKind Kind { get; set; }

    public ConsultStatus Status { get; set; }

    public ulong Nonce { get; set; }

    public NodeId Node { get; set; }

    public Bits128 Token { get; set; }

    public ulong Start { get; set; }

    public long AgreedTo { get; set; }

    public long ForgottenTo { get; set; }

    public static bool TryParse(ReadOnlySpan<byte> datagram, out ConsultAnswer message, out ReadOnlySpan<byte> body)
    {
        message = default;
        body = default;
        if (datagram.Length is < FixedBytes or > BytesMax || !WireFormat.Is(datagram, MessageType.ConsultAnswer)
            || LengthOf(datagram) != datagram.Length || datagram[10] > (byte)ConsultStatus.OtherView)
        {
            return false;
        }

        message = new ConsultAnswer
        {
            SubscriptionId = BinaryPrimitives.ReadUInt32BigEndian(datagram[2..]),
            Version = datagram[8],
            Kind = (ConsultKind)datagram[9],
            Status = (ConsultStatus)datagram[10],
            Nonce = BinaryPrimitives.ReadUInt64BigEndian(datagram[11..]),
            Node = new NodeId(Bits128.Read(datagram[19..])),
            Token = Bits128.Read(datagram[35..]),
            Start = BinaryPrimitives.ReadUInt64BigEndian(datagram[51..]),
            AgreedTo = BinaryPrimitives.ReadInt64BigEndian(datagram[59..]),
            ForgottenTo = BinaryPrimitives.ReadInt64BigEndian(datagram[67..]),
        };
        body = datagram[FixedBytes..];
        return true;
    }

    /// <summary>The length of what starts like an answer, of which <see cref="FixedBytes"/> are there; 0 when it says nonsense.</summary>
    public static int LengthOf(ReadOnlySpan<byte> datagram)
    {
        var length = BinaryPrimitives.ReadUInt16BigEndian(datagram[6..]);
        return length < FixedBytes ? 0 : length;
    }

    /// <summary>Writes what comes before a body that is there already.</summary>
    /// <returns>The datagram's length.</returns>
    public readonly int Write(Span<byte> datagram, int bodyBytes)
    {
        var length = FixedBytes + bodyBytes;
        WireFormat.WriteHeader(datagram, MessageType.ConsultAnswer, SubscriptionId);
        BinaryPrimitives.WriteUInt16BigEndian(datagram[6..], (ushort)length);
        datagram[8] = Version;
        datagram[9] = (byte)Kind;
        datagram[10] = (byte)Status;
        BinaryPrimitives.WriteUInt64BigEndian(datagram[11..], Nonce);
        Node.Value.Write(datagram[19..]);
        Token.Write(datagram[35..]);
        BinaryPrimitives.WriteUInt64BigEndian(datagram[51..], Start);
        BinaryPrimitives.WriteInt64BigEndian(datagram[59..], AgreedTo);
        BinaryPrimitives.WriteInt64BigEndian(datagram[67..], ForgottenTo);
        return length;
    }
}
