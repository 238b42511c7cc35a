using System.Buffers.Binary;

namespace PouringRain.Protocol.Broadband;

/// <summary>
/// The wire format of "broadband", a stream to the broadcast address that is rewound for who lost a datagram. Numbers are 64 bits, signed,
/// little-endian. DATA, from the server, is an offset and 0 to 1400 bytes of the stream; without any it is END, whose offset is the
/// stream's length. NACK, from a client, is the offset that it wants next.
/// </summary>
public static class BroadbandFormat
{
    /// <summary>Where a server listens and sends from.</summary>
    public const int ServerPort = 7854;

    /// <summary>Where a client listens and sends from.</summary>
    public const int ClientPort = 7855;

    /// <summary>Bytes before the payload of DATA; all of NACK.</summary>
    public const int HeaderBytes = 8;

    /// <summary>The most bytes of the stream in one datagram.</summary>
    public const int PayloadBytesMax = 1400;

    /// <summary>The longest datagram.</summary>
    public const int DatagramBytesMax = HeaderBytes + PayloadBytesMax;

    /// <summary>Reads DATA or END; false for anything else.</summary>
    /// <param name="datagram">What came.</param>
    /// <param name="offset">0 or more.</param>
    /// <param name="payload">Empty in END.</param>
    public static bool TryParseData(ReadOnlySpan<byte> datagram, out long offset, out ReadOnlySpan<byte> payload)
    {
        offset = 0;
        payload = default;
        if (datagram.Length is < HeaderBytes or > DatagramBytesMax)
        {
            return false;
        }

        offset = BinaryPrimitives.ReadInt64LittleEndian(datagram);
        payload = datagram[HeaderBytes..];
        return offset >= 0 && offset <= long.MaxValue - payload.Length;
    }

    /// <summary>Reads NACK; false for anything else.</summary>
    /// <param name="datagram">What came.</param>
    /// <param name="offset">0 or more.</param>
    public static bool TryParseNack(ReadOnlySpan<byte> datagram, out long offset)
    {
        offset = datagram.Length == HeaderBytes ? BinaryPrimitives.ReadInt64LittleEndian(datagram) : -1;
        return offset >= 0;
    }

    /// <summary>Writes an offset: what stands before a payload, END, or NACK.</summary>
    public static void WriteOffset(long offset, Span<byte> destination) => BinaryPrimitives.WriteInt64LittleEndian(destination, offset);
}
