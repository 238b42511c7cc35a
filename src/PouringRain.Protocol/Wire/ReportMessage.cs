using System.Buffers.Binary;

namespace PouringRain.Protocol;

/// <summary>Who a receiver is, how far it has come and, in the end, its receipt.</summary>
/// <remarks>
/// <code>
/// offset size
///      0    7  header, kind 3
///      7    1  flags: 1 it wants an answer
///      8    1  state: 0 waiting, 1 receiving, 2 verifying, 3 done, 4 failed
///      9    1  why it failed, 0 when it did not
///     10   16  node id of the receiver, not 0
///     26   16  address token, else zeros
///     42    4  number that the answer echoes
///     46    4  blocks that are verified and kept
///     50    2  share of the droplets that is lost, in 65535ths
///     52    4  what comes, thousands of bits a second
///     56   32  SHA-256 of what was read back, when it is done, else zeros
///     88    2  share lost lately, in 65535ths; 65535 when too little came to tell
///     90       zeros, to 136, when there is no token
/// </code>
/// The answer to one without a token has fewer bytes than it, whatever the answer is.
/// </remarks>
internal struct ReportMessage
{
    public const int FixedBytes = 90, PaddedBytes = 136;

    /// <summary>Nothing is known of the losses.</summary>
    public const ushort LossUnknown = ushort.MaxValue;

    private const byte AnswerFlag = 1;

    public uint StreamId { get; set; }

    public bool WantsAnswer { get; set; }

    public byte State { get; set; }

    public byte Failure { get; set; }

    public NodeId Identity { get; set; }

    public Bits128 Token { get; set; }

    public uint Number { get; set; }

    public uint BlockCount { get; set; }

    public ushort Loss { get; set; }

    public uint KilobitsPerSecond { get; set; }

    public ushort RecentLoss { get; set; }

    public Sha256Digest ReadBack { get; set; }

    /// <summary>Reads a datagram.</summary>
    public static bool TryParse(ReadOnlySpan<byte> datagram, out ReportMessage message)
    {
        message = default;
        if (datagram.Length < FixedBytes || !GroupMessage.Is(datagram, GroupMessageKind.Report) || datagram[7] > AnswerFlag
            || datagram[8] > 4)
        {
            return false;
        }

        var token = Bits128.Read(datagram[26..]);
        var identity = Bits128.Read(datagram[10..]);
        if (identity == 0 || datagram.Length != (token == 0 ? PaddedBytes : FixedBytes)
            || datagram[FixedBytes..].ContainsAnyExcept((byte)0))
        {
            return false;
        }

        message = new ReportMessage
        {
            StreamId = BinaryPrimitives.ReadUInt32BigEndian(datagram[2..]),
            WantsAnswer = datagram[7] != 0,
            State = datagram[8],
            Failure = datagram[9],
            Identity = new NodeId(identity),
            Token = token,
            Number = BinaryPrimitives.ReadUInt32BigEndian(datagram[42..]),
            BlockCount = BinaryPrimitives.ReadUInt32BigEndian(datagram[46..]),
            Loss = BinaryPrimitives.ReadUInt16BigEndian(datagram[50..]),
            KilobitsPerSecond = BinaryPrimitives.ReadUInt32BigEndian(datagram[52..]),
            ReadBack = Sha256Digest.Read(datagram[56..]),
            RecentLoss = BinaryPrimitives.ReadUInt16BigEndian(datagram[88..]),
        };
        return true;
    }

    /// <returns>The datagram's length.</returns>
    public readonly int Write(Span<byte> datagram)
    {
        var length = Token == 0 ? PaddedBytes : FixedBytes;
        GroupMessage.WriteHeader(datagram, GroupMessageKind.Report, StreamId);
        datagram[7] = WantsAnswer ? AnswerFlag : (byte)0;
        datagram[8] = State;
        datagram[9] = Failure;
        Identity.Value.Write(datagram[10..]);
        Token.Write(datagram[26..]);
        BinaryPrimitives.WriteUInt32BigEndian(datagram[42..], Number);
        BinaryPrimitives.WriteUInt32BigEndian(datagram[46..], BlockCount);
        BinaryPrimitives.WriteUInt16BigEndian(datagram[50..], Loss);
        BinaryPrimitives.WriteUInt32BigEndian(datagram[52..], KilobitsPerSecond);
        ReadBack.Write(datagram[56..]);
        BinaryPrimitives.WriteUInt16BigEndian(datagram[88..], RecentLoss);
        datagram[FixedBytes..length].Clear();
        return length;
    }
}
