using System.Buffers.Binary;

namespace PouringRain.Protocol;

/// <summary>What a client that fetches a version in company tells a server of it: who it is, where it rains on, how much it holds, and how
/// much it knows of what the server holds. Goes beside SUBSCRIBE, whose subscription and token it has; a server that knows nothing of it
/// ignores it.</summary>
/// <remarks>
/// <code>
/// offset size
///      0    6  header
///      6    8  resource id
///     14    4  version tag, the first 4 bytes of the version
///     18   16  address token, else zeros: then it is answered with a token and nothing else
///     34   16  node id of the client
///     50    2  port on which it rains what it holds, at the address that this comes from; 0 when it shares nothing
///     52    4  blocks that it holds
///     56    4  epoch of what it knows of the server's blocks; 0 when it knows nothing
///     60    4  the first block that it knows nothing of
///     64    4  arrivals that it knows of
///     68    1  flags: 1 it wants to be told of others, 2 it has no manifest yet, and rains when it has
///     69    1  blocks declined (n, at most 16)
///     70  4*n  blocks that were suggested and are of no use to it
/// </code>
/// </remarks>
internal struct JoinMessage
{
    public const int FixedBytes = 70;
    public const int DeclinedCountMax = 16;
    public const int BytesMax = FixedBytes + (4 * DeclinedCountMax);

    private const byte PeersFlag = 1, NoManifestFlag = 2, AllFlags = 3;

    public uint SubscriptionId { get; set; }

    public ResourceId Resource { get; set; }

    public uint Tag { get; set; }

    public Bits128 Token { get; set; }

    public NodeId Node { get; set; }

    public ushort RainPort { get; set; }

    public uint HeldCount { get; set; }

    public uint Epoch { get; set; }

    public uint FirstUnknown { get; set; }

    public uint ArrivalsKnown { get; set; }

    public bool WantsPeers { get; set; }

    public bool LacksManifest { get; set; }

    /// <summary>Reads a datagram; <paramref name="declined"/> is a view of the declined blocks, 4 bytes each.</summary>
    public static bool TryParse(ReadOnlySpan<byte> datagram, out JoinMessage message, out ReadOnlySpan<byte> declined)
    {
        message = default;
        declined = default;
        if (datagram.Length < FixedBytes || !WireFormat.Is(datagram, MessageType.Join) || datagram[68] > AllFlags
            || datagram[69] > DeclinedCountMax || datagram.Length != FixedBytes + (4 * datagram[69]))
        {
            return false;
        }

        declined = datagram[FixedBytes..];
        message = new JoinMessage
        {
            SubscriptionId = BinaryPrimitives.ReadUInt32BigEndian(datagram[2..]),
            Resource = new ResourceId(BinaryPrimitives.ReadUInt64BigEndian(datagram[6..])),
            Tag = BinaryPrimitives.ReadUInt32BigEndian(datagram[14..]),
            Token = Bits128.Read(datagram[18..]),
            Node = new NodeId(Bits128.Read(datagram[34..])),
            RainPort = BinaryPrimitives.ReadUInt16BigEndian(datagram[50..]),
            HeldCount = BinaryPrimitives.ReadUInt32BigEndian(datagram[52..]),
            Epoch = BinaryPrimitives.ReadUInt32BigEndian(datagram[56..]),
            FirstUnknown = BinaryPrimitives.ReadUInt32BigEndian(datagram[60..]),
            ArrivalsKnown = BinaryPrimitives.ReadUInt32BigEndian(datagram[64..]),
            WantsPeers = (datagram[68] & PeersFlag) != 0,
            LacksManifest = (datagram[68] & NoManifestFlag) != 0,
        };
        return true;
    }

    /// <returns>The datagram's length.</returns>
    public readonly int Write(Span<byte> datagram, ReadOnlySpan<int> declined)
    {
        WireFormat.WriteHeader(datagram, MessageType.Join, SubscriptionId);
        BinaryPrimitives.WriteUInt64BigEndian(datagram[6..], Resource.Value);
        BinaryPrimitives.WriteUInt32BigEndian(datagram[14..], Tag);
        Token.Write(datagram[18..]);
        Node.Value.Write(datagram[34..]);
        BinaryPrimitives.WriteUInt16BigEndian(datagram[50..], RainPort);
        BinaryPrimitives.WriteUInt32BigEndian(datagram[52..], HeldCount);
        BinaryPrimitives.WriteUInt32BigEndian(datagram[56..], Epoch);
        BinaryPrimitives.WriteUInt32BigEndian(datagram[60..], FirstUnknown);
        BinaryPrimitives.WriteUInt32BigEndian(datagram[64..], ArrivalsKnown);
        datagram[68] = (byte)((WantsPeers ? PeersFlag : 0) | (LacksManifest ? NoManifestFlag : 0));
        datagram[69] = (byte)declined.Length;
        for (var i = 0; i < declined.Length; i++)
        {
            BinaryPrimitives.WriteInt32BigEndian(datagram[(FixedBytes + (4 * i))..], declined[i]);
        }

        return FixedBytes + (4 * declined.Length);
    }
}
