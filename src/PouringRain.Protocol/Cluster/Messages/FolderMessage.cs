using System.Buffers.Binary;
using System.Text;
using System.Text.Unicode;
using PouringRain.Protocol.Naming;

namespace PouringRain.Protocol.Cluster.Messages;

/// <summary>"What is in this folder behind that", and some of it, in the order of <see cref="FolderEntry.Key"/>.</summary>
/// <remarks>
/// <code>
/// asked                                              answered
///      0    2  entries wanted at most, from 1            0    1  1 when there are no more, else 0
///      2    2  bytes of the folder (f)                   1       entries, one after the other, as many as fit:
///      4    2  bytes of the key (a)                              1  0 a file, 1 a folder, 2 a file with its version
///      6    f  the folder, with its slash; UTF-8                 1  bytes of the name (n, from 1)
///    6+f    a  the key behind which to begin                     n  the name, UTF-8
///  6+f+a    1  1 where versions are understood                   and of a file: 8 length, 8 stamp, 1 bytes of the
///                                                                media type (t), t the media type; 32 the version
/// </code>
/// A media type of 256 characters is told as none. What follows the question is of later releases, and passed over.
/// </remarks>
internal static class FolderMessage
{
    /// <summary>More entries never fit one answer.</summary>
    public const int EntryCountMax = (ConsultAnswer.BytesMax - ConsultAnswer.FixedBytes - 1) / EntryBytesMin;

    private const int AskedBytes = 6, EntryBytesMin = 3, FileBytes = 17;
    private const byte File = 0, Folder = 1, FileOfVersion = 2;

    /// <summary>Writes the question.</summary>
    /// <returns>Its length.</returns>
    public static int Write(Span<byte> body, FolderQuery query)
    {
        var folder = Encoding.UTF8.GetBytes(query.Folder, body[AskedBytes..]);
        var after = Encoding.UTF8.GetBytes(query.After, body[(AskedBytes + folder)..]);
        BinaryPrimitives.WriteUInt16BigEndian(body, (ushort)Math.Min(query.Limit, ushort.MaxValue));
        BinaryPrimitives.WriteUInt16BigEndian(body[2..], (ushort)folder);
        BinaryPrimitives.WriteUInt16BigEndian(body[4..], (ushort)after);
        var length = AskedBytes + folder + after;
        if (query.HasVersions)
        {
            body[length++] = 1;
        }

        return length;
    }

    /// <summary>Reads the question; null when it says nonsense.</summary>
    public static FolderQuery? TryParse(ReadOnlySpan<byte> body)
    {
        if (body.Length < AskedBytes)
        {
            return null;
        }

        var limit = BinaryPrimitives.ReadUInt16BigEndian(body);
        var folderBytes = BinaryPrimitives.ReadUInt16BigEndian(body[2..]);
        var afterBytes = BinaryPrimitives.ReadUInt16BigEndian(body[4..]);
        var length = AskedBytes + folderBytes + afterBytes;
        return limit > 0 && body.Length >= length
            && TryReadText(body.Slice(AskedBytes, folderBytes), out var folder)
            && TryReadText(body.Slice(AskedBytes + folderBytes, afterBytes), out var after)
            && ResourcePath.TryNormalizeFolder(folder, out var normal) && normal == folder && IsKey(after)
            ? new FolderQuery(folder, after, limit, body.Length > length && body[length] == 1)
            : null;
    }

    /// <summary>Writes as many entries as fit.</summary>
    /// <param name="body">Where to.</param>
    /// <param name="entries">What there is, in order.</param>
    /// <param name="isEnd">Whether there is no more than that.</param>
    /// <param name="hasVersions">Whether the asker understands versions.</param>
    /// <returns>Its length.</returns>
    public static int WriteAnswer(Span<byte> body, IReadOnlyList<FolderEntry> entries, bool isEnd, bool hasVersions = false)
    {
        var (length, count) = (1, 0);
        foreach (var entry in entries)
        {
            var name = Encoding.UTF8.GetByteCount(entry.Name);
            var type = entry.ContentType.Length > byte.MaxValue ? "" : entry.ContentType;
            var version = hasVersions ? entry.Version : null;
            var bytes = 2 + name + (entry.IsFolder ? 0 : FileBytes + type.Length) + (version is null ? 0 : Sha256Digest.SizeBytes);
            if (length + bytes > ConsultAnswer.BytesMax - ConsultAnswer.FixedBytes)
            {
                break;
            }

            var at = body[length..];
            at[0] = entry.IsFolder ? Folder : version is null ? File : FileOfVersion;
            at[1] = (byte)name;
            Encoding.UTF8.GetBytes(entry.Name, at[2..]);
            if (!entry.IsFolder)
            {
                at = at[(2 + name)..];
                BinaryPrimitives.WriteInt64BigEndian(at, entry.Length);
                BinaryPrimitives.WriteInt64BigEndian(at[8..], entry.Stamp);
                at[16] = (byte)type.Length;
                Encoding.ASCII.GetBytes(type, at[FileBytes..]);
                version?.Write(at[(FileBytes + type.Length)..]);
            }

            length += bytes;
            count++;
        }

        body[0] = isEnd && count == entries.Count ? (byte)1 : (byte)0;
        return length;
    }

    /// <summary>Reads the answer; null when it says nonsense, entries that are not behind the key and in order among it.</summary>
    public static (IReadOnlyList<FolderEntry> Entries, bool IsEnd)? TryParseAnswer(ReadOnlySpan<byte> body, FolderQuery query)
    {
        if (body.Length < 1 || body[0] > 1)
        {
            return null;
        }

        var isEnd = body[0] == 1;
        var entries = new List<FolderEntry>();
        var last = query.After;
        for (body = body[1..]; !body.IsEmpty;)
        {
            if (TryTake(ref body) is not { } entry || FolderEntry.CompareKeys(entry.Key, last) <= 0
                || !Manifest.IsPath(query.Folder + entry.Name))
            {
                return null;
            }

            entries.Add(entry);
            last = entry.Key;
        }

        // An answer that has nothing and is not the end would be asked for again without end.
        return isEnd || entries.Count > 0 ? (entries, isEnd) : null;
    }

    private static FolderEntry? TryTake(ref ReadOnlySpan<byte> rest)
    {
        if (rest.Length < 2 || rest[0] > FileOfVersion || rest.Length < 2 + rest[1] || !TryReadText(rest.Slice(2, rest[1]), out var name)
            || name.Contains('/', StringComparison.Ordinal))
        {
            return null;
        }

        var kind = rest[0];
        rest = rest[(2 + rest[1])..];
        if (kind == Folder)
        {
            return FolderEntry.Folder(name);
        }

        var versionBytes = kind == FileOfVersion ? Sha256Digest.SizeBytes : 0;
        if (rest.Length < FileBytes || rest.Length < FileBytes + rest[16] + versionBytes)
        {
            return null;
        }

        var length = BinaryPrimitives.ReadInt64BigEndian(rest);
        var stamp = BinaryPrimitives.ReadInt64BigEndian(rest[8..]);
        var type = Encoding.Latin1.GetString(rest.Slice(FileBytes, rest[16]));
        rest = rest[(FileBytes + rest[16])..];
        Sha256Digest? version = versionBytes > 0 ? Sha256Digest.Read(rest) : null;
        rest = rest[versionBytes..];
        return length >= 0 && Manifest.IsStamp(stamp, isDeleted: false) && (type.Length == 0 || Manifest.IsContentType(type))
            ? new FolderEntry(name, false, length, stamp, type, version)
            : null;
    }

    private static bool IsKey(string key) =>
        key.Length == 0 || (Manifest.IsPath(key.TrimEnd('/')) && key.IndexOf('/', StringComparison.Ordinal) is var slash
            && (slash < 0 || slash == key.Length - 1));

    private static bool TryReadText(ReadOnlySpan<byte> bytes, out string text)
    {
        text = Utf8.IsValid(bytes) ? Encoding.UTF8.GetString(bytes) : "";
        return text.Length > 0 || bytes.IsEmpty;
    }
}
