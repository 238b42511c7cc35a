using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text;

namespace PouringRain.Protocol.Cluster.Messages;

/// <summary>What a node says of itself, asking and answering alike.</summary>
/// <remarks>
/// <code>
/// offset size
///      0    8  its clock, milliseconds of Unix time
///      8    8  the newest version of these messages that it speaks (1), flags (1; 1: it gives away what it holds),
///             the port that it asks from (2; 0: it does not say), zeros (4)
///     16    4  its weight, in thousandths
///     20    8  resources that it keeps
///     28    8  their bytes
///     36    8  bytes free
///     44    8  resources with too few copies that it looks after
///     52    8  bytes that it has still to fetch
///     60       zone, host, URL: each a byte that says how many bytes of UTF-8 follow
///              a byte that says how many places where it rains follow, the best first:
///              16 bytes of address (zeros: the one that this comes from), 2 of port
///              a byte that says how many bytes of how it keeps what it has follow, 0 when it does not say; else at least 45:
///      0    1  flags (1: its strays are all there are; 2: the least copies are known)
///      1    2  the least copies that anything has which it keeps, in nodes; 65535 or more are 65535
///      3    2  in zones
///      5    8  resources that it has still to fetch
///     13    8  bytes a second that it mends
///     21    8  strays: kept copies whose places are elsewhere
///     29    8  their bytes
///     37    8  bytes a second by which those become fewer
/// </code>
/// A body may end after the places. Whatever comes after all that, and after the 45 bytes, is of a newer version, and not looked at.
/// </remarks>
internal static class HelloMessage
{
    public const int PlacesMax = 8;

    public const int TextBytesMax = 200;

    private const int FixedBytes = 60, PlaceBytes = 18, KeepingBytes = 45;

    /// <summary>Writes a body.</summary>
    /// <param name="body">At least <see cref="ConsultAnswer.BytesMax"/> - <see cref="ConsultRequest.FixedBytes"/> bytes.</param>
    /// <param name="wallMs">The clock.</param>
    /// <param name="status">What is to be said.</param>
    public static int Write(Span<byte> body, long wallMs, NodeStatus status)
    {
        body[..FixedBytes].Clear();
        BinaryPrimitives.WriteInt64BigEndian(body, wallMs);
        body[8] = ConsultRequest.FormatVersion;
        body[9] = (byte)(status.IsDraining ? 1 : 0);
        BinaryPrimitives.WriteUInt16BigEndian(body[10..], status.AskPort);
        BinaryPrimitives.WriteUInt32BigEndian(body[16..], (uint)Math.Clamp(Math.Round(status.Weight * 1000), 1, uint.MaxValue));
        BinaryPrimitives.WriteInt64BigEndian(body[20..], status.Resources);
        BinaryPrimitives.WriteInt64BigEndian(body[28..], status.Bytes);
        BinaryPrimitives.WriteInt64BigEndian(body[36..], status.FreeBytes);
        BinaryPrimitives.WriteInt64BigEndian(body[44..], status.UnderReplicated);
        BinaryPrimitives.WriteInt64BigEndian(body[52..], status.WaitingBytes);
        var at = FixedBytes;
        foreach (var text in (ReadOnlySpan<string>)[status.Zone, status.Host, status.Url])
        {
            var length = Encoding.UTF8.GetBytes(text, body.Slice(at + 1, TextBytesMax));
            body[at] = (byte)length;
            at += 1 + length;
        }

        var places = Math.Min(status.Rain.Length, PlacesMax);
        body[at++] = (byte)places;
        foreach (var place in status.Rain.AsSpan()[..places])
        {
            place.Address.Write(body[at..]);
            BinaryPrimitives.WriteUInt16BigEndian(body[(at + 16)..], place.Port);
            at += PlaceBytes;
        }

        body[at++] = (byte)(status.Replication is null ? 0 : KeepingBytes);
        return status.Replication is { } keeping ? at + Write(body.Slice(at, KeepingBytes), keeping) : at;
    }

    /// <summary>Reads a body; what is none, or says what cannot be, is refused.</summary>
    public static bool TryParse(ReadOnlySpan<byte> body, PeerAddress from, out long wallMs, out NodeStatus status)
    {
        wallMs = 0;
        status = new NodeStatus();
        if (body.Length < FixedBytes + 4)
        {
            return false;
        }

        var weight = BinaryPrimitives.ReadUInt32BigEndian(body[16..]);
        wallMs = BinaryPrimitives.ReadInt64BigEndian(body);
        var rest = body[FixedBytes..];
        if (weight == 0 || body[8] == 0 || !Manifest.IsStamp(wallMs, isDeleted: true) || !AreCounts(body[20..FixedBytes])
            || !TryReadText(ref rest, out var zone) || !TryReadText(ref rest, out var host) || !TryReadText(ref rest, out var url)
            || rest.IsEmpty || rest[0] is 0 or > PlacesMax || rest.Length < 1 + (rest[0] * PlaceBytes))
        {
            return false;
        }

        var places = ImmutableArray.CreateBuilder<PeerAddress>(rest[0]);
        for (var i = 0; i < rest[0]; i++)
        {
            var place = rest.Slice(1 + (i * PlaceBytes), PlaceBytes);
            var address = Bits128.Read(place);
            var port = BinaryPrimitives.ReadUInt16BigEndian(place[16..]);
            if (port == 0)
            {
                return false;
            }

            places.Add(address == default ? new PeerAddress(from.Address, port, from.ScopeId) : new PeerAddress(address, port));
        }

        if (!TryReadKeeping(rest[(1 + (rest[0] * PlaceBytes))..], out var keeping))
        {
            return false;
        }

        status = new NodeStatus
        {
            Version = body[8],
            IsDraining = (body[9] & 1) != 0,
            AskPort = BinaryPrimitives.ReadUInt16BigEndian(body[10..]),
            Weight = weight / 1000.0,
            Resources = BinaryPrimitives.ReadInt64BigEndian(body[20..]),
            Bytes = BinaryPrimitives.ReadInt64BigEndian(body[28..]),
            FreeBytes = BinaryPrimitives.ReadInt64BigEndian(body[36..]),
            UnderReplicated = BinaryPrimitives.ReadInt64BigEndian(body[44..]),
            WaitingBytes = BinaryPrimitives.ReadInt64BigEndian(body[52..]),
            Zone = zone,
            Host = host,
            Url = url,
            Rain = places.MoveToImmutable(),
            Replication = keeping,
        };
        return true;
    }

    private static int Write(Span<byte> room, NodeReplication keeping)
    {
        room[0] = (byte)((keeping.IsSettled ? 1 : 0) | (keeping.Least is null ? 0 : 2));
        var least = keeping.Least ?? default;
        BinaryPrimitives.WriteUInt16BigEndian(room[1..], (ushort)Math.Clamp(least.Nodes, 0, ushort.MaxValue));
        BinaryPrimitives.WriteUInt16BigEndian(room[3..], (ushort)Math.Clamp(least.Zones, 0, ushort.MaxValue));
        BinaryPrimitives.WriteInt64BigEndian(room[5..], keeping.Waiting);
        BinaryPrimitives.WriteInt64BigEndian(room[13..], keeping.RateBytesPerSecond);
        BinaryPrimitives.WriteInt64BigEndian(room[21..], keeping.Strays);
        BinaryPrimitives.WriteInt64BigEndian(room[29..], keeping.StrayBytes);
        BinaryPrimitives.WriteInt64BigEndian(room[37..], keeping.StrayRateBytesPerSecond);
        return KeepingBytes;
    }

    private static bool TryReadKeeping(ReadOnlySpan<byte> rest, out NodeReplication? keeping)
    {
        keeping = null;
        if (rest.IsEmpty || rest[0] == 0)
        {
            return true;
        }

        if (rest[0] < KeepingBytes || rest.Length < 1 + rest[0] || !AreCounts(rest[6..(1 + KeepingBytes)]))
        {
            return false;
        }

        var room = rest[1..];
        keeping = new NodeReplication
        {
            IsSettled = (room[0] & 1) != 0,
            Least = (room[0] & 2) == 0 ? null
                : new CopyCount(BinaryPrimitives.ReadUInt16BigEndian(room[1..]), BinaryPrimitives.ReadUInt16BigEndian(room[3..])),
            Waiting = BinaryPrimitives.ReadInt64BigEndian(room[5..]),
            RateBytesPerSecond = BinaryPrimitives.ReadInt64BigEndian(room[13..]),
            Strays = BinaryPrimitives.ReadInt64BigEndian(room[21..]),
            StrayBytes = BinaryPrimitives.ReadInt64BigEndian(room[29..]),
            StrayRateBytesPerSecond = BinaryPrimitives.ReadInt64BigEndian(room[37..]),
        };
        return true;
    }

    private static bool AreCounts(ReadOnlySpan<byte> numbers)
    {
        for (var at = 0; at < numbers.Length; at += 8)
        {
            if (BinaryPrimitives.ReadInt64BigEndian(numbers[at..]) < 0)
            {
                return false;
            }
        }

        return true;
    }

    private static bool TryReadText(ref ReadOnlySpan<byte> rest, out string text)
    {
        text = "";
        if (rest.IsEmpty || rest[0] > TextBytesMax || rest.Length < 1 + rest[0])
        {
            return false;
        }

        Span<char> chars = stackalloc char[TextBytesMax];
        var isText = System.Text.Unicode.Utf8.ToUtf16(rest.Slice(1, rest[0]), chars, out _, out var count, replaceInvalidSequences: false)
            == System.Buffers.OperationStatus.Done;
        rest = rest[(1 + rest[0])..];
        foreach (var character in chars[..count])
        {
            isText &= !char.IsControl(character);
        }

        text = isText ? new string(chars[..count]) : "";
        return isText;
    }
}
