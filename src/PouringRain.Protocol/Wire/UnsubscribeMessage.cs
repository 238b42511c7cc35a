using System.Buffers.Binary;

namespace PouringRain.Protocol;

/// <summary>UNSUBSCRIBE, with the last feedback.</summary>
/// <remarks>
/// <code>
/// offset size
///      0    6  header
///      6    8  resource id
///     14    4  client's time
///     18    1  flags: 8 feedback is there
///     19    4  feedback: highest sequence known to be sent, else zeros
/// </code>
/// </remarks>
internal struct UnsubscribeMessage
{
    public const int SizeBytes = 23;

    private const byte FeedbackFlag = 8;

    public uint SubscriptionId { get; set; }

    public ResourceId Resource { get; set; }

    public uint ClientTime { get; set; }

    public bool HasFeedback { get; set; }

    public uint HighestSequence { get; set; }

    public static bool TryParse(ReadOnlySpan<byte> datagram, out UnsubscribeMessage message)
    {
        message = default;
        if (datagram.Length != SizeBytes || !WireFormat.TryReadHeader(datagram, out var type, out var subscriptionId)
            || type != MessageType.Unsubscribe || (datagram[18] & ~FeedbackFlag) != 0)
        {
            return false;
        }

        message = new UnsubscribeMessage
        {
            SubscriptionId = subscriptionId,
            Resource = new ResourceId(BinaryPrimitives.ReadUInt64BigEndian(datagram[6..])),
            ClientTime = BinaryPrimitives.ReadUInt32BigEndian(datagram[14..]),
            HasFeedback = datagram[18] == FeedbackFlag,
            HighestSequence = BinaryPrimitives.ReadUInt32BigEndian(datagram[19..]),
        };
        return true;
    }

    /// <returns>The datagram's length.</returns>
    public readonly int Write(Span<byte> datagram)
    {
        WireFormat.WriteHeader(datagram, MessageType.Unsubscribe, SubscriptionId);
        BinaryPrimitives.WriteUInt64BigEndian(datagram[6..], Resource.Value);
        BinaryPrimitives.WriteUInt32BigEndian(datagram[14..], ClientTime);
        datagram[18] = HasFeedback ? FeedbackFlag : (byte)0;
        BinaryPrimitives.WriteUInt32BigEndian(datagram[19..], HasFeedback ? HighestSequence : 0);
        return SizeBytes;
    }
}
