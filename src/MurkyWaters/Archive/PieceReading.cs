using MurkyWaters.Fetching;
using MurkyWaters.Store;
using PouringRain.Coding.Erasure;
using PouringRain.Protocol;

namespace MurkyWaters.Archive;

/// <summary>Finds what is in pieces, and opens it. Thread-safe.</summary>
/// <param name="store">What is here.</param>
/// <param name="fetches">Brings what is not.</param>
/// <param name="time">The clock.</param>
/// <param name="onLie">Told of pieces that are not what they say.</param>
internal sealed class PieceReading(
    ResourceStore store, FetchTable fetches, TimeProvider time, Action<ResourceId, int> onLie)
{
    /// <summary>No manifest is longer.</summary>
    private const long TrailerBytesMax = 34L << 20;

    /// <summary>Opens a resource that is known here as one in pieces; null when it is not.</summary>
    public async Task<OpenResult?> TryOpenKnownAsync(ResourceId id, OpenOptions options, CancellationToken cancellationToken)
    {
        if (FindKnown(id) is not { } shape)
        {
            return null;
        }

        var opened = await OpenAsync(shape, options, cancellationToken);
        foreach (var code in opened.Status == OpenStatus.TooFewPieces && shape.Code == ErasureCodes.Parts ? ErasureCodes.All : [])
        {
            // While this node was away the others may have encoded them.
            if (PieceShape.TryCreate(id, shape.Parent, code, out var other)
                && await OpenAsync(other, options, cancellationToken) is { Status: OpenStatus.Found, Reader: { } } found)
            {
                return found;
            }
        }

        return opened;
    }

    /// <summary>What is known here of a resource in pieces.</summary>
    public PieceShape? FindKnown(ResourceId id) =>
        store.FindInPieces(id) is var (resource, coding) && ErasureCodes.TryGet(coding, out var code)
            && PieceShape.TryCreate(id, resource.Manifest, code, out var shape) ? shape : null;

    /// <summary>What a version in pieces is: known here, or said by any of its pieces, wherever those are.</summary>
    /// <param name="id">The resource.</param>
    /// <param name="versionTag">The first 8 bytes of its version.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<PieceShape?> FindAsync(ResourceId id, ulong versionTag, CancellationToken cancellationToken)
    {
        if (FindKnown(id) is { } known && known.Parent.Version.Tag == versionTag)
        {
            return known;
        }

        if (FindInPiece(id, versionTag) is { } here)
        {
            return here;
        }

        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        foreach (var code in ErasureCodes.Stored)
        {
            var asking = Enumerable.Range(0, code.PieceCount)
                .Select(index => ReadTrailerAsync(id, versionTag, code, index, ending.Token)).ToHashSet();
            PieceShape? found = null;
            while (asking.Count > 0)
            {
                var ended = await Task.WhenAny(asking);
                asking.Remove(ended);
                found ??= await ended;
                if (found is not null)
                {
                    await ending.CancelAsync();
                }
            }

            if (found is not null)
            {
                return found;
            }
        }

        return null;
    }

    /// <summary>What a piece says that is here.</summary>
    private PieceShape? FindInPiece(ResourceId id, ulong versionTag)
    {
        foreach (var piece in store.Catalog.FindPiecesOf(id))
        {
            if (store.FindEntry(piece) is not { IsTombstone: false } entry || entry.Resource.Manifest.Piece?.ParentVersion.Tag != versionTag
                || store.TryLease(entry) is not { } lease)
            {
                continue;
            }

            using (lease)
            {
                try
                {
                    if (PieceShape.TryRead(lease.Blob.Length, (offset, bytes) => lease.Blob.Read(offset, bytes), out _, out var shape)
                        && shape.Id == id && shape.Parent.Version.Tag == versionTag)
                    {
                        return shape;
                    }
                }
                catch (IOException)
                {
                    // Another one will do.
                }
            }
        }

        return null;
    }

    /// <summary>Opens the pieces.</summary>
    public async Task<OpenResult> OpenAsync(PieceShape shape, OpenOptions options, CancellationToken cancellationToken)
    {
        var (reader, missing) = await ArchivedReader.OpenAsync(
            shape, (index, offset, length, token) => OpenPieceAsync(shape.IdOf(index), offset, length, options, token),
            options.DemandOffset, options.DemandLength, index => onLie(shape.Id, index), time, cancellationToken);
        return reader is null
            ? new OpenResult(OpenStatus.TooFewPieces, null, []) { MissingPieces = missing }
            : new OpenResult(OpenStatus.Found, reader, []);
    }

    /// <summary>Opens some pieces only, and from where they are kept: what is here as a copy does not count.</summary>
    public async Task<ArchivedReader?> OpenOfAsync(PieceShape shape, IReadOnlySet<int> pieces, CancellationToken cancellationToken)
    {
        var (reader, _) = await ArchivedReader.OpenAsync(
            shape,
            (index, offset, length, token) => pieces.Contains(index)
                ? OpenPieceAsync(shape.IdOf(index), offset, length, new OpenOptions(), token) : Task.FromResult<ResourceReader?>(null),
            0, long.MaxValue, index => onLie(shape.Id, index), time, cancellationToken);
        return reader;
    }

    /// <summary>The version of a piece, wherever that is; null when it cannot be had.</summary>
    public async Task<Sha256Digest?> FindVersionAsync(PieceShape shape, int index, CancellationToken cancellationToken)
    {
        try
        {
            await using var reader = await OpenPieceAsync(shape.IdOf(index), 0, 0, new OpenOptions(), cancellationToken);
            return reader is not null && shape.IsPiece(reader.Manifest, index) ? reader.Manifest.Version : null;
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>Forgets what was fetched of pieces to be read, and is not kept.</summary>
    public async Task ForgetCopiesAsync(PieceShape shape)
    {
        for (var i = 0; i < shape.Code.PieceCount; i++)
        {
            var id = shape.IdOf(i);
            using (await store.EnterAsync(id, CancellationToken.None))
            {
                if (store.FindEntry(id) is { IsTombstone: false, Resource.Retention: Retention.Cached })
                {
                    await store.ForgetAsync(id);
                }

                foreach (var partial in store.Partials.FindAll(id))
                {
                    store.Partials.TryEvict(partial);
                }
            }
        }
    }

    private async Task<ResourceReader?> OpenPieceAsync(
        ResourceId piece, long offset, long length, OpenOptions options, CancellationToken cancellationToken)
    {
        var wanted = options with { DemandOffset = offset, DemandLength = length, Source = OpenSource.Any };
        while (true)
        {
            while (store.FindEntry(piece) is { IsTombstone: false } entry)
            {
                if (StoredReader.TryOpen(store, entry, wanted) is { } here)
                {
                    return here;
                }
            }

            if (await fetches.OpenAsync(piece, wanted, cancellationToken) is { } opened)
            {
                return opened.Reader;
            }
        }
    }

    private async Task<PieceShape?> ReadTrailerAsync(
        ResourceId id, ulong versionTag, ErasureCode code, int index, CancellationToken cancellationToken)
    {
        try
        {
            var piece = PieceShape.IdOf(id, versionTag, code.Name, index);
            await using var reader = await OpenPieceAsync(piece, 0, 0, new OpenOptions(), cancellationToken);
            if (reader?.Manifest is not { Piece: { } role } manifest || role.Parent != id || role.ParentVersion.Tag != versionTag)
            {
                return null;
            }

            var length = manifest.Layout.Length;
            var footerBytes = (int)Math.Min(length, PieceShape.FooterBytes);
            var footer = await ReadAtAsync(length - footerBytes, footerBytes);
            var start = PieceShape.TrailerStart(length, footer);
            if (length - start > TrailerBytesMax)
            {
                return null;
            }

            var trailer = await ReadAtAsync(start, (int)(length - start));
            return PieceShape.TryRead(
                length, (offset, bytes) => trailer.AsSpan((int)(offset - start), bytes.Length).CopyTo(bytes), out _, out var shape)
                && shape.Id == id && shape.Parent.Version == role.ParentVersion ? shape : null;

            async Task<byte[]> ReadAtAsync(long offset, int count)
            {
                var bytes = new byte[count];
                await reader.ReadExactlyAsync(offset, bytes, cancellationToken);
                return bytes;
            }
        }
        catch (Exception error) when (error is IOException or OperationCanceledException or ArgumentException)
        {
            return null;
        }
    }
}
