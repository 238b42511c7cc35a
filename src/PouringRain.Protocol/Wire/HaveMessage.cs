using System.Buffers.Binary;

namespace PouringRain.Protocol;

/// <summary>A server's answer to a JOIN: which blocks of the version it holds, as far as the client does not know it yet, and which it
/// would like to be asked for.</summary>
/// <remarks>
/// <code>
/// offset size
///      0    6  header
///      6    4  version tag
///     10   16  address token for the client
///     26    1  flags: 1 every block is held, 2 the token was good (without it all that follows is zero),
///              4 only what is suggested should be asked for
///     27    4  epoch: another one than before says that all that was told before is void
///     31    4  blocks held
///     35    4  first block of the bitmap below, a multiple of 8
///     39    2  bytes of the bitmap (b, at most 1000)
///     41    4  position of the first arrival below, counted from when the epoch began
///     45    1  arrivals (a, at most 250)
///     46    1  blocks suggested (s, at most 16)
///     47    2  milliseconds in which the server would rather not be asked again, unless something else is to be said
///     49    b  bitmap: bit i % 8, counted from the least, of byte i / 8 is that of block first + i
///         4*a  arrivals: blocks in the order in which they came to be held
///         4*s  blocks suggested
/// </code>
/// There is a bitmap or there are arrivals, not both.
/// </remarks>
internal struct HaveMessage
{
    public const int FixedBytes = 49;
    public const int BitmapBytesMax = 1000;
    public const int ArrivalCountMax = 250;
    public const int SuggestedCountMax = 16;
    public const int BytesMax = FixedBytes + BitmapBytesMax + (4 * SuggestedCountMax);

    private const byte CompleteFlag = 1, ValidatedFlag = 2, SuggestedOnlyFlag = 4, AllFlags = 7;

    public uint SubscriptionId { get; set; }

    public uint Tag { get; set; }

    public Bits128 Token { get; set; }

    public bool IsComplete { get; set; }

    public bool IsAddressValidated { get; set; }

    public bool IsSuggestedOnly { get; set; }

    public uint Epoch { get; set; }

    public uint HeldCount { get; set; }

    public uint FirstBlock { get; set; }

    public uint FirstArrival { get; set; }

    public ushort PauseMilliseconds { get; set; }

    /// <summary>Reads a datagram.</summary>
    /// <param name="datagram">Any bytes.</param>
    /// <param name="message">The fixed part.</param>
    /// <param name="bitmap">A view of the bitmap.</param>
    /// <param name="arrivals">A view of the arrivals, 4 bytes each.</param>
    /// <param name="suggested">A view of the blocks suggested, 4 bytes each.</param>
    public static bool TryParse(
        ReadOnlySpan<byte> datagram, out HaveMessage message, out ReadOnlySpan<byte> bitmap, out ReadOnlySpan<byte> arrivals,
        out ReadOnlySpan<byte> suggested)
    {
        message = default;
        bitmap = default;
        arrivals = default;
        suggested = default;
        if (datagram.Length < FixedBytes || !WireFormat.Is(datagram, MessageType.Have) || datagram[26] > AllFlags)
        {
            return false;
        }

        int bitmapBytes = BinaryPrimitives.ReadUInt16BigEndian(datagram[39..]), arrivalCount = datagram[45], suggestedCount = datagram[46];
        var firstBlock = BinaryPrimitives.ReadUInt32BigEndian(datagram[35..]);
        if (bitmapBytes > BitmapBytesMax || arrivalCount > ArrivalCountMax || suggestedCount > SuggestedCountMax
            || (bitmapBytes > 0 && arrivalCount > 0) || firstBlock % 8 != 0 || datagram.Length != LengthOf(datagram))
        {
            return false;
        }

        bitmap = datagram.Slice(FixedBytes, bitmapBytes);
        arrivals = datagram.Slice(FixedBytes + bitmapBytes, 4 * arrivalCount);
        suggested = datagram[^(4 * suggestedCount)..];
        message = new HaveMessage
        {
            SubscriptionId = BinaryPrimitives.ReadUInt32BigEndian(datagram[2..]),
            Tag = BinaryPrimitives.ReadUInt32BigEndian(datagram[6..]),
            Token = Bits128.Read(datagram[10..]),
            IsComplete = (datagram[26] & CompleteFlag) != 0,
            IsAddressValidated = (datagram[26] & ValidatedFlag) != 0,
            IsSuggestedOnly = (datagram[26] & SuggestedOnlyFlag) != 0,
            Epoch = BinaryPrimitives.ReadUInt32BigEndian(datagram[27..]),
            HeldCount = BinaryPrimitives.ReadUInt32BigEndian(datagram[31..]),
            FirstBlock = firstBlock,
            FirstArrival = BinaryPrimitives.ReadUInt32BigEndian(datagram[41..]),
            PauseMilliseconds = BinaryPrimitives.ReadUInt16BigEndian(datagram[47..]),
        };
        return true;
    }

    /// <summary>The length of what starts like a HAVE, of which <see cref="FixedBytes"/> are there.</summary>
    public static int LengthOf(ReadOnlySpan<byte> datagram) =>
        FixedBytes + BinaryPrimitives.ReadUInt16BigEndian(datagram[39..]) + (4 * (datagram[45] + datagram[46]));

    /// <summary>Where the bitmap, or the arrivals, are to be put before <see cref="Write"/>; the blocks suggested follow them.</summary>
    public static Span<byte> ListsOf(Span<byte> datagram) => datagram[FixedBytes..];

    /// <summary>Writes all but the lists.</summary>
    /// <returns>The datagram's length.</returns>
    public readonly int Write(Span<byte> datagram, int bitmapBytes, int arrivalCount, int suggestedCount)
    {
        WireFormat.WriteHeader(datagram, MessageType.Have, SubscriptionId);
        BinaryPrimitives.WriteUInt32BigEndian(datagram[6..], Tag);
        Token.Write(datagram[10..]);
        datagram[26] = (byte)((IsComplete ? CompleteFlag : 0) | (IsAddressValidated ? ValidatedFlag : 0)
            | (IsSuggestedOnly ? SuggestedOnlyFlag : 0));
        BinaryPrimitives.WriteUInt32BigEndian(datagram[27..], Epoch);
        BinaryPrimitives.WriteUInt32BigEndian(datagram[31..], HeldCount);
        BinaryPrimitives.WriteUInt32BigEndian(datagram[35..], FirstBlock);
        BinaryPrimitives.WriteUInt16BigEndian(datagram[39..], (ushort)bitmapBytes);
        BinaryPrimitives.WriteUInt32BigEndian(datagram[41..], FirstArrival);
        datagram[45] = (byte)arrivalCount;
        datagram[46] = (byte)suggestedCount;
        BinaryPrimitives.WriteUInt16BigEndian(datagram[47..], PauseMilliseconds);
        return FixedBytes + bitmapBytes + (4 * (arrivalCount + suggestedCount));
    }
}
