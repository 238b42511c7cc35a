using System.Diagnostics.CodeAnalysis;
using System.Text.Unicode;

namespace PouringRain.Protocol;

/// <summary>
/// The description of one version of a resource. Its encoded bytes are what is rained as the manifest block, and their SHA-256
/// is the <see cref="Version"/>. A manifest with <see cref="IsDeleted"/> is a tombstone: a version that says that the
/// resource is gone, so that deletion spreads and outranks older versions as any newer version does.
/// </summary>
public sealed partial class Manifest
{
    /// <summary>The most UTF-8 bytes of the code's name, the media type, the file name and the path name.</summary>
    public const int CodeBytesMax = 32, ContentTypeBytesMax = 256, FileNameBytesMax = 1024, PathBytesMax = 1024;

    /// <summary>The most UTF-8 bytes between two slashes of a path name: what file systems take.</summary>
    public const int PathSegmentBytesMax = 255;

    /// <summary>The greatest stamp of a version that has bytes: the end of the year 9998.</summary>
    /// <remarks>HTTP, and <see cref="DateTimeOffset"/>, know no year after 9999. Of that year only tombstones have stamps, so that there is
    /// no version, whatever a wrong clock or a hostile node made of its stamp, that a deletion does not outrank.</remarks>
    public const long StampMax = 253_370_764_799_999;

    /// <summary>The greatest stamp of a tombstone: the end of the year 9999.</summary>
    public const long TombstoneStampMax = 253_402_300_799_999;

    private readonly BlockDigest[] _blockDigests;
    private readonly byte[] _bytes;

    /// <summary>Puts one together of parts that were looked at.</summary>
    internal Manifest(
        ResourceLayout layout,
        string code,
        long stamp,
        ManifestFlags flags,
        Sha256Digest sha256,
        string contentType,
        string? fileName,
        string? path,
        PieceRole? piece,
        BlockDigestAlgorithm algorithm,
        BlockDigest[] blockDigests,
        byte[]? bytes = null)
    {
        Layout = layout;
        Code = code;
        Stamp = stamp;
        Flags = flags;
        Sha256 = sha256;
        ContentType = contentType;
        FileName = fileName;
        Path = path;
        Piece = piece;
        BlockDigestAlgorithm = algorithm;
        _blockDigests = blockDigests;
        _bytes = bytes ?? Encode();
        Version = Sha256Digest.Of(_bytes);
        SmallLayout = layout.WithSmallSymbols(_bytes.Length);
    }

    /// <summary>Length, block size and symbol size.</summary>
    public ResourceLayout Layout { get; }

    /// <summary>The same blocks in small symbols, for paths that are MTU black holes; <see cref="Layout"/> itself when its symbols are
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

    /// <summary>The relative path that it has in a collection, as <c>docs/a.txt</c>, or
    /// none. Its segments are separated by slashes.</summary>
    public string? Path { get; }

    /// <summary>What it is a piece of, or none.</summary>
    public PieceRole? Piece { get; }

    /// <summary>What <see cref="BlockDigests"/> are made with.</summary>
    public BlockDigestAlgorithm BlockDigestAlgorithm { get; }

    /// <summary>The digest of every source block, without padding.</summary>
    public ReadOnlySpan<BlockDigest> BlockDigests => _blockDigests;

    /// <summary>The encoded form.</summary>
    public ReadOnlyMemory<byte> Bytes => _bytes;

    /// <summary>The digest of <see cref="Bytes"/>: the version, and in quotes the strong ETag.</summary>
    public Sha256Digest Version { get; }

    /// <summary>Makes a manifest.</summary>
    /// <exception cref="ArgumentException">A text is none that a manifest may have, the stamp is out of its bounds, or the number of
    /// digests is not the number of blocks.</exception>
    public static Manifest Create(
        ResourceLayout layout,
        string code,
        long stamp,
        Sha256Digest sha256,
        string contentType,
        string? fileName,
        ReadOnlySpan<BlockDigest> blockDigests,
        ManifestFlags flags = ManifestFlags.None,
        BlockDigestAlgorithm algorithm = BlockDigestAlgorithm.Blake3,
        string? path = null,
        PieceRole? piece = null)
    {
        ArgumentNullException.ThrowIfNull(layout);
        if ((flags & ~(ManifestFlags.DateWeak | ManifestFlags.Attachment)) != 0)
        {
            throw new ArgumentException($"{flags} is not for a version that has bytes.", nameof(flags));
        }

        if (blockDigests.Length != layout.BlockCount)
        {
            throw new ArgumentException(
                $"{layout.BlockCount} blocks want as many digests, not {blockDigests.Length}.", nameof(blockDigests));
        }

        if (!IsCode(code) || !IsContentType(contentType) || (fileName is not null && !IsFileName(fileName)))
        {
            throw new ArgumentException("The code, media type or file name is empty, too long, or has characters that it may not have.");
        }

        if ((path is not null && !IsPath(path)) || piece is { IsPossible: false })
        {
            throw new ArgumentException("The path or the piece is none that a manifest may have.");
        }

        if (!Enum.IsDefined(algorithm))
        {
            throw new ArgumentOutOfRangeException(nameof(algorithm), algorithm, "No algorithm of block digests.");
        }

        if (!IsStamp(stamp, isDeleted: false))
        {
            throw new ArgumentOutOfRangeException(nameof(stamp), stamp, "A stamp is a time from 1970 to 9998.");
        }

        return new Manifest(layout, code, stamp, flags, sha256, contentType, fileName, path, piece, algorithm, blockDigests.ToArray());
    }

    /// <summary>Makes the tombstone of a resource.</summary>
    public static Manifest CreateTombstone(string code, long stamp)
    {
        if (!IsStamp(stamp, isDeleted: true))
        {
            throw new ArgumentOutOfRangeException(nameof(stamp), stamp, "A stamp is a time from 1970 to 9999.");
        }

        ResourceLayout.TryCreate(0, ResourceLayout.SymbolSizeMin, ResourceLayout.SymbolSizeMin, out var layout);
        return new Manifest(
            layout!, code, stamp, ManifestFlags.Deleted, Sha256Digest.Of([]), "application/octet-stream", null, null, null,
            BlockDigestAlgorithm.Blake3, []);
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

    /// <summary>Whether a text is a path name that URLs and file systems can express: relative, 1 to <see cref="PathBytesMax"/> bytes of
    /// UTF-8 in segments of 1 to <see cref="PathSegmentBytesMax"/>, none of them <c>.</c> or <c>..</c>, without control characters and
    /// backslashes, which are separators in some places.</summary>
    public static bool IsPath([NotNullWhen(true)] string? text)
    {
        if (text is null || !IsText(text, PathBytesMax) || text.Contains('\\', StringComparison.Ordinal))
        {
            return false;
        }

        foreach (var range in text.AsSpan().Split('/'))
        {
            var segment = text.AsSpan()[range];
            if (segment is "" or "." or ".." || System.Text.Encoding.UTF8.GetByteCount(segment) > PathSegmentBytesMax)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Whether a stamp is a time that HTTP can express, with room above it for a deletion.</summary>
    internal static bool IsStamp(long stamp, bool isDeleted) => stamp >= 0 && stamp <= (isDeleted ? TombstoneStampMax : StampMax);

    internal static bool IsCode([NotNullWhen(true)] string? text) =>
        text is { Length: > 0 and <= CodeBytesMax } && !text.AsSpan().ContainsAnyExceptInRange('!', '~');

    private static bool IsFileName(string text) => IsText(text, FileNameBytesMax);

    /// <summary>Whether a text has that many bytes of UTF-8 at most, but some, and neither control characters nor halves of surrogate
    /// pairs, which UTF-8 cannot express.</summary>
    private static bool IsText(string text, int bytesMax)
    {
        Span<byte> bytes = stackalloc byte[FileNameBytesMax];
        return text.Length > 0 && !text.Any(char.IsControl)
            && Utf8.FromUtf16(text, bytes[..bytesMax], out _, out _, replaceInvalidSequences: false) == System.Buffers.OperationStatus.Done;
    }
}
