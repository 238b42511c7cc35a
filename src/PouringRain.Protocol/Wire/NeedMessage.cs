using System.Buffers.Binary;

namespace PouringRain.Protocol;

/// <summary>What a receiver still needs: one number a range of blocks.</summary>
/// <remarks>
/// <code>
/// offset size
///      0    7  header, kind 5
///      7    2  round
///      9   16  address token
///     25    2  share of the droplets that is lost, in 65535ths
///     27    1  entries (n, 1 to 100)
///     28  9*n  entries: first SBN (4), blocks - 1 (2), symbols wanted of each: ESIs below this (3)
/// </code>
/// A number of symbols is told by how far they should be rained, so that needs of several, or one that is told twice, are not added up.
/// </remarks>
internal struct NeedMessage
{
    public const int FixedBytes = 28;
    public const int EntryBytes = 9;
    public const int EntryCountMax = 100;
    public const int BytesMax = FixedBytes + (EntryBytes * EntryCountMax);

    public uint StreamId { get; set; }

    public ushort Round { get; set; }

    public UInt128 Token { get; set; }

    public ushort Loss { get; set; }

    /// <summary>Reads a datagram; <paramref name="entries"/> is a view of them.</summary>
    public static bool TryParse(ReadOnlySpan<byte> datagram, out NeedMessage message, out ReadOnlySpan<byte> entries)
    {
        message = default;
        entries = default;
        if (datagram.Length < FixedBytes || !GroupMessage.Is(datagram, GroupMessageKind.Need)
            || datagram[27] is 0 or > EntryCountMax || datagram.Length != FixedBytes + (EntryBytes * datagram[27]))
        {
            return false;
        }

        entries = datagram[FixedBytes..];
        message = new NeedMessage
        {
            StreamId = BinaryPrimitives.ReadUInt32BigEndian(datagram[2..]),
            Round = BinaryPrimitives.ReadUInt16BigEndian(datagram[7..]),
            Token = BinaryPrimitives.ReadUInt128BigEndian(datagram[9..]),
            Loss = BinaryPrimitives.ReadUInt16BigEndian(datagram[25..]),
        };
        return true;
    }

    /// <summary>Reads an entry of those that were parsed.</summary>
    public static NeedEntry EntryAt(ReadOnlySpan<byte> entries, int index)
    {
        var entry = entries.Slice(index * EntryBytes, EntryBytes);
        return new NeedEntry(
            BinaryPrimitives.ReadUInt32BigEndian(entry), BinaryPrimitives.ReadUInt16BigEndian(entry[4..]) + 1,
            WireFormat.ReadUInt24(entry[6..]));
    }

    /// <returns>The datagram's length.</returns>
    public readonly int Write(Span<byte> datagram, ReadOnlySpan<NeedEntry> entries)
    {
        GroupMessage.WriteHeader(datagram, GroupMessageKind.Need, StreamId);
        BinaryPrimitives.WriteUInt16BigEndian(datagram[7..], Round);
        BinaryPrimitives.WriteUInt128BigEndian(datagram[9..], Token);
        BinaryPrimitives.WriteUInt16BigEndian(datagram[25..], Loss);
        datagram[27] = (byte)entries.Length;
        for (var i = 0; i < entries.Length; i++)
        {
            var at = datagram[(FixedBytes + (i * EntryBytes))..];
            BinaryPrimitives.WriteUInt32BigEndian(at, entries[i].FirstBlock);
            BinaryPrimitives.WriteUInt16BigEndian(at[4..], (ushort)(entries[i].BlockCount - 1));
            WireFormat.WriteUInt24(at[6..], entries[i].Target);
        }

        return FixedBytes + (entries.Length * EntryBytes);
    }
}

/// <summary>What is needed of some blocks.</summary>
/// <param name="FirstBlock">The SBN of the first.</param>
/// <param name="BlockCount">How many, 1 to 65536.</param>
/// <param name="Target">Symbols with ESIs below this should be rained of each.</param>
internal readonly record struct NeedEntry(uint FirstBlock, int BlockCount, uint Target);
