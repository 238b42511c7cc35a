using System.Security.Cryptography;
using PouringRain.Protocol;

namespace MurkyWaters.Archive;

/// <summary>Makes the bodies of pieces out of a version's source blocks, a group at a time, in bounded memory: what was made last stays at
/// hand, for those that fetch different pieces of it at about the same time. Thread-safe.</summary>
internal sealed class PieceMaker
{
    /// <summary>Bytes of groups that are at hand; one group is whatever it is.</summary>
    private const long CacheBytesMax = 32L << 20;

    private readonly Action<long, Memory<byte>> _read;
    private readonly int[] _pieces;
    private readonly Lock _gate = new();
    private readonly LinkedList<(int Group, Lazy<byte[]> Cells)> _cache = new();
    private readonly int _cacheCount;

    /// <summary>Makes one.</summary>
    /// <param name="shape">What the pieces are of.</param>
    /// <param name="read">Fills its second argument with source bytes from an offset.</param>
    public PieceMaker(PieceShape shape, Action<long, Memory<byte>> read)
    {
        (Shape, _read) = (shape, read);
        _pieces = [.. Enumerable.Range(0, shape.Code.PieceCount)];
        _cacheCount = (int)Math.Max(2, CacheBytesMax / ((long)shape.Layout.BlockBytes * _pieces.Length));
    }

    /// <summary>What the pieces are of.</summary>
    public PieceShape Shape { get; }

    /// <summary>Fills the destination from an offset of a piece's body.</summary>
    /// <exception cref="IOException">The source blocks cannot be read, or are not what their digests say.</exception>
    public void Read(int piece, long offset, Span<byte> destination)
    {
        while (!destination.IsEmpty && offset < Shape.Cells.PieceLength)
        {
            var group = (int)(offset / Shape.Layout.BlockBytes);
            var (start, bytes) = Shape.CellsOf(group);
            var cells = CellsOf(group).AsSpan((piece * Shape.Layout.BlockBytes) + (int)(offset - start));
            var count = (int)Math.Min(destination.Length, bytes - (offset - start));
            cells[..count].CopyTo(destination);
            destination = destination[count..];
            offset += count;
        }

        if (!destination.IsEmpty)
        {
            Shape.CopyTrailer(piece, offset, destination);
        }
    }

    /// <summary>Reads all of the source once and makes the manifests of all pieces. They have its stamp, so that whoever makes them makes
    /// the same.</summary>
    /// <param name="onRead">Told of every byte's worth of source that was read.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="IOException">As <see cref="Read"/>.</exception>
    public Manifest[] Describe(Action<long> onRead, CancellationToken cancellationToken)
    {
        var count = _pieces.Length;
        var blocks = _pieces.Select(_ => new BlockDigester(Shape.Layout.BlockBytes)).ToArray();
        var wholes = _pieces.Select(_ => IncrementalHash.CreateHash(HashAlgorithmName.SHA256)).ToArray();
        try
        {
            for (var group = 0; group < Shape.GroupCount; group++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var cells = Make(group);
                var bytes = Shape.CellsOf(group).Bytes;
                Parallel.For(0, count, i =>
                {
                    var own = cells.AsSpan(i * Shape.Layout.BlockBytes, bytes);
                    blocks[i].Append(own);
                    wholes[i].AppendData(own);
                });
                onRead(Shape.BlocksOf(group).Bytes);
            }

            var trailer = new byte[Shape.Layout.Length - Shape.Cells.PieceLength];
            var manifests = new Manifest[count];
            for (var i = 0; i < count; i++)
            {
                Shape.CopyTrailer(i, Shape.Cells.PieceLength, trailer);
                blocks[i].Append(trailer);
                wholes[i].AppendData(trailer);
                manifests[i] = Manifest.Create(
                    Shape.Layout, Shape.Parent.Code, Shape.Parent.Stamp, Sha256Digest.Read(wholes[i].GetHashAndReset()),
                    PieceShape.ContentType, null, blocks[i].Finish(), piece: Shape.RoleOf(i));
            }

            return manifests;
        }
        finally
        {
            Array.ForEach(blocks, digester => digester.Dispose());
            Array.ForEach(wholes, hash => hash.Dispose());
        }
    }

    private byte[] CellsOf(int group)
    {
        Lazy<byte[]> cells;
        lock (_gate)
        {
            var node = _cache.First;
            while (node is not null && node.Value.Group != group)
            {
                node = node.Next;
            }

            if (node is not null)
            {
                _cache.Remove(node);
                _cache.AddFirst(node);
            }
            else
            {
                if (_cache.Count == _cacheCount)
                {
                    _cache.RemoveLast();
                }

                node = _cache.AddFirst((group, new Lazy<byte[]>(() => Make(group))));
            }

            cells = node.Value.Cells;
        }

        try
        {
            return cells.Value;
        }
        catch
        {
            lock (_gate)
            {
                // What could not be read is tried again by the next.
                _cache.Remove((group, cells));
            }

            throw;
        }
    }

    private byte[] Make(int group)
    {
        var (offset, bytes) = Shape.BlocksOf(group);
        var blocks = GC.AllocateUninitializedArray<byte>(bytes);
        _read(offset, blocks);
        Shape.ThrowIfOther(offset, blocks);
        var cells = GC.AllocateUninitializedArray<byte>(Shape.Layout.BlockBytes * _pieces.Length);
        Shape.Encode(_pieces, group, blocks, cells, Shape.Layout.BlockBytes);
        return cells;
    }
}
