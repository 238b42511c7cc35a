using System.Buffers.Binary;

namespace PouringRain.Protocol;

/// <summary>A receiver to which little of the rain comes asks for a train of datagrams by unicast, to see whether that is faster.</summary>
/// <remarks>
/// <code>
/// offset size
///      0    7  header, kind 6
///      7   16  address token
///     23    4  number that the train echoes
/// </code>
/// </remarks>
internal struct TrainRequestMessage
{
    public const int SizeBytes = 27;

    public uint StreamId { get; set; }

    public Bits128 Token { get; set; }

    public uint Number { get; set; }

    /// <summary>Reads a datagram.</summary>
    public static bool TryParse(ReadOnlySpan<byte> datagram, out TrainRequestMessage message)
    {
        message = default;
        if (datagram.Length != SizeBytes || !GroupMessage.Is(datagram, GroupMessageKind.TrainRequest))
        {
            return false;
        }

        message = new TrainRequestMessage
        {
            StreamId = BinaryPrimitives.ReadUInt32BigEndian(datagram[2..]),
            Token = Bits128.Read(datagram[7..]),
            Number = BinaryPrimitives.ReadUInt32BigEndian(datagram[23..]),
        };
        return true;
    }

    /// <returns>The datagram's length.</returns>
    public readonly int Write(Span<byte> datagram)
    {
        GroupMessage.WriteHeader(datagram, GroupMessageKind.TrainRequest, StreamId);
        Token.Write(datagram[7..]);
        BinaryPrimitives.WriteUInt32BigEndian(datagram[23..], Number);
        return SizeBytes;
    }
}

/// <summary>One of the datagrams of a train, which follow each other as fast as they can.</summary>
/// <remarks>
/// <code>
/// offset size
///      0    7  header, kind 7
///      7    4  number of the request
///     11    1  its place, from 0 on
///     12    1  datagrams of the train, 2 to 64
///     13       zeros, to 1152
/// </code>
/// </remarks>
internal struct TrainMessage
{
    public const int SizeBytes = 1152;
    public const int CountMin = 2, CountMax = 64;

    private const int FixedBytes = 13;

    public uint StreamId { get; set; }

    public uint Number { get; set; }

    public int Place { get; set; }

    public int Count { get; set; }

    /// <summary>Reads a datagram.</summary>
    public static bool TryParse(ReadOnlySpan<byte> datagram, out TrainMessage message)
    {
        message = default;
        if (datagram.Length != SizeBytes || !GroupMessage.Is(datagram, GroupMessageKind.Train)
            || datagram[12] is < CountMin or > CountMax || datagram[11] >= datagram[12]
            || datagram[FixedBytes..].ContainsAnyExcept((byte)0))
        {
            return false;
        }

        message = new TrainMessage
        {
            StreamId = BinaryPrimitives.ReadUInt32BigEndian(datagram[2..]),
            Number = BinaryPrimitives.ReadUInt32BigEndian(datagram[7..]),
            Place = datagram[11],
            Count = datagram[12],
        };
        return true;
    }

    /// <returns>The datagram's length.</returns>
    public readonly int Write(Span<byte> datagram)
    {
        GroupMessage.WriteHeader(datagram, GroupMessageKind.Train, StreamId);
        BinaryPrimitives.WriteUInt32BigEndian(datagram[7..], Number);
        datagram[11] = (byte)Place;
        datagram[12] = (byte)Count;
        datagram[FixedBytes..SizeBytes].Clear();
        return SizeBytes;
    }
}
