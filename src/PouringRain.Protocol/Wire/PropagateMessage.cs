using System.Buffers.Binary;

namespace PouringRain.Protocol;

/// <summary>"Fetch this and keep it."</summary>
/// <remarks>
/// <code>
/// offset size
///      0    6  header
///      6    8  resource id
///     14   32  version
///     46    8  stamp of the version, milliseconds; the least number when not known
///     54    2  UDP port of the sender's rain server
///     56   16  address token, else zeros
///              zeros to the end
/// </code>
/// </remarks>
internal struct PropagateMessage
{
    public const int SizeBytes = 72;

    public uint SubscriptionId { get; set; }

    public ResourceId Resource { get; set; }

    public Sha256Digest Version { get; set; }

    public long Stamp { get; set; }

    public ushort RainPort { get; set; }

    public Bits128 Token { get; set; }

    public static bool TryParse(ReadOnlySpan<byte> datagram, out PropagateMessage message)
    {
        message = default;
        if (datagram.Length < SizeBytes || !WireFormat.Is(datagram, MessageType.Propagate)
            || datagram[SizeBytes..].ContainsAnyExcept((byte)0))
        {
            return false;
        }

        var stamp = BinaryPrimitives.ReadInt64BigEndian(datagram[46..]);
        if (stamp != long.MinValue && !Manifest.IsStamp(stamp, isDeleted: true))
        {
            return false;
        }

        message = new PropagateMessage
        {
            SubscriptionId = BinaryPrimitives.ReadUInt32BigEndian(datagram[2..]),
            Resource = new ResourceId(BinaryPrimitives.ReadUInt64BigEndian(datagram[6..])),
            Version = Sha256Digest.Read(datagram[14..]),
            Stamp = stamp,
            RainPort = BinaryPrimitives.ReadUInt16BigEndian(datagram[54..]),
            Token = Bits128.Read(datagram[56..]),
        };
        return true;
    }

    /// <returns>The datagram's length.</returns>
    public readonly int Write(Span<byte> datagram)
    {
        WireFormat.WriteHeader(datagram, MessageType.Propagate, SubscriptionId);
        BinaryPrimitives.WriteUInt64BigEndian(datagram[6..], Resource.Value);
        Version.Write(datagram[14..]);
        BinaryPrimitives.WriteInt64BigEndian(datagram[46..], Stamp);
        BinaryPrimitives.WriteUInt16BigEndian(datagram[54..], RainPort);
        Token.Write(datagram[56..]);
        return SizeBytes;
    }
}

/// <summary>The answer to PROPAGATE.</summary>
/// <remarks>
/// <code>
/// offset size
///      0    6  header
///      6    1  0 come again with this token, 1 accepted, 2 held whole, 3 refused
///      7    8  resource id
///     15   16  address token
///     31   16  who answers: the node's identity, the same at all its ports and after every start
/// </code>
/// </remarks>
internal struct PropagateAnswer
{
    public const int SizeBytes = 47;

    public uint SubscriptionId { get; set; }

    public PropagateVerdict Verdict { get; set; }

    public ResourceId Resource { get; set; }

    public Bits128 Token { get; set; }

    public NodeId Node { get; set; }

    public static bool TryParse(ReadOnlySpan<byte> datagram, out PropagateAnswer message)
    {
        message = default;
        if (datagram.Length != SizeBytes || !WireFormat.Is(datagram, MessageType.PropagateAnswer)
            || datagram[6] > (byte)PropagateVerdict.Refused)
        {
            return false;
        }

        message = new PropagateAnswer
        {
            SubscriptionId = BinaryPrimitives.ReadUInt32BigEndian(datagram[2..]),
            Verdict = (PropagateVerdict)datagram[6],
            Resource = new ResourceId(BinaryPrimitives.ReadUInt64BigEndian(datagram[7..])),
            Token = Bits128.Read(datagram[15..]),
            Node = new NodeId(Bits128.Read(datagram[31..])),
        };
        return true;
    }

    /// <returns>The datagram's length.</returns>
    public readonly int Write(Span<byte> datagram)
    {
        WireFormat.WriteHeader(datagram, MessageType.PropagateAnswer, SubscriptionId);
        datagram[6] = (byte)Verdict;
        BinaryPrimitives.WriteUInt64BigEndian(datagram[7..], Resource.Value);
        Token.Write(datagram[15..]);
        Node.Value.Write(datagram[31..]);
        return SizeBytes;
    }
}

/// <summary>What a node says to PROPAGATE.</summary>
internal enum PropagateVerdict : byte
{
    TokenNeeded,
    Accepted,
    Held,
    Refused,
}
