using System.Buffers.Binary;

namespace PouringRain.Protocol;

/// <summary>How much has been rained of the blocks of the window, and how much will be as things stand. Who would still need more says so
/// after a random time, unless another of these has shown as much before.</summary>
/// <remarks>
/// <code>
/// offset size
///      0    7  header, kind 2
///      7    1  flags: 1 the round is over: who lacks anything of any block says so
///      8    2  round
///     10    4  ESI with which the round begins in every block
///     14    4  the first block that may still get symbols in this round
///     18    2  over how long answers are to be spread, tenths of a millisecond
///     20    1  entries (n, at most 100)
///     21 10*n  entries: SBN (4), symbols rained: ESIs below this (3), symbols that will be: ESIs below this (3)
/// </code>
/// </remarks>
internal struct WindowMessage
{
    public const int FixedBytes = 21;
    public const int EntryBytes = 10;
    public const int EntryCountMax = 100;
    public const int BytesMax = FixedBytes + (EntryBytes * EntryCountMax);

    private const byte CensusFlag = 1;

    public uint StreamId { get; set; }

    public bool IsCensus { get; set; }

    public ushort Round { get; set; }

    public uint RoundEsi { get; set; }

    public uint FirstBlock { get; set; }

    /// <summary>Tenths of a millisecond.</summary>
    public ushort Spread { get; set; }

    /// <summary>Reads a datagram; <paramref name="entries"/> is a view of them.</summary>
    public static bool TryParse(ReadOnlySpan<byte> datagram, out WindowMessage message, out ReadOnlySpan<byte> entries)
    {
        message = default;
        entries = default;
        if (datagram.Length < FixedBytes || !GroupMessage.Is(datagram, GroupMessageKind.Window) || datagram[7] > CensusFlag
            || datagram[20] > EntryCountMax || datagram.Length != FixedBytes + (EntryBytes * datagram[20]))
        {
            return false;
        }

        entries = datagram[FixedBytes..];
        message = new WindowMessage
        {
            StreamId = BinaryPrimitives.ReadUInt32BigEndian(datagram[2..]),
            IsCensus = datagram[7] != 0,
            Round = BinaryPrimitives.ReadUInt16BigEndian(datagram[8..]),
            RoundEsi = BinaryPrimitives.ReadUInt32BigEndian(datagram[10..]),
            FirstBlock = BinaryPrimitives.ReadUInt32BigEndian(datagram[14..]),
            Spread = BinaryPrimitives.ReadUInt16BigEndian(datagram[18..]),
        };
        return true;
    }

    /// <summary>Reads an entry of those that were parsed.</summary>
    public static WindowEntry EntryAt(ReadOnlySpan<byte> entries, int index)
    {
        var entry = entries.Slice(index * EntryBytes, EntryBytes);
        return new WindowEntry(
            BinaryPrimitives.ReadUInt32BigEndian(entry), WireFormat.ReadUInt24(entry[4..]), WireFormat.ReadUInt24(entry[7..]));
    }

    /// <returns>The datagram's length.</returns>
    public readonly int Write(Span<byte> datagram, ReadOnlySpan<WindowEntry> entries)
    {
        GroupMessage.WriteHeader(datagram, GroupMessageKind.Window, StreamId);
        datagram[7] = IsCensus ? CensusFlag : (byte)0;
        BinaryPrimitives.WriteUInt16BigEndian(datagram[8..], Round);
        BinaryPrimitives.WriteUInt32BigEndian(datagram[10..], RoundEsi);
        BinaryPrimitives.WriteUInt32BigEndian(datagram[14..], FirstBlock);
        BinaryPrimitives.WriteUInt16BigEndian(datagram[18..], Spread);
        datagram[20] = (byte)entries.Length;
        for (var i = 0; i < entries.Length; i++)
        {
            var at = datagram[(FixedBytes + (i * EntryBytes))..];
            BinaryPrimitives.WriteUInt32BigEndian(at, entries[i].Block);
            WireFormat.WriteUInt24(at[4..], entries[i].Sent);
            WireFormat.WriteUInt24(at[7..], entries[i].Promised);
        }

        return FixedBytes + (entries.Length * EntryBytes);
    }
}

/// <summary>What has been rained of a block.</summary>
/// <param name="Block">The SBN.</param>
/// <param name="Sent">Symbols with ESIs below this have been rained, from that on with which the round began.</param>
/// <param name="Promised">Those below this will be.</param>
internal readonly record struct WindowEntry(uint Block, uint Sent, uint Promised);
