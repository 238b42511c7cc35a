using MurkyWaters.Deploying;
using MurkyWaters.Store;
using PouringRain.Protocol;

namespace MurkyWaters.Archive;

/// <summary>Writes bodies into the store that are made here: a piece of source blocks, or source blocks of pieces; a group at a time,
/// and read back when they are kept.</summary>
internal static class PieceFile
{
    /// <summary>Makes a piece and keeps it.</summary>
    /// <param name="store">Where.</param>
    /// <param name="shape">Of what.</param>
    /// <param name="index">Which.</param>
    /// <param name="read">Fills its second argument with source bytes from an offset, which match their digests.</param>
    /// <param name="onWritten">Told of bytes that were written.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="IOException">The source cannot be read, or the disk does not take it.</exception>
    public static async Task WriteAsync(
        ResourceStore store, PieceShape shape, int index, Func<long, Memory<byte>, CancellationToken, Task> read, Action<long> onWritten,
        CancellationToken cancellationToken)
    {
        await using var piece = new PieceWriter(store, shape, index);
        var cells = new byte[shape.Layout.BlockBytes];
        var source = new byte[Math.Min(shape.Cells.Length, (long)shape.CellsPerBlock * shape.Cells.BlockBytes)];
        for (var group = 0; group < shape.GroupCount; group++)
        {
            var (offset, bytes) = shape.BlocksOf(group);
            await read(offset, source.AsMemory(0, bytes), cancellationToken);
            shape.Encode([index], group, source.AsSpan(0, bytes), cells, cells.Length);
            var made = cells.AsMemory(0, shape.CellsOf(group).Bytes);
            piece.Write(made.Span);
            onWritten(made.Length);
        }

        await piece.KeepAsync(null);
    }

    /// <summary>Makes the whole and keeps it, if the version is still what the store knows.</summary>
    /// <param name="store">Where.</param>
    /// <param name="id">The resource.</param>
    /// <param name="reader">Reads it.</param>
    /// <param name="onWritten">Told of bytes that were written.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="IOException">It cannot be read, or the disk does not take it.</exception>
    public static async Task RestoreAsync(
        ResourceStore store, ResourceId id, ResourceReader reader, Action<long> onWritten, CancellationToken cancellationToken)
    {
        var manifest = reader.Manifest;
        await using var target = new BodyFile(store, manifest.Layout.Length);
        var digest = await reader.ReadAllAsync(
            bytes =>
            {
                target.Write(bytes.Span);
                onWritten(bytes.Length);
                return ValueTask.CompletedTask;
            },
            cancellationToken);
        if (digest != manifest.Sha256)
        {
            throw new IOException("What was decoded has another SHA-256.");
        }

        await target.KeepAsync(new StoredResource(id, manifest, Retention.Kept), manifest);
    }

    /// <summary>Reads a body back from the disk.</summary>
    /// <exception cref="IOException">It is not there, or not what was written.</exception>
    public static async Task VerifyAsync(ResourceStore store, ResourceId id, Manifest manifest)
    {
        if (store.FindEntry(id) is not { IsTombstone: false } entry || entry.Resource.Manifest.Version != manifest.Version
            || store.TryLease(entry) is not { } lease)
        {
            throw new IOException("It is not there any more.");
        }

        using (lease)
        {
            var digest = await Task.Run(() => ReadBack.Digest(lease.Blob, _ => { }, CancellationToken.None));
            if (digest != manifest.Sha256)
            {
                throw new IOException("What was read back is not what was written.");
            }
        }
    }
}
