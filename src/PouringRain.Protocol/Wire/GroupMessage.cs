using System.Buffers.Binary;

namespace PouringRain.Protocol;

/// <summary>What all messages of group rain but its droplets have in common: type 6, the stream's id where others have that of a
/// subscription, and a kind. Droplets on a group are those of any rain, under the stream's id.</summary>
internal static class GroupMessage
{
    public const int HeaderBytes = WireFormat.HeaderBytes + 1;

    /// <summary>Reads what every message begins with.</summary>
    public static bool TryReadHeader(ReadOnlySpan<byte> datagram, out GroupMessageKind kind, out uint streamId)
    {
        kind = default;
        streamId = 0;
        if (datagram.Length < HeaderBytes || !WireFormat.Is(datagram, MessageType.Group))
        {
            return false;
        }

        streamId = BinaryPrimitives.ReadUInt32BigEndian(datagram[2..]);
        kind = (GroupMessageKind)datagram[WireFormat.HeaderBytes];
        return kind is >= GroupMessageKind.Announce and <= GroupMessageKind.Train;
    }

    public static bool Is(ReadOnlySpan<byte> datagram, GroupMessageKind kind) =>
        TryReadHeader(datagram, out var read, out _) && read == kind;

    /// <summary>The length of the first of several of a sender's messages; 0 when it cannot be told.</summary>
    public static int LengthOfFirst(ReadOnlySpan<byte> datagrams)
    {
        if (!TryReadHeader(datagrams, out var kind, out _))
        {
            return 0;
        }

        return kind switch
        {
            GroupMessageKind.Announce when datagrams.Length >= AnnounceMessage.FixedBytes => AnnounceMessage.FixedBytes + datagrams[96],
            GroupMessageKind.Window when datagrams.Length >= WindowMessage.FixedBytes =>
                WindowMessage.FixedBytes + (WindowMessage.EntryBytes * datagrams[20]),
            GroupMessageKind.Welcome => WelcomeMessage.SizeBytes,
            GroupMessageKind.Train => TrainMessage.SizeBytes,
            _ => 0,
        };
    }

    public static void WriteHeader(Span<byte> datagram, GroupMessageKind kind, uint streamId)
    {
        WireFormat.WriteHeader(datagram, MessageType.Group, streamId);
        datagram[WireFormat.HeaderBytes] = (byte)kind;
    }

    /// <summary>A share as it goes over the wire, in 65535ths.</summary>
    public static ushort ToShare(double share) => (ushort)(Math.Clamp(share, 0, 1) * ushort.MaxValue);

    /// <summary>The share that was told.</summary>
    public static double FromShare(ushort share) => share / (double)ushort.MaxValue;
}

/// <summary>The messages of group rain; a datagram's seventh byte.</summary>
internal enum GroupMessageKind : byte
{
    /// <summary>Sender to group: what rains.</summary>
    Announce = 1,

    /// <summary>Sender to group: how much of some blocks has been rained and will be; who still needs more then says so.</summary>
    Window = 2,

    /// <summary>Receiver to sender: who it is, how far it has come, its receipt.</summary>
    Report = 3,

    /// <summary>Sender to receiver: a report was heard; a token.</summary>
    Welcome = 4,

    /// <summary>Receiver to sender: rain more of these blocks.</summary>
    Need = 5,

    /// <summary>Receiver to sender: little of the rain comes; how fast does unicast?</summary>
    TrainRequest = 6,

    /// <summary>Sender to receiver: some datagrams as fast as they go.</summary>
    Train = 7,
}
