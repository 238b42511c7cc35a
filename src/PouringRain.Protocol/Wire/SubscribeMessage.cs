using System.Buffers.Binary;

namespace PouringRain.Protocol;

/// <summary>The fixed part of a SUBSCRIBE.</summary>
/// <remarks>
/// <code>
/// offset size
///      0    6  header
///      6    4  number of this SUBSCRIBE, counted up per path; the server lets an older one change nothing
///     10    1  flags: 1 version given, 2 requests are guesses (the server cuts them to the block's real size),
///              4 OFFER wanted, 8 feedback is there, 16 small symbols
///     11    8  resource id
///     19   32  version wanted, else zeros
///     51   16  address token, else zeros
///     67    4  client's time, microseconds, echoed
///     71    4  rate granted, bytes of datagrams a second
///     75    4  droplets that may be sent beyond the highest sequence below
///     79    4  feedback: highest sequence known to be sent
///     83    4  feedback: droplets received
///     87    3  feedback: the server's timestamp of the newest droplet
///     90    4  number of the first request below
///     94    2  requests (n, at most 108)
///     96 10*n  requests: SBN (4), first ESI (3), step (1), count (2)
///              zeros to the end
/// </code>
/// </remarks>
internal struct SubscribeMessage
{
    public const int FixedBytes = 96;
    public const int ItemCountMax = 108;

    /// <summary>What a SUBSCRIBE is padded to when it has no token, so that the answer is never larger; and when it has one, which
    /// the server may not accept. None is longer, so that every path takes it: 1180 + 51 (seal) + 48 (IPv6, UDP) = 1279.</summary>
    public const int UnvalidatedBytesMin = 1180, ValidatedBytesMin = 160;

    private const byte HasVersionFlag = 1, GuessFlag = 2, OfferFlag = 4, FeedbackFlag = 8, SmallFlag = 16, AllFlags = 31;

    public uint SubscriptionId { get; set; }

    public uint Number { get; set; }

    public ResourceId Resource { get; set; }

    public Sha256Digest? Version { get; set; }

    public Bits128 Token { get; set; }

    public bool AreGuesses { get; set; }

    public bool WantsOffer { get; set; }

    /// <summary>Whether droplets are to carry the symbols of
    /// <see cref="ResourceLayout.WithSmallSymbols"/>, which the requests are of then.</summary>
    public bool WantsSmallSymbols { get; set; }

    public uint ClientTime { get; set; }

    public uint RateBytesPerSecond { get; set; }

    public uint InFlightMax { get; set; }

    public bool HasFeedback { get; set; }

    public uint HighestSequence { get; set; }

    public uint ReceivedCount { get; set; }

    public uint ServerTime { get; set; }

    public uint FirstRequest { get; set; }

    /// <summary>Reads a datagram; <paramref name="items"/> is a view of its requests, each
    /// <see cref="RequestItem.SizeBytes"/> long.</summary>
    public static bool TryParse(ReadOnlySpan<byte> datagram, out SubscribeMessage message, out ReadOnlySpan<byte> items)
    {
        message = default;
        items = default;
        if (datagram.Length < FixedBytes || !WireFormat.Is(datagram, MessageType.Subscribe) || datagram[10] > AllFlags)
        {
            return false;
        }

        var count = BinaryPrimitives.ReadUInt16BigEndian(datagram[94..]);
        var end = FixedBytes + (count * RequestItem.SizeBytes);
        if (count > ItemCountMax || datagram.Length < end || datagram[end..].ContainsAnyExcept((byte)0))
        {
            return false;
        }

        items = datagram[FixedBytes..end];
        for (var i = 0; i < items.Length; i += RequestItem.SizeBytes)
        {
            if (items[i + 7] == 0)
            {
                items = default;
                return false;
            }
        }

        var flags = datagram[10];
        message = new SubscribeMessage
        {
            SubscriptionId = BinaryPrimitives.ReadUInt32BigEndian(datagram[2..]),
            Number = BinaryPrimitives.ReadUInt32BigEndian(datagram[6..]),
            AreGuesses = (flags & GuessFlag) != 0,
            WantsOffer = (flags & OfferFlag) != 0,
            HasFeedback = (flags & FeedbackFlag) != 0,
            WantsSmallSymbols = (flags & SmallFlag) != 0,
            Resource = new ResourceId(BinaryPrimitives.ReadUInt64BigEndian(datagram[11..])),
            Version = (flags & HasVersionFlag) != 0 ? Sha256Digest.Read(datagram[19..]) : null,
            Token = Bits128.Read(datagram[51..]),
            ClientTime = BinaryPrimitives.ReadUInt32BigEndian(datagram[67..]),
            RateBytesPerSecond = BinaryPrimitives.ReadUInt32BigEndian(datagram[71..]),
            InFlightMax = BinaryPrimitives.ReadUInt32BigEndian(datagram[75..]),
            HighestSequence = BinaryPrimitives.ReadUInt32BigEndian(datagram[79..]),
            ReceivedCount = BinaryPrimitives.ReadUInt32BigEndian(datagram[83..]),
            ServerTime = WireFormat.ReadUInt24(datagram[87..]),
            FirstRequest = BinaryPrimitives.ReadUInt32BigEndian(datagram[90..]),
        };
        return true;
    }

    /// <summary>Writes all but the requests, which the caller has put at <see cref="FixedBytes"/>, and pads.</summary>
    /// <returns>The datagram's length.</returns>
    public readonly int Write(Span<byte> datagram, int itemCount)
    {
        var end = FixedBytes + (itemCount * RequestItem.SizeBytes);
        var length = Math.Max(end, Token == default ? UnvalidatedBytesMin : ValidatedBytesMin);
        datagram[end..length].Clear();
        WireFormat.WriteHeader(datagram, MessageType.Subscribe, SubscriptionId);
        BinaryPrimitives.WriteUInt32BigEndian(datagram[6..], Number);
        datagram[10] = (byte)((Version is null ? 0 : HasVersionFlag) | (AreGuesses ? GuessFlag : 0)
            | (WantsOffer ? OfferFlag : 0) | (HasFeedback ? FeedbackFlag : 0) | (WantsSmallSymbols ? SmallFlag : 0));
        BinaryPrimitives.WriteUInt64BigEndian(datagram[11..], Resource.Value);
        (Version ?? default).Write(datagram[19..]);
        Token.Write(datagram[51..]);
        BinaryPrimitives.WriteUInt32BigEndian(datagram[67..], ClientTime);
        BinaryPrimitives.WriteUInt32BigEndian(datagram[71..], RateBytesPerSecond);
        BinaryPrimitives.WriteUInt32BigEndian(datagram[75..], InFlightMax);
        BinaryPrimitives.WriteUInt32BigEndian(datagram[79..], HighestSequence);
        BinaryPrimitives.WriteUInt32BigEndian(datagram[83..], ReceivedCount);
        WireFormat.WriteUInt24(datagram[87..], ServerTime);
        BinaryPrimitives.WriteUInt32BigEndian(datagram[90..], FirstRequest);
        BinaryPrimitives.WriteUInt16BigEndian(datagram[94..], (ushort)itemCount);
        return length;
    }
}
