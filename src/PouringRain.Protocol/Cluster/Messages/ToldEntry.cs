using System.Buffers.Binary;
using System.Text;

namespace PouringRain.Protocol.Cluster.Messages;

/// <summary>What a node says of one resource that it has.</summary>
/// <remarks>
/// <code>
/// offset size
///      0    8  resource id
///      8    8  stamp of the version, milliseconds; the least number when one asks what there is
///     16    8  tag: the first 8 bytes of the version
///     24    8  length of the resource
///     32    1  flags: 1 kept, 2 deleted, 4 in doubt, 8 told by who has just made it
///     33  1+c  of a tombstone alone: its code's name, the length before it; it is made anew of that and the stamp
/// </code>
/// </remarks>
internal readonly record struct ToldEntry(ResourceId Id, ReplicaVersion Version, ToldFlags Flags, string? Code)
{
    public const int FixedBytes = 33;
    public const int BytesMax = FixedBytes + 1 + Manifest.CodeBytesMax;

    public bool IsKept => Flags.HasFlag(ToldFlags.Kept);

    public bool IsInDoubt => Flags.HasFlag(ToldFlags.InDoubt);

    /// <summary>Bytes it takes.</summary>
    public int SizeBytes => FixedBytes + (Version.IsDeleted ? 1 + (Code?.Length ?? 0) : 0);

    public static ToldEntry Of(in ReplicaEntry entry, ToldFlags flags = ToldFlags.None) => new(
        entry.Id,
        entry.Replica.Version,
        flags | (entry.Replica.IsKept ? ToldFlags.Kept : 0) | (entry.Replica.Version.IsDeleted ? ToldFlags.Deleted : 0)
            | (entry.IsInDoubt ? ToldFlags.InDoubt : 0),
        entry.Code);

    /// <summary>Reads one from the beginning of some bytes, which are then those after it.</summary>
    public static bool TryRead(ref ReadOnlySpan<byte> bytes, out ToldEntry entry)
    {
        entry = default;
        if (bytes.Length < FixedBytes || bytes[32] > (byte)ToldFlags.All)
        {
            return false;
        }

        var flags = (ToldFlags)bytes[32];
        var isDeleted = flags.HasFlag(ToldFlags.Deleted);
        var version = new ReplicaVersion(
            BinaryPrimitives.ReadInt64BigEndian(bytes[8..]), BinaryPrimitives.ReadUInt64BigEndian(bytes[16..]),
            BinaryPrimitives.ReadInt64BigEndian(bytes[24..]), isDeleted);
        var isPossible = version.IsNone
            ? version == ReplicaVersion.None
            : Manifest.IsStamp(version.Stamp, isDeleted) && version.Length >= 0 && (!isDeleted || version.Length == 0);
        if (!isPossible)
        {
            return false;
        }

        string? code = null;
        var size = FixedBytes;
        if (isDeleted)
        {
            if (bytes.Length == size || bytes.Length < size + 1 + bytes[size] || !TryReadCode(bytes.Slice(size + 1, bytes[size]), out code))
            {
                return false;
            }

            size += 1 + bytes[size];
        }

        entry = new ToldEntry(new ResourceId(BinaryPrimitives.ReadUInt64BigEndian(bytes)), version, flags, code);
        bytes = bytes[size..];
        return true;
    }

    /// <summary>Writes it.</summary>
    /// <returns>Its length; 0 when there is no room.</returns>
    public int Write(Span<byte> bytes)
    {
        if (bytes.Length < SizeBytes)
        {
            return 0;
        }

        BinaryPrimitives.WriteUInt64BigEndian(bytes, Id.Value);
        BinaryPrimitives.WriteInt64BigEndian(bytes[8..], Version.Stamp);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[16..], Version.Tag);
        BinaryPrimitives.WriteInt64BigEndian(bytes[24..], Version.Length);
        bytes[32] = (byte)Flags;
        if (Version.IsDeleted)
        {
            bytes[FixedBytes] = (byte)(Code?.Length ?? 0);
            Encoding.ASCII.GetBytes(Code ?? "", bytes[(FixedBytes + 1)..]);
        }

        return SizeBytes;
    }

    /// <summary>Reads the name of a code; none is the name of one that is not known.</summary>
    private static bool TryReadCode(ReadOnlySpan<byte> bytes, out string? code)
    {
        code = bytes.IsEmpty ? null : bytes.SequenceEqual("raptorq"u8) ? "raptorq" : Encoding.Latin1.GetString(bytes);
        return code is null || Manifest.IsCode(code);
    }
}
