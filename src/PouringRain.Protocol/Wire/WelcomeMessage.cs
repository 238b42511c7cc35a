using System.Buffers.Binary;

namespace PouringRain.Protocol;

/// <summary>The answer to a report: a token for the address that it came from and, when it had one already, that it is noted.</summary>
/// <remarks>
/// <code>
/// offset size
///      0    7  header, kind 4
///      7    1  flags: 1 what was reported is noted, 2 there is no place for another receiver
///      8    4  number of the report
///     12   16  address token
/// </code>
/// </remarks>
internal struct WelcomeMessage
{
    public const int SizeBytes = 28;

    private const byte NotedFlag = 1, FullFlag = 2, AllFlags = 3;

    public uint StreamId { get; set; }

    public bool IsNoted { get; set; }

    public bool IsFull { get; set; }

    public uint Number { get; set; }

    public Bits128 Token { get; set; }

    /// <summary>Reads a datagram.</summary>
    public static bool TryParse(ReadOnlySpan<byte> datagram, out WelcomeMessage message)
    {
        message = default;
        if (datagram.Length != SizeBytes || !GroupMessage.Is(datagram, GroupMessageKind.Welcome) || datagram[7] > AllFlags)
        {
            return false;
        }

        message = new WelcomeMessage
        {
            StreamId = BinaryPrimitives.ReadUInt32BigEndian(datagram[2..]),
            IsNoted = (datagram[7] & NotedFlag) != 0,
            IsFull = (datagram[7] & FullFlag) != 0,
            Number = BinaryPrimitives.ReadUInt32BigEndian(datagram[8..]),
            Token = Bits128.Read(datagram[12..]),
        };
        return true;
    }

    /// <returns>The datagram's length.</returns>
    public readonly int Write(Span<byte> datagram)
    {
        GroupMessage.WriteHeader(datagram, GroupMessageKind.Welcome, StreamId);
        datagram[7] = (byte)((IsNoted ? NotedFlag : 0) | (IsFull ? FullFlag : 0));
        BinaryPrimitives.WriteUInt32BigEndian(datagram[8..], Number);
        Token.Write(datagram[12..]);
        return SizeBytes;
    }
}
