using System.Buffers.Binary;

namespace PouringRain.Protocol;

/// <summary>NOT_FOUND and BUSY, which are alike.</summary>
/// <remarks>
/// <code>
/// offset size
///      0    6  header
///      6    8  resource id
///     14    4  client's time, echoed
/// </code>
/// </remarks>
internal struct ShortMessage
{
    public const int SizeBytes = 18;

    public MessageType Type { get; set; }

    public uint SubscriptionId { get; set; }

    public ResourceId Resource { get; set; }

    public uint ClientTime { get; set; }

    public static bool TryParse(ReadOnlySpan<byte> datagram, out ShortMessage message)
    {
        message = default;
        if (datagram.Length != SizeBytes || !WireFormat.TryReadHeader(datagram, out var type, out var subscriptionId)
            || type is not (MessageType.NotFound or MessageType.Busy))
        {
            return false;
        }

        message = new ShortMessage
        {
            Type = type,
            SubscriptionId = subscriptionId,
            Resource = new ResourceId(BinaryPrimitives.ReadUInt64BigEndian(datagram[6..])),
            ClientTime = BinaryPrimitives.ReadUInt32BigEndian(datagram[14..]),
        };
        return true;
    }

    /// <returns>The datagram's length.</returns>
    public readonly int Write(Span<byte> datagram)
    {
        WireFormat.WriteHeader(datagram, Type, SubscriptionId);
        BinaryPrimitives.WriteUInt64BigEndian(datagram[6..], Resource.Value);
        BinaryPrimitives.WriteUInt32BigEndian(datagram[14..], ClientTime);
        return SizeBytes;
    }
}
