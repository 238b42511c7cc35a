using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Unicode;

namespace PouringRain.Protocol;

/// <content>
/// The encoded form, PRM3. There is one for every meaning, so that the digest of the bytes can be the version. Integers are big-endian.
/// <code>
/// offset size
///      0    4  "PRM3"
///      4    1  flags: those of <see cref="ManifestFlags"/>, and 8 for a growing layout
///      5    1  algorithm of the block digests
///      6    8  stamp, milliseconds
///     14    8  length of the resource
///     22    4  bytes of a block
///     26    4  T
///     30   32  SHA-256 of the whole
///     62  2+c  the code's name: its bytes (c, 1 to 32), UTF-8
///         2+m  the media type: its bytes (m, 1 to 256), UTF-8
///         2+f  fields: their bytes (f, at most 4096), then one after the other, by ascending types, none twice:
///              type (1), bytes of the value (2), value
///        32 b  the digests of the b blocks, to the end
/// </code>
/// A field that is not there is not written. Types from 128 may be ignored by who does not know them, and are kept; others may not.
/// </content>
public sealed partial class Manifest
{
    /// <summary>The most bytes beside the digests of the blocks.</summary>
    internal const int HeadBytesMax = FixedBytes + 6 + CodeBytesMax + ContentTypeBytesMax + FieldBytesMax;

    /// <summary>The fewest.</summary>
    internal const int HeadBytesMin = FixedBytes + 6 + 1 + 1;

    private const int FixedBytes = 4 + 1 + 1 + 8 + 8 + 4 + 4 + 32;

    /// <summary>The most bytes of all fields: those there are, with room for more.</summary>
    private const int FieldBytesMax = 4096;

    /// <summary>The flag of a growing layout. It is no matter of <see cref="Flags"/>: the layout says it.</summary>
    private const byte GrowingFlag = 8;

    private const byte FileNameField = 1, PathField = 2, PieceField = 3, FirstIgnorableField = 128;

    /// <summary>Reads the encoded form; total: anything that <see cref="Bytes"/> cannot be is refused.</summary>
    public static bool TryParse(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out Manifest? manifest) =>
        Parse(bytes, out manifest) == ManifestReading.Read;

    /// <summary>As <see cref="TryParse"/>, and says why not.</summary>
    public static ManifestReading Parse(ReadOnlySpan<byte> bytes, out Manifest? manifest)
    {
        manifest = null;
        if (!bytes.StartsWith("PRM3"u8))
        {
            return bytes.StartsWith("PRM"u8) ? ManifestReading.UnknownFormat : ManifestReading.Malformed;
        }

        if (bytes.Length < HeadBytesMin)
        {
            return ManifestReading.Malformed;
        }

        var isGrowing = (bytes[4] & GrowingFlag) != 0;
        var flags = (ManifestFlags)(bytes[4] & ~GrowingFlag);
        if ((flags & ~(ManifestFlags.Deleted | ManifestFlags.DateWeak | ManifestFlags.Attachment)) != 0)
        {
            return ManifestReading.UnknownFlag;
        }

        var algorithm = (BlockDigestAlgorithm)bytes[5];
        if (!Enum.IsDefined(algorithm))
        {
            return ManifestReading.UnknownDigest;
        }

        var isDeleted = flags.HasFlag(ManifestFlags.Deleted);
        var stamp = BinaryPrimitives.ReadInt64BigEndian(bytes[6..]);
        var length = BinaryPrimitives.ReadInt64BigEndian(bytes[14..]);
        var blockBytes = BinaryPrimitives.ReadUInt32BigEndian(bytes[22..]);
        var symbolSize = BinaryPrimitives.ReadUInt32BigEndian(bytes[26..]);
        var sha256 = Sha256Digest.Read(bytes[30..]);
        var rest = bytes[FixedBytes..];
        if ((isDeleted && (flags != ManifestFlags.Deleted || length != 0))
            || !IsStamp(stamp, isDeleted)
            || !ResourceLayout.TryCreate(length, blockBytes, symbolSize, isGrowing, out var layout)
            || !TryTake(ref rest, CodeBytesMax, out var part) || !TryReadText(part, out var code) || !IsCode(code)
            || !TryTake(ref rest, ContentTypeBytesMax, out part) || !TryReadText(part, out var contentType) || !IsContentType(contentType)
            || !TryTake(ref rest, FieldBytesMax, out part)
            || rest.Length != (long)layout.BlockCount * BlockDigest.SizeBytes)
        {
            return ManifestReading.Malformed;
        }

        var fields = ReadFields(part, out var fileName, out var path, out var piece);
        if (fields != ManifestReading.Read || (isDeleted && (fileName is not null || path is not null || piece is not null)))
        {
            return fields == ManifestReading.Read ? ManifestReading.Malformed : fields;
        }

        var digests = new BlockDigest[layout.BlockCount];
        for (var i = 0; i < digests.Length; i++)
        {
            digests[i] = BlockDigest.Read(rest[(i * BlockDigest.SizeBytes)..]);
        }

        manifest = new Manifest(
            layout, code, stamp, flags, sha256, contentType, fileName, path, piece, algorithm, digests, bytes.ToArray());
        return ManifestReading.Read;
    }

    private static ManifestReading ReadFields(ReadOnlySpan<byte> rest, out string? fileName, out string? path, out PieceRole? piece)
    {
        (fileName, path, piece) = (null, null, null);
        var result = ManifestReading.Read;
        for (var last = 0; !rest.IsEmpty;)
        {
            var type = rest[0];
            rest = rest[1..];
            if (type <= last || !TryTake(ref rest, FieldBytesMax, out var value))
            {
                return ManifestReading.Malformed;
            }

            last = type;
            switch (type)
            {
                case FileNameField when TryReadText(value, out var text) && IsFileName(text):
                    fileName = text;
                    break;
                case PathField when TryReadText(value, out var text) && IsPath(text):
                    path = text;
                    break;
                case PieceField when TryReadPiece(value, out piece):
                case >= FirstIgnorableField:
                    break;
                case FileNameField or PathField or PieceField:
                    return ManifestReading.Malformed;
                default:
                    // What follows may be wrong all the same, which is the worse.
                    result = ManifestReading.UnknownField;
                    break;
            }
        }

        return result;
    }

    private static bool TryReadPiece(ReadOnlySpan<byte> value, [NotNullWhen(true)] out PieceRole? piece)
    {
        piece = null;
        if (value.Length <= PieceRole.FixedBytes || !TryReadText(value[PieceRole.FixedBytes..], out var coding))
        {
            return false;
        }

        var read = new PieceRole(
            new ResourceId(BinaryPrimitives.ReadUInt64BigEndian(value)),
            Sha256Digest.Read(value[8..]),
            coding,
            BinaryPrimitives.ReadUInt16BigEndian(value[40..]),
            BinaryPrimitives.ReadUInt16BigEndian(value[42..]));
        piece = read.IsPossible ? read : null;
        return piece is not null;
    }

    /// <summary>Takes bytes that their number (2) stands before.</summary>
    private static bool TryTake(ref ReadOnlySpan<byte> rest, int bytesMax, out ReadOnlySpan<byte> part)
    {
        part = default;
        if (rest.Length < 2)
        {
            return false;
        }

        var count = BinaryPrimitives.ReadUInt16BigEndian(rest);
        if (count > bytesMax || rest.Length < 2 + count)
        {
            return false;
        }

        part = rest.Slice(2, count);
        rest = rest[(2 + count)..];
        return true;
    }

    private static bool TryReadText(ReadOnlySpan<byte> bytes, out string text)
    {
        var isText = Utf8.IsValid(bytes);
        text = isText ? Encoding.UTF8.GetString(bytes) : "";
        return isText;
    }

    private byte[] Encode()
    {
        var fields = EncodeFields();
        var code = Encoding.UTF8.GetBytes(Code);
        var contentType = Encoding.UTF8.GetBytes(ContentType);
        var bytes =
            new byte[FixedBytes + 6 + code.Length + contentType.Length + fields.Length + (_blockDigests.Length * BlockDigest.SizeBytes)];
        "PRM3"u8.CopyTo(bytes);
        bytes[4] = (byte)((int)Flags | (Layout.IsGrowing ? GrowingFlag : 0));
        bytes[5] = (byte)BlockDigestAlgorithm;
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(6), Stamp);
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(14), Layout.Length);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(22), Layout.BlockBytes);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(26), Layout.SymbolSize);
        Sha256.Write(bytes.AsSpan(30));
        var position = FixedBytes;
        foreach (var part in (ReadOnlySpan<byte[]>)[code, contentType, fields])
        {
            BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(position), (ushort)part.Length);
            part.CopyTo(bytes, position + 2);
            position += 2 + part.Length;
        }

        foreach (var digest in _blockDigests)
        {
            digest.Write(bytes.AsSpan(position));
            position += BlockDigest.SizeBytes;
        }

        return bytes;
    }

    private byte[] EncodeFields()
    {
        byte[]? piece = null;
        if (Piece is { } role)
        {
            piece = new byte[PieceRole.FixedBytes + role.Coding.Length];
            BinaryPrimitives.WriteUInt64BigEndian(piece, role.Parent.Value);
            role.ParentVersion.Write(piece.AsSpan(8));
            BinaryPrimitives.WriteUInt16BigEndian(piece.AsSpan(40), (ushort)role.Index);
            BinaryPrimitives.WriteUInt16BigEndian(piece.AsSpan(42), (ushort)role.Count);
            Encoding.UTF8.GetBytes(role.Coding, piece.AsSpan(PieceRole.FixedBytes));
        }

        var fileName = FileName is null ? null : Encoding.UTF8.GetBytes(FileName);
        var path = Path is null ? null : Encoding.UTF8.GetBytes(Path);
        var bytes = new List<byte>();
        foreach (var (type, value) in (ReadOnlySpan<(byte, byte[]?)>)[(FileNameField, fileName), (PathField, path), (PieceField, piece)])
        {
            if (value is not null)
            {
                bytes.AddRange([type, (byte)(value.Length >> 8), (byte)value.Length, .. value]);
            }
        }

        return [.. bytes];
    }
}
