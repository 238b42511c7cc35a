using System.Buffers.Binary;

namespace PouringRain.Protocol.Grouping;

/// <summary>What those tell each other that look whether a group passes.</summary>
/// <remarks>
/// <code>
/// offset size
///      0    8  "rainlook", which is no message of any format of rain
///      8    8  who tells it, drawn at random
///     16    4  its number, from 1 on
///     20    1  others that it has heard (n, 0 to 32)
///     21 12*n  of each: who (8), probes heard of it (4)
/// </code>
/// </remarks>
public static class GroupProbeMessage
{
    /// <summary>Others that one tells of at most.</summary>
    public const int OthersMax = 32;

    /// <summary>Bytes of a datagram at most.</summary>
    public const int BytesMax = FixedBytes + (OthersMax * EntryBytes);

    private const int FixedBytes = 21, EntryBytes = 12;

    private static ReadOnlySpan<byte> Magic => "rainlook"u8;

    /// <summary>Writes one.</summary>
    /// <param name="datagram">At least <see cref="BytesMax"/> bytes.</param>
    /// <param name="own">Who tells it.</param>
    /// <param name="number">Its number.</param>
    /// <param name="others">Whom it has heard, and how many probes of each; the first <see cref="OthersMax"/> are told.</param>
    /// <returns>The datagram's length.</returns>
    public static int Write(Span<byte> datagram, ulong own, uint number, IEnumerable<(ulong Who, uint Heard)> others)
    {
        ArgumentNullException.ThrowIfNull(others);
        Magic.CopyTo(datagram);
        BinaryPrimitives.WriteUInt64BigEndian(datagram[8..], own);
        BinaryPrimitives.WriteUInt32BigEndian(datagram[16..], number);
        var count = 0;
        foreach (var (who, heard) in others.Take(OthersMax))
        {
            BinaryPrimitives.WriteUInt64BigEndian(datagram[(FixedBytes + (count * EntryBytes))..], who);
            BinaryPrimitives.WriteUInt32BigEndian(datagram[(FixedBytes + (count * EntryBytes) + 8)..], heard);
            count++;
        }

        datagram[20] = (byte)count;
        return FixedBytes + (count * EntryBytes);
    }

    /// <summary>Reads any bytes at all.</summary>
    /// <param name="datagram">The datagram.</param>
    /// <param name="own">Who reads.</param>
    /// <param name="who">Who tells it.</param>
    /// <param name="number">Its number.</param>
    /// <param name="heard">Probes of the reader that it has heard.</param>
    /// <returns>Whether it is such a message.</returns>
    public static bool TryRead(ReadOnlySpan<byte> datagram, ulong own, out ulong who, out uint number, out uint heard)
    {
        (who, number, heard) = (0, 0, 0);
        if (datagram.Length < FixedBytes || !datagram.StartsWith(Magic) || datagram[20] > OthersMax
            || datagram.Length != FixedBytes + (datagram[20] * EntryBytes))
        {
            return false;
        }

        who = BinaryPrimitives.ReadUInt64BigEndian(datagram[8..]);
        number = BinaryPrimitives.ReadUInt32BigEndian(datagram[16..]);
        for (var at = FixedBytes; at < datagram.Length; at += EntryBytes)
        {
            heard = BinaryPrimitives.ReadUInt64BigEndian(datagram[at..]) == own
                ? BinaryPrimitives.ReadUInt32BigEndian(datagram[(at + 8)..]) : heard;
        }

        return true;
    }
}
