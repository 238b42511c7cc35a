using System.Buffers.Binary;

namespace PouringRain.Protocol;

/// <summary>What a receiver still needs: one number a range of blocks.</summary>
/// <remarks>
/// <code>
/// offset size
///      0    7  header, kind 5
///      7    1  flags: 1 it is what is missing at the end of the round
///      8    2  round
///     10   16  address token
///     26    2  share of the droplets that is lost, in 65535ths
///     28    1  entries (n, 1 to 100)
///     29  9*n  entries: first SBN (4), blocks - 1 (2), symbols of each (3): ESIs below this; with flag 1, how many
/// </code>
/// In a round a number of symbols is told by how far they should be rained, so that needs of several, or one that is told twice, are not
/// added up. What is missing at its end is for the next.
/// </remarks>
internal struct NeedMessage
{
    public const int FixedBytes = 29;
    public const int EntryBytes = 9;
    public const int EntryCountMax = 100;
    public const int BytesMax = FixedBytes + (EntryBytes * EntryCountMax);

    public uint StreamId { get; set; }

    /// <summary>Whether it is what is missing at the end of the round.</summary>
    public bool IsCensus { get; set; }

    public ushort Round { get; set; }

    public Bits128 Token { get; set; }

    public ushort Loss { get; set; }

    /// <summary>Reads a datagram; <paramref name="entries"/> is a view of them.</summary>
    public static bool TryParse(ReadOnlySpan<byte> datagram, out NeedMessage message, out ReadOnlySpan<byte> entries)
    {
        message = default;
        entries = default;
        if (datagram.Length < FixedBytes || !GroupMessage.Is(datagram, GroupMessageKind.Need)
            || datagram[7] > 1 || datagram[28] is 0 or > EntryCountMax || datagram.Length != FixedBytes + (EntryBytes * datagram[28]))
        {
            return false;
        }

        entries = datagram[FixedBytes..];
        message = new NeedMessage
        {
            StreamId = BinaryPrimitives.ReadUInt32BigEndian(datagram[2..]),
            IsCensus = datagram[7] != 0,
            Round = BinaryPrimitives.ReadUInt16BigEndian(datagram[8..]),
            Token = Bits128.Read(datagram[10..]),
            Loss = BinaryPrimitives.ReadUInt16BigEndian(datagram[26..]),
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
        datagram[7] = IsCensus ? (byte)1 : (byte)0;
        BinaryPrimitives.WriteUInt16BigEndian(datagram[8..], Round);
        Token.Write(datagram[10..]);
        BinaryPrimitives.WriteUInt16BigEndian(datagram[26..], Loss);
        datagram[28] = (byte)entries.Length;
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
/// <param name="Target">Symbols with ESIs below this should be rained of each; at the end of a round, so many.</param>
internal readonly record struct NeedEntry(uint FirstBlock, int BlockCount, uint Target);
