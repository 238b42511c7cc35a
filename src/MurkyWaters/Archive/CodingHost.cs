using MurkyWaters.Store;
using PouringRain.Protocol;

namespace MurkyWaters.Archive;

/// <summary>Where the names of a program lead at this node: blocks, the cells of pieces, streams that are here, and those of members of the
/// cluster. Nothing else can be named.</summary>
internal sealed class CodingHost(
    ResourceStore store, CodingBlocks blocks, PieceReading reading, CodingStreams streams, ICodingNetwork? network,
    Func<NodeId, CodingPeer?> findPeer)
{
    /// <summary>The same for one run, whose movements are noted.</summary>
    public ICodingHost For(CodingWatch watch) => new Run(this, watch);

    /// <summary>Sends a stream to another node.</summary>
    /// <exception cref="IOException">It is no member, or does not take it.</exception>
    public async ValueTask<ICodingSink> SendAsync(CodingPlace to, long length, CancellationToken cancellation) =>
        await Network.CreateAsync(PeerOf(to.Node), to.Work, length, cancellation);

    private ICodingNetwork Network => network ?? throw new IOException("This node has no way to others.");

    private CodingPeer PeerOf(string node) => NodeId.TryParse(node, out var id) && findPeer(id) is { } peer
        ? peer : throw new IOException($"{node} is no node of the cluster whose address is known.");

    private async ValueTask<ICodingSource?> OpenAsync(CodingStream stream, long length, CancellationToken cancellation)
    {
        switch (stream.Kind)
        {
            case CodingStreamKind.ReadBlock when PieceName.TryParse(stream.Target, out var piece):
                return await OpenPieceAsync(piece, cancellation);
            case CodingStreamKind.ReadBlock:
                return blocks.TryOpen(stream.Target);
            case CodingStreamKind.ReadNode when stream.Target == store.NodeId.ToString():
                return streams.TryRead(stream.Remote, length);
            case CodingStreamKind.ReadNode:
                return await Network.OpenAsync(PeerOf(stream.Target), stream.Remote, length, cancellation);
            default:
                // A queue of this node's own, which another program writes.
                return streams.TryRead(stream.Name, length);
        }
    }

    private async ValueTask<ICodingSink?> CreateAsync(CodingStream stream, long length, CancellationToken cancellation)
    {
        if (stream.Kind == CodingStreamKind.Push)
        {
            return streams.TryWrite(stream.Name, length)?.Sink;
        }

        if (!PieceName.TryParse(stream.Target, out var piece))
        {
            return blocks.TryCreate(stream.Target, length);
        }

        return await ShapeOfAsync(piece, cancellation) is { } shape && shape.Cells.PieceLength == length
            ? new PieceSink(
                new PieceWriter(store, shape, piece.Index),
                store.Catalog.FindPieceVersions(shape.Id, shape.Parent.Version, shape.Code)?[piece.Index])
            : null;
    }

    /// <summary>A piece that is kept here, and what it is a piece of.</summary>
    private async ValueTask<ICodingSource?> OpenPieceAsync(PieceName piece, CancellationToken cancellation)
    {
        if (await ShapeOfAsync(piece, cancellation) is not { } shape
            || store.FindEntry(piece.Id) is not { IsTombstone: false, Resource: { Retention: Retention.Kept } resource } entry
            || !shape.IsPiece(resource.Manifest, piece.Index))
        {
            return null;
        }

        // Each block is compared with its digest before a byte of it goes on; one that is not right is set aside.
        return StoredReader.TryOpen(store, entry, new OpenOptions { Source = OpenSource.LocalOnly }) is { } reader
            ? new PieceSource(reader, shape.Cells.PieceLength) : null;
    }

    private async ValueTask<PieceShape?> ShapeOfAsync(PieceName piece, CancellationToken cancellation) =>
        await reading.FindAsync(piece.Resource, piece.VersionTag, cancellation) is not { } known ? null
        : known.Code == piece.Code ? known
        : PieceShape.TryCreate(piece.Resource, known.Parent, piece.Code, out var other) ? other : null;

    private sealed class Run(CodingHost host, CodingWatch watch) : ICodingHost
    {
        public async ValueTask<ICodingSource?> OpenAsync(CodingStream stream, long length, CancellationToken cancellation) =>
            await host.OpenAsync(stream, length, cancellation) is { } source ? watch.Over(source) : null;

        public async ValueTask<ICodingSink?> CreateAsync(CodingStream stream, long length, CancellationToken cancellation) =>
            await host.CreateAsync(stream, length, cancellation) is { } sink ? watch.Over(sink) : null;
    }

    private sealed class PieceSource(ResourceReader reader, long length) : ICodingSource
    {
        private long _offset;

        public long? Length => length;

        public async ValueTask<bool> TryReadAsync(Memory<byte> buffer, CancellationToken cancellation)
        {
            if (buffer.Length > length - _offset)
            {
                return false;
            }

            await reader.ReadExactlyAsync(_offset, buffer, cancellation);
            _offset += buffer.Length;
            return true;
        }

        public ValueTask DisposeAsync() => reader.DisposeAsync();
    }

    private sealed class PieceSink(PieceWriter writer, Sha256Digest? expected) : ICodingSink
    {
        public ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
        {
            writer.Write(bytes.Span);
            return ValueTask.CompletedTask;
        }

        public async ValueTask CompleteAsync(CancellationToken cancellation) => await writer.KeepAsync(expected);

        public ValueTask DisposeAsync() => writer.DisposeAsync();
    }
}
