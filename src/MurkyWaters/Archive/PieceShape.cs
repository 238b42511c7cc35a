using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using PouringRain.Coding.Erasure;
using PouringRain.Protocol;

namespace MurkyWaters.Archive;

/// <summary>
/// How the pieces of one version of a resource are made up. A piece's body is its cells, one of every source block, one behind another
/// (<see cref="CellLayout"/>), and then what it is a piece of, so that any sufficient set of bodies can be decoded without anything else:
/// the resource's manifest, and a footer.
/// <code>
/// from the end
///    -96   32  the manifest's SHA-256: the version
///    -64    8  the resource
///    -56    4  bytes of the manifest
///    -52    2  which piece
///    -50    2  how many pieces there are
///    -48   40  the coding's name, ASCII, filled up with zeros
///     -8    8  "PRPIECE1"
/// </code>
/// Where the version's first blocks are small, those that together have the bytes of one have a cell in common, as if they were one.
/// As a resource a piece lies in blocks of whole cells, so many that a block has <see cref="BlockBytesMin"/> bytes at least: who reads one
/// source block of a small resource fetches the cells of its neighbours too, and a manifest has no more digests than that is worth.
/// </summary>
internal sealed class PieceShape
{
    /// <summary>The media type of pieces.</summary>
    public const string ContentType = "application/vnd.pouring-rain.piece";

    /// <summary>Bytes of a block of a piece at least.</summary>
    public const int BlockBytesMin = 64 * 1024;

    /// <summary>Bytes at the end of a piece that are the same in every release.</summary>
    public const int FooterBytes = 96;

    private const int NameBytes = 40;

    private readonly byte[] _footer;

    private PieceShape(ResourceId id, Manifest parent, ErasureCode code, CellLayout cells, ResourceLayout layout, int cellsPerBlock)
    {
        (Id, Parent, Code, Cells, Layout, CellsPerBlock) = (id, parent, code, cells, layout, cellsPerBlock);
        _footer = new byte[FooterBytes];
        parent.Version.Write(_footer);
        BinaryPrimitives.WriteUInt64BigEndian(_footer.AsSpan(32), id.Value);
        BinaryPrimitives.WriteInt32BigEndian(_footer.AsSpan(40), parent.Bytes.Length);
        BinaryPrimitives.WriteUInt16BigEndian(_footer.AsSpan(46), (ushort)code.PieceCount);
        Encoding.ASCII.GetBytes(code.Name, _footer.AsSpan(48, NameBytes));
        "PRPIECE1"u8.CopyTo(_footer.AsSpan(88));
    }

    /// <summary>The resource.</summary>
    public ResourceId Id { get; }

    /// <summary>The version's manifest.</summary>
    public Manifest Parent { get; }

    /// <summary>The coding.</summary>
    public ErasureCode Code { get; }

    /// <summary>Where the cells are.</summary>
    public CellLayout Cells { get; }

    /// <summary>How a piece lies in blocks, as a resource.</summary>
    public ResourceLayout Layout { get; }

    /// <summary>Source blocks whose cells are one block of a piece: a group.</summary>
    public int CellsPerBlock { get; }

    /// <summary>Groups of source blocks; 0 of an empty resource.</summary>
    public int GroupCount => (Cells.BlockCount + CellsPerBlock - 1) / CellsPerBlock;

    /// <summary>Makes one; false when the manifest is none that can be cut so.</summary>
    public static bool TryCreate(ResourceId id, Manifest parent, ErasureCode code, [NotNullWhen(true)] out PieceShape? shape)
    {
        shape = null;
        if (parent.IsDeleted || parent.Piece is not null)
        {
            return false;
        }

        var cells = new CellLayout(parent.Layout.Length, parent.Layout.BlockBytes, code.PartCount);
        var perBlock = (BlockBytesMin + cells.CellBytes - 1) / cells.CellBytes;
        var length = cells.PieceLength + parent.Bytes.Length + FooterBytes;
        if (ResourceLayout.TryCreate(length, (long)perBlock * cells.CellBytes, parent.Layout.SymbolSize, out var layout))
        {
            shape = new PieceShape(id, parent, code, cells, layout, perBlock);
        }

        return shape is not null;
    }

    /// <summary>The resource that a piece is. Everybody who knows the resource, the version (the first 8 bytes of it) and the coding can
    /// say it.</summary>
    public static ResourceId IdOf(ResourceId parent, ulong versionTag, string coding, int index)
    {
        Span<byte> bytes = stackalloc byte[20 + NameBytes];
        bytes.Clear();
        BinaryPrimitives.WriteUInt64BigEndian(bytes, parent.Value);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[8..], versionTag);
        BinaryPrimitives.WriteInt32BigEndian(bytes[16..], index);
        Encoding.ASCII.GetBytes(coding, bytes[20..]);
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(bytes, digest);
        return new ResourceId(BinaryPrimitives.ReadUInt64BigEndian(digest));
    }

    /// <inheritdoc cref="IdOf(ResourceId, ulong, string, int)"/>
    public ResourceId IdOf(int index) => IdOf(Id, Parent.Version.Tag, Code.Name, index);

    /// <summary>What its manifest says of a piece.</summary>
    public PieceRole RoleOf(int index) => new(Id, Parent.Version, Code.Name, index, Code.PieceCount);

    /// <summary>Whether a manifest is of a piece of these.</summary>
    public bool IsPiece(Manifest manifest, int index) => manifest.Piece == RoleOf(index) && manifest.Layout == Layout;

    /// <summary>The cells of a group, in every piece: where they begin, and how many bytes they are.</summary>
    public (long Offset, int Bytes) CellsOf(int group)
    {
        var offset = (long)group * Layout.BlockBytes;
        return (offset, (int)Math.Min(Layout.BlockBytes, Cells.PieceLength - offset));
    }

    /// <summary>The source blocks of a group: where they begin, and how many bytes they are.</summary>
    public (long Offset, int Bytes) BlocksOf(int group)
    {
        var offset = (long)group * CellsPerBlock * Cells.BlockBytes;
        return (offset, (int)Math.Min((long)CellsPerBlock * Cells.BlockBytes, Cells.Length - offset));
    }

    /// <summary>Compares source blocks with their digests.</summary>
    /// <param name="offset">Where in the resource the first of them begins.</param>
    /// <param name="blocks">Whole blocks.</param>
    /// <exception cref="IOException">One is not what its digest says.</exception>
    public void ThrowIfOther(long offset, ReadOnlySpan<byte> blocks)
    {
        if (FindOther(offset, blocks) is { } block)
        {
            throw new IOException($"Block {block} of {Id} is not what its digest says.");
        }
    }

    /// <summary>The first of whole source blocks that is not what its digest says; null when all are.</summary>
    /// <param name="offset">Where in the resource the first of them begins.</param>
    /// <param name="blocks">Whole blocks.</param>
    public int? FindOther(long offset, ReadOnlySpan<byte> blocks)
    {
        while (!blocks.IsEmpty)
        {
            var block = Parent.Layout.BlockAt(offset);
            var bytes = Parent.Layout.BytesOf(block);
            if (BlockDigest.Of(Parent.BlockDigestAlgorithm, blocks[..bytes]) != Parent.BlockDigests[block])
            {
                return block;
            }

            offset += bytes;
            blocks = blocks[bytes..];
        }

        return null;
    }

    /// <summary>Copies of what comes behind the cells of a piece.</summary>
    /// <param name="index">Which piece.</param>
    /// <param name="offset">From where in the piece, at the end of the cells or behind.</param>
    /// <param name="destination">No more than there is.</param>
    public void CopyTrailer(int index, long offset, Span<byte> destination)
    {
        var at = (int)(offset - Cells.PieceLength);
        var manifest = Parent.Bytes.Span;
        if (at < manifest.Length)
        {
            var count = Math.Min(destination.Length, manifest.Length - at);
            manifest.Slice(at, count).CopyTo(destination);
            destination = destination[count..];
            at += count;
        }

        Span<byte> footer = stackalloc byte[FooterBytes];
        _footer.CopyTo(footer);
        BinaryPrimitives.WriteUInt16BigEndian(footer[44..], (ushort)index);
        if (!destination.IsEmpty)
        {
            footer.Slice(at - manifest.Length, destination.Length).CopyTo(destination);
        }
    }

    /// <summary>Makes the cells of a group, of some pieces, of its source blocks.</summary>
    /// <param name="pieces">Which pieces.</param>
    /// <param name="group">Which group.</param>
    /// <param name="blocks">Its source blocks.</param>
    /// <param name="cells">The cells of each piece, one piece behind another, <paramref name="stride"/> bytes apart.</param>
    /// <param name="stride">From one piece to the next.</param>
    public void Encode(ReadOnlySpan<int> pieces, int group, ReadOnlySpan<byte> blocks, Span<byte> cells, int stride)
    {
        for (var i = 0; i < CellsPerBlock && (group * CellsPerBlock) + i < Cells.BlockCount; i++)
        {
            var block = (group * CellsPerBlock) + i;
            var bytes = blocks.Slice(i * Cells.BlockBytes, Cells.BytesOf(block));
            CellCoder.Encode(Code, pieces, bytes, cells[(i * Cells.CellBytes)..], stride);
        }
    }

    /// <summary>Where what comes behind the cells begins, as the footer of a piece of some length says; what it says need not be
    /// true.</summary>
    public static long TrailerStart(long length, ReadOnlySpan<byte> footer) => footer.Length < FooterBytes ? length
        : Math.Clamp(length - FooterBytes - BinaryPrimitives.ReadInt32BigEndian(footer[40..]), 0, length);

    /// <summary>Reads what a piece says of itself at its end.</summary>
    /// <param name="length">The piece's bytes.</param>
    /// <param name="read">Fills its second argument from an offset in the piece.</param>
    /// <param name="index">Which piece it is.</param>
    /// <param name="shape">What it is a piece of.</param>
    /// <returns>Whether it is a piece.</returns>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static bool TryRead(
        long length, Action<long, byte[]> read, out int index, [NotNullWhen(true)] out PieceShape? shape)
    {
        (index, shape) = (0, null);
        var footer = new byte[FooterBytes];
        if (length < FooterBytes)
        {
            return false;
        }

        read(length - FooterBytes, footer);
        var manifestBytes = BinaryPrimitives.ReadInt32BigEndian(footer.AsSpan(40));
        var name = Encoding.ASCII.GetString(footer, 48, NameBytes).TrimEnd('\0');
        index = BinaryPrimitives.ReadUInt16BigEndian(footer.AsSpan(44));
        if (!footer.AsSpan(88).SequenceEqual("PRPIECE1"u8) || !ErasureCodes.TryGet(name, out var code) || index >= code.PieceCount
            || BinaryPrimitives.ReadUInt16BigEndian(footer.AsSpan(46)) != code.PieceCount
            || manifestBytes <= 0 || manifestBytes > length - FooterBytes)
        {
            return false;
        }

        var bytes = new byte[manifestBytes];
        read(length - FooterBytes - manifestBytes, bytes);
        return Manifest.TryParse(bytes, out var manifest) && manifest.Version == Sha256Digest.Read(footer)
            && TryCreate(new ResourceId(BinaryPrimitives.ReadUInt64BigEndian(footer.AsSpan(32))), manifest, code, out shape)
            && shape.Layout.Length == length;
    }
}
