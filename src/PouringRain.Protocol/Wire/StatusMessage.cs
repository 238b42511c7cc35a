using System.Buffers.Binary;

namespace PouringRain.Protocol;

/// <summary>A server's answer to a SUBSCRIBE that needs no offer, and its word that it has nothing left to send: how far it has come.
/// With it a client measures the round trip and knows what must have come if it was not lost.</summary>
/// <remarks>
/// <code>
/// offset size
///      0    6  header
///      6    4  version tag, the first 4 bytes of the version
///     10    4  client's time of the newest SUBSCRIBE, echoed
///     14    4  microseconds since that SUBSCRIBE came
///     18    4  number of that SUBSCRIBE
///     22    4  sequence of the next droplet
///     26    4  number of the request at work: all before it have been served
///     30    2  symbols of it that have been sent
///     32    1  flags: 1 dry (every request is served), 2 every block is held
///     33    4  what of its node's ceiling the server's subscribers may have, bytes a second, 0 for no ceiling
///     37    1  requests refused (n, at most 16)
///     38  4*n  their numbers
/// </code>
/// </remarks>
internal struct StatusMessage
{
    public const int FixedBytes = 38;
    public const int RefusedCountMax = 16;
    public const int BytesMax = FixedBytes + (4 * RefusedCountMax);

    private const byte DryFlag = 1, CompleteFlag = 2, AllFlags = 3;

    public uint SubscriptionId { get; set; }

    public uint Tag { get; set; }

    public uint ClientTime { get; set; }

    public uint HeldMicroseconds { get; set; }

    public uint Number { get; set; }

    public uint NextSequence { get; set; }

    public uint Request { get; set; }

    public ushort RequestOffset { get; set; }

    public bool IsDry { get; set; }

    public bool IsComplete { get; set; }

    public uint CeilingBytesPerSecond { get; set; }

    /// <summary>Reads a datagram; <paramref name="refused"/> is a view of the refused requests' numbers, 4 bytes each.</summary>
    public static bool TryParse(ReadOnlySpan<byte> datagram, out StatusMessage message, out ReadOnlySpan<byte> refused)
    {
        message = default;
        refused = default;
        if (datagram.Length < FixedBytes || !WireFormat.Is(datagram, MessageType.Status) || datagram[32] > AllFlags
            || datagram[37] > RefusedCountMax || datagram.Length != LengthOf(datagram))
        {
            return false;
        }

        refused = datagram[FixedBytes..];
        message = new StatusMessage
        {
            SubscriptionId = BinaryPrimitives.ReadUInt32BigEndian(datagram[2..]),
            Tag = BinaryPrimitives.ReadUInt32BigEndian(datagram[6..]),
            ClientTime = BinaryPrimitives.ReadUInt32BigEndian(datagram[10..]),
            HeldMicroseconds = BinaryPrimitives.ReadUInt32BigEndian(datagram[14..]),
            Number = BinaryPrimitives.ReadUInt32BigEndian(datagram[18..]),
            NextSequence = BinaryPrimitives.ReadUInt32BigEndian(datagram[22..]),
            Request = BinaryPrimitives.ReadUInt32BigEndian(datagram[26..]),
            RequestOffset = BinaryPrimitives.ReadUInt16BigEndian(datagram[30..]),
            IsDry = (datagram[32] & DryFlag) != 0,
            IsComplete = (datagram[32] & CompleteFlag) != 0,
            CeilingBytesPerSecond = BinaryPrimitives.ReadUInt32BigEndian(datagram[33..]),
        };
        return true;
    }

    /// <summary>The length of what starts like a status, of which <see cref="FixedBytes"/> are there.</summary>
    public static int LengthOf(ReadOnlySpan<byte> datagram) => FixedBytes + (4 * datagram[37]);

    /// <returns>The datagram's length.</returns>
    public readonly int Write(Span<byte> datagram, ReadOnlySpan<uint> refused)
    {
        WireFormat.WriteHeader(datagram, MessageType.Status, SubscriptionId);
        BinaryPrimitives.WriteUInt32BigEndian(datagram[6..], Tag);
        BinaryPrimitives.WriteUInt32BigEndian(datagram[10..], ClientTime);
        BinaryPrimitives.WriteUInt32BigEndian(datagram[14..], HeldMicroseconds);
        BinaryPrimitives.WriteUInt32BigEndian(datagram[18..], Number);
        BinaryPrimitives.WriteUInt32BigEndian(datagram[22..], NextSequence);
        BinaryPrimitives.WriteUInt32BigEndian(datagram[26..], Request);
        BinaryPrimitives.WriteUInt16BigEndian(datagram[30..], RequestOffset);
        datagram[32] = (byte)((IsDry ? DryFlag : 0) | (IsComplete ? CompleteFlag : 0));
        BinaryPrimitives.WriteUInt32BigEndian(datagram[33..], CeilingBytesPerSecond);
        datagram[37] = (byte)refused.Length;
        for (var i = 0; i < refused.Length; i++)
        {
            BinaryPrimitives.WriteUInt32BigEndian(datagram[(FixedBytes + (4 * i))..], refused[i]);
        }

        return FixedBytes + (4 * refused.Length);
    }
}
