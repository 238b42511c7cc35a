using System.Buffers.Binary;
using System.Text;

namespace PouringRain.Protocol;

/// <summary>What rains on a group, told to it again and again.</summary>
/// <remarks>
/// <code>
/// offset size
///      0    7  header, kind 1
///      7    1  flags: 1 the rain has not begun, 2 no other round comes, 4 it is over
///      8    8  resource id
///     16   32  version
///     48    8  stamp, milliseconds
///     56    8  length of the resource
///     64    4  bytes of a block, and one more when the layout grows
///     68    2  T
///     70    4  bytes of the manifest
///     74    4  rate on the wire, thousands of bits a second
///     78    2  round, 1 for the first
///     80    4  ESI with which the round begins in every block
///     84    4  the first block that may still get symbols in this round
///     88    4  receivers that the sender knows
///     92    2  milliseconds between a receiver's reports
///     94    2  port at the sender's address where a rain server has the same, 0 for none
///     96    1  bytes of the code's name (n, 1 to 32)
///     97    n  the code's name
/// </code>
/// </remarks>
internal struct AnnounceMessage
{
    public const int FixedBytes = 97;
    public const int BytesMax = FixedBytes + Manifest.CodeBytesMax;

    private const byte WaitingFlag = 1, LastFlag = 2, EndedFlag = 4, AllFlags = 7;

    public uint StreamId { get; set; }

    /// <summary>Whether the rain has not begun, because the sender waits for receivers.</summary>
    public bool IsWaiting { get; set; }

    /// <summary>Whether the last round is over but for repair: what is missing then is to be had by unicast.</summary>
    public bool IsLast { get; set; }

    /// <summary>Whether the sender leaves.</summary>
    public bool HasEnded { get; set; }

    public ResourceId Resource { get; set; }

    /// <summary>The version as an offer tells it, but for what only a server's has.</summary>
    public OfferMessage Offer { get; set; }

    public uint KilobitsPerSecond { get; set; }

    public ushort Round { get; set; }

    public uint RoundEsi { get; set; }

    public uint FirstBlock { get; set; }

    public uint ReceiverCount { get; set; }

    public ushort ReportMilliseconds { get; set; }

    public ushort RainPort { get; set; }

    /// <summary>Reads a datagram; <paramref name="code"/> is a view of the code's name in UTF-8.</summary>
    public static bool TryParse(ReadOnlySpan<byte> datagram, out AnnounceMessage message, out ReadOnlySpan<byte> code)
    {
        message = default;
        code = default;
        if (datagram.Length < FixedBytes || !GroupMessage.Is(datagram, GroupMessageKind.Announce) || datagram[7] > AllFlags
            || datagram[96] is 0 or > Manifest.CodeBytesMax || datagram.Length != FixedBytes + datagram[96])
        {
            return false;
        }

        var stamp = BinaryPrimitives.ReadInt64BigEndian(datagram[48..]);
        var length = BinaryPrimitives.ReadInt64BigEndian(datagram[56..]);
        var blockBytes = BinaryPrimitives.ReadUInt32BigEndian(datagram[64..]);
        var symbolSize = BinaryPrimitives.ReadUInt16BigEndian(datagram[68..]);
        var manifestBytes = BinaryPrimitives.ReadUInt32BigEndian(datagram[70..]);
        if (!ResourceLayout.IsPossible(length, blockBytes, symbolSize) || manifestBytes is 0 or > int.MaxValue
            || !Manifest.IsStamp(stamp, isDeleted: false))
        {
            return false;
        }

        code = datagram[FixedBytes..];
        message = new AnnounceMessage
        {
            StreamId = BinaryPrimitives.ReadUInt32BigEndian(datagram[2..]),
            IsWaiting = (datagram[7] & WaitingFlag) != 0,
            IsLast = (datagram[7] & LastFlag) != 0,
            HasEnded = (datagram[7] & EndedFlag) != 0,
            Resource = new ResourceId(BinaryPrimitives.ReadUInt64BigEndian(datagram[8..])),
            Offer = new OfferMessage
            {
                IsComplete = true,
                Version = Sha256Digest.Read(datagram[16..]),
                Stamp = stamp,
                Length = length,
                BlockBytes = (int)blockBytes,
                SymbolSize = symbolSize,
                ManifestBytes = (int)manifestBytes,
            },
            KilobitsPerSecond = BinaryPrimitives.ReadUInt32BigEndian(datagram[74..]),
            Round = BinaryPrimitives.ReadUInt16BigEndian(datagram[78..]),
            RoundEsi = BinaryPrimitives.ReadUInt32BigEndian(datagram[80..]),
            FirstBlock = BinaryPrimitives.ReadUInt32BigEndian(datagram[84..]),
            ReceiverCount = BinaryPrimitives.ReadUInt32BigEndian(datagram[88..]),
            ReportMilliseconds = BinaryPrimitives.ReadUInt16BigEndian(datagram[92..]),
            RainPort = BinaryPrimitives.ReadUInt16BigEndian(datagram[94..]),
        };
        return true;
    }

    /// <returns>The datagram's length.</returns>
    public readonly int Write(Span<byte> datagram, string code)
    {
        GroupMessage.WriteHeader(datagram, GroupMessageKind.Announce, StreamId);
        datagram[7] = (byte)((IsWaiting ? WaitingFlag : 0) | (IsLast ? LastFlag : 0) | (HasEnded ? EndedFlag : 0));
        BinaryPrimitives.WriteUInt64BigEndian(datagram[8..], Resource.Value);
        Offer.Version.Write(datagram[16..]);
        BinaryPrimitives.WriteInt64BigEndian(datagram[48..], Offer.Stamp);
        BinaryPrimitives.WriteInt64BigEndian(datagram[56..], Offer.Length);
        BinaryPrimitives.WriteInt32BigEndian(datagram[64..], Offer.BlockBytes);
        BinaryPrimitives.WriteUInt16BigEndian(datagram[68..], (ushort)Offer.SymbolSize);
        BinaryPrimitives.WriteInt32BigEndian(datagram[70..], Offer.ManifestBytes);
        BinaryPrimitives.WriteUInt32BigEndian(datagram[74..], KilobitsPerSecond);
        BinaryPrimitives.WriteUInt16BigEndian(datagram[78..], Round);
        BinaryPrimitives.WriteUInt32BigEndian(datagram[80..], RoundEsi);
        BinaryPrimitives.WriteUInt32BigEndian(datagram[84..], FirstBlock);
        BinaryPrimitives.WriteUInt32BigEndian(datagram[88..], ReceiverCount);
        BinaryPrimitives.WriteUInt16BigEndian(datagram[92..], ReportMilliseconds);
        BinaryPrimitives.WriteUInt16BigEndian(datagram[94..], RainPort);
        var codeBytes = Encoding.UTF8.GetBytes(code, datagram[FixedBytes..]);
        datagram[96] = (byte)codeBytes;
        return FixedBytes + codeBytes;
    }
}
