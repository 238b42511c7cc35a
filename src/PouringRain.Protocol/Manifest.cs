using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace PouringRain.Protocol;

/// <summary>
/// The description of one version of a resource. Its encoded bytes are what is rained as the manifest block, and their SHA-256
/// is the <see cref="Version"/>. A manifest with <see cref="IsDeleted"/> is a tombstone: a version that says that the
/// resource is gone, so that deletion spreads and outranks older versions as any newer version does.
/// </summary>
/// <remarks>
/// Encoded, integers big-endian: <c>"PRM2"</c>, <see cref="ManifestFlags"/> (1), stamp (8), length (8), block bytes (4), symbol size (4),
/// SHA-256 of the whole (32), then code, media type and file name, each as a length (2) and UTF-8, then the SHA-256 of every
/// source block (32 each) to the end.
/// </remarks>
public sealed class Manifest
{
    /// <summary>The most UTF-8 bytes of the code's name, the media type and the file name.</summary>
    public const int CodeBytesMax = 32, ContentTypeBytesMax = 256, FileNameBytesMax = 1024;

    /// <summary>The greatest stamp of a version that has bytes: the end of the year 9998.</summary>
    /// <remarks>HTTP, and <see cref="DateTimeOffset"/>, know no year after 9999. Of that year only tombstones have stamps, so that there is no
    /// version, whatever a wrong clock or a hostile node made of its stamp, that a deletion does not outrank.</remarks>
    public const long StampMax = 253_370_764_799_999;

    /// <summary>The greatest stamp of a tombstone: the end of the year 9999.</summary>
    public const long TombstoneStampMax = 253_402_300_799_999;

    /// <summary>The most bytes beside the digests of the blocks.</summary>
    internal const int HeadBytesMax = FixedBytes + 6 + CodeBytesMax + ContentTypeBytesMax + FileNameBytesMax;

    private const int FixedBytes = 4 + 1 + 8 + 8 + 4 + 4 + 32;
    private readonly Sha256Digest[] _blockDigests;
    private readonly byte[] _bytes;

    private Manifest(
        ResourceLayout layout,
        string code,
        long stamp,
        ManifestFlags flags,
        Sha256Digest sha256,
        string contentType,
        string? fileName,
        Sha256Digest[] blockDigests)
    {
        Layout = layout;
        Code = code;
        Stamp = stamp;
        Flags = flags;
        Sha256 = sha256;
        ContentType = contentType;
        FileName = fileName;
        _blockDigests = blockDigests;
        _bytes = Encode();
        Version = Sha256Digest.Of(_bytes);
        SmallLayout = layout.WithSmallSymbols(_bytes.Length);
    }

    /// <summary>Length, block size and symbol size.</summary>
    public ResourceLayout Layout { get; }

    /// <summary>The same blocks in small symbols, for paths that swallow larger datagrams; <see cref="Layout"/> itself when its symbols are
    /// small.</summary>
    public ResourceLayout SmallLayout { get; }

    /// <summary>The name of the code that its blocks are rained with.</summary>
    public string Code { get; }

    /// <summary>When the version was made, in milliseconds of Unix time; of two versions the one with the greater stamp is newer,
    /// then the one with the greater <see cref="Version"/>.</summary>
    public long Stamp { get; }

    /// <summary>What can be said of it with yes or no.</summary>
    public ManifestFlags Flags { get; }

    /// <summary>Whether this version says that the resource was deleted.</summary>
    public bool IsDeleted => Flags.HasFlag(ManifestFlags.Deleted);

    /// <summary>Whether the second of its stamp was that of the version before as well, so that a date in whole seconds does not tell
    /// the two apart.</summary>
    public bool IsDateWeak => Flags.HasFlag(ManifestFlags.DateWeak);

    /// <summary>Whether it was uploaded as something to be saved rather than shown.</summary>
    public bool IsAttachment => Flags.HasFlag(ManifestFlags.Attachment);

    /// <summary>SHA-256 of the whole resource.</summary>
    public Sha256Digest Sha256 { get; }

    /// <summary>The media type.</summary>
    public string ContentType { get; }

    /// <summary>The file name, or none.</summary>
    public string? FileName { get; }

    /// <summary>The SHA-256 of every source block, without padding.</summary>
    public ReadOnlySpan<Sha256Digest> BlockDigests => _blockDigests;

    /// <summary>The encoded form.</summary>
    public ReadOnlyMemory<byte> Bytes => _bytes;

    /// <summary>The digest of <see cref="Bytes"/>: the version, and in quotes the strong ETag.</summary>
    public Sha256Digest Version { get; }

    /// <summary>Makes a manifest.</summary>
    /// <exception cref="ArgumentException">A text is none that a manifest may have, the stamp is out of its bounds, or the number of digests is
    /// not the number of blocks.</exception>
    public static Manifest Create(
        ResourceLayout layout,
        string code,
        long stamp,
        Sha256Digest sha256,
        string contentType,
        string? fileName,
        ReadOnlySpan<Sha256Digest> blockDigests,
        ManifestFlags flags = ManifestFlags.None)
    {
        ArgumentNullException.ThrowIfNull(layout);
        if ((flags & ~(ManifestFlags.DateWeak | ManifestFlags.Attachment)) != 0)
        {
            throw new ArgumentException($"{flags} is not for a version that has bytes.", nameof(flags));
        }

        if (blockDigests.Length != layout.BlockCount)
        {
            throw new ArgumentException($"{layout.BlockCount} blocks want as many digests, not {blockDigests.Length}.", nameof(blockDigests));
        }

        if (!IsCode(code) || !IsContentType(contentType) || (fileName is not null && !IsFileName(fileName)))
        {
            throw new ArgumentException("The code, media type or file name is empty, too long, or has characters that it may not have.");
        }

        if (!IsStamp(stamp, isDeleted: false))
        {
            throw new ArgumentOutOfRangeException(nameof(stamp), stamp, "A stamp is a time from 1970 to 9998.");
        }

        return new Manifest(layout, code, stamp, flags, sha256, contentType, fileName, blockDigests.ToArray());
    }

    /// <summary>Makes the tombstone of a resource.</summary>
    public static Manifest CreateTombstone(string code, long stamp)
    {
        if (!IsStamp(stamp, isDeleted: true))
        {
            throw new ArgumentOutOfRangeException(nameof(stamp), stamp, "A stamp is a time from 1970 to 9999.");
        }

        ResourceLayout.TryCreate(0, ResourceLayout.SymbolSizeMin, ResourceLayout.SymbolSizeMin, out var layout);
        return new Manifest(layout!, code, stamp, ManifestFlags.Deleted, Sha256Digest.Of([]), "application/octet-stream", null, []);
    }

    /// <summary>Reads the encoded form; total: anything that <see cref="Bytes"/> cannot be is refused.</summary>
    public static bool TryParse(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out Manifest? manifest)
    {
        manifest = null;
        if (bytes.Length < FixedBytes || !bytes.StartsWith("PRM2"u8))
        {
            return false;
        }

        var flags = (ManifestFlags)bytes[4];
        if (flags != ManifestFlags.Deleted && (flags & ~(ManifestFlags.DateWeak | ManifestFlags.Attachment)) != 0)
        {
            return false;
        }

        var stamp = BinaryPrimitives.ReadInt64BigEndian(bytes[5..]);
        var length = BinaryPrimitives.ReadInt64BigEndian(bytes[13..]);
        var blockBytes = BinaryPrimitives.ReadUInt32BigEndian(bytes[21..]);
        var symbolSize = BinaryPrimitives.ReadUInt32BigEndian(bytes[25..]);
        var sha256 = Sha256Digest.Read(bytes[29..]);
        var rest = bytes[FixedBytes..];
        if (!IsStamp(stamp, flags == ManifestFlags.Deleted)
            || !ResourceLayout.TryCreate(length, blockBytes, symbolSize, out var layout)
            || !TryReadText(ref rest, CodeBytesMax, out var code) || !IsCode(code)
            || !TryReadText(ref rest, ContentTypeBytesMax, out var contentType) || !IsContentType(contentType)
            || !TryReadText(ref rest, FileNameBytesMax, out var fileName) || (fileName.Length > 0 && !IsFileName(fileName))
            || rest.Length != (long)layout.BlockCount * Sha256Digest.SizeBytes
            || (flags == ManifestFlags.Deleted && length != 0))
        {
            return false;
        }

        var digests = new Sha256Digest[layout.BlockCount];
        for (var i = 0; i < digests.Length; i++)
        {
            digests[i] = Sha256Digest.Read(rest[(i * Sha256Digest.SizeBytes)..]);
        }

        manifest = new Manifest(layout, code, stamp, flags, sha256, contentType, fileName.Length == 0 ? null : fileName, digests);
        return true;
    }

    /// <summary>Whether this version is newer than <paramref name="other"/>: by stamp, then by digest.</summary>
    public bool IsNewerThan(Manifest other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return Stamp != other.Stamp ? Stamp > other.Stamp : Version > other.Version;
    }

    /// <summary>Whether a media type is one that HTTP can carry as a field's value: 1 to <see cref="ContentTypeBytesMax"/> visible ASCII
    /// characters and spaces.</summary>
    public static bool IsContentType([NotNullWhen(true)] string? text) =>
        text is { Length: > 0 and <= ContentTypeBytesMax } && !text.AsSpan().ContainsAnyExceptInRange(' ', '~');

    /// <summary>Whether a stamp is a time that HTTP can express, with room above it for a deletion.</summary>
    internal static bool IsStamp(long stamp, bool isDeleted) => stamp >= 0 && stamp <= (isDeleted ? TombstoneStampMax : StampMax);

    private static bool IsCode([NotNullWhen(true)] string? text) =>
        text is { Length: > 0 and <= CodeBytesMax } && !text.AsSpan().ContainsAnyExceptInRange('!', '~');

    private static bool IsFileName(string text) =>
        Encoding.UTF8.GetByteCount(text) is > 0 and <= FileNameBytesMax && !text.Any(char.IsControl);

    private static bool TryReadText(ref ReadOnlySpan<byte> rest, int bytesMax, out string text)
    {
        text = "";
        if (rest.Length < 2)
        {
            return false;
        }

        var count = BinaryPrimitives.ReadUInt16BigEndian(rest);
        if (count > bytesMax || rest.Length < 2 + count || !System.Text.Unicode.Utf8.IsValid(rest.Slice(2, count)))
        {
            return false;
        }

        text = Encoding.UTF8.GetString(rest.Slice(2, count));
        rest = rest[(2 + count)..];
        return true;
    }

    private byte[] Encode()
    {
        var code = Encoding.UTF8.GetBytes(Code);
        var contentType = Encoding.UTF8.GetBytes(ContentType);
        var fileName = Encoding.UTF8.GetBytes(FileName ?? "");
        var bytes = new byte[FixedBytes + 6 + code.Length + contentType.Length + fileName.Length + (_blockDigests.Length * Sha256Digest.SizeBytes)];
        "PRM2"u8.CopyTo(bytes);
        bytes[4] = (byte)Flags;
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(5), Stamp);
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(13), Layout.Length);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(21), Layout.BlockBytes);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(25), Layout.SymbolSize);
        Sha256.Write(bytes.AsSpan(29));
        var position = FixedBytes;
        foreach (var text in (ReadOnlySpan<byte[]>)[code, contentType, fileName])
        {
            BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(position), (ushort)text.Length);
            text.CopyTo(bytes, position + 2);
            position += 2 + text.Length;
        }

        foreach (var digest in _blockDigests)
        {
            digest.Write(bytes.AsSpan(position));
            position += Sha256Digest.SizeBytes;
        }

        return bytes;
    }
}
