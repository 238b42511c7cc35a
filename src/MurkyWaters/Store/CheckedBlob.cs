using System.Buffers;
using Microsoft.Extensions.Logging;
using PouringRain.Protocol;

namespace MurkyWaters.Store;

/// <summary>
/// A version that is here whole and rains all the same, because a reader insists. Each verified block is compared with the one on disk,
/// from where it is then read; that costs half of writing it again, and no room. A copy that went bad is mended by it: where the
/// disk has other bytes, or cannot read them, the verified ones take their place. Who is killed in between leaves a copy that is
/// no worse than before.
/// The same of a version whose bytes are here under an older manifest: then nothing has to rain, and the blob is both versions'.
/// </summary>
internal sealed class CheckedBlob : VerifiedBlocks
{
    /// <summary>Read at once: little enough to be compared while it is in the processor's cache.</summary>
    private const int ChunkBytes = 128 * 1024;

    private readonly BlobTable _blobs;
    private readonly StoreEntry _entry;
    private readonly BlobLease _lease;
    private readonly FileStream _file;
    private readonly ILogger _logger;

    private CheckedBlob(BlobTable blobs, StoreEntry entry, BlobLease lease, Manifest manifest, FileStream file, ILogger logger)
        : base(entry.Resource with { Manifest = manifest })
    {
        _blobs = blobs;
        _entry = entry;
        _lease = lease;
        _file = file;
        _logger = logger;
    }

    /// <summary>The blob that it reads from.</summary>
    public Blob Blob => _lease.Blob;

    /// <summary>Takes an entry that is no tombstone and keeps it from eviction; null when it has no file of its length (small ones have
    /// none). No block counts as held before it has rained.</summary>
    public static CheckedBlob? TryOpen(ResourceStore store, StoreEntry entry, ILogger logger) =>
        TryOpen(store, entry, entry.Resource.Manifest, logger);

    /// <summary>As above, of another version with the same bytes, of which every block counts as held; null also when its bytes are
    /// others.</summary>
    public static CheckedBlob? TryOpenWhole(ResourceStore store, StoreEntry entry, Manifest manifest, ILogger logger)
    {
        if (!HasBytesOf(entry.Resource.Manifest, manifest) || TryOpen(store, entry, manifest, logger) is not { } whole)
        {
            return null;
        }

        for (var i = 0; i < manifest.Layout.BlockCount; i++)
        {
            whole.SetHeld(i);
        }

        return whole;
    }

    private static bool HasBytesOf(Manifest left, Manifest right) =>
        left.Layout.Length == right.Layout.Length && left.Layout.ToldBlockBytes == right.Layout.ToldBlockBytes
        && left.Sha256 == right.Sha256
        && left.BlockDigestAlgorithm == right.BlockDigestAlgorithm && left.BlockDigests.SequenceEqual(right.BlockDigests);

    private static CheckedBlob? TryOpen(ResourceStore store, StoreEntry entry, Manifest manifest, ILogger logger)
    {
        if (entry.Blob is not { IsInline: false } || store.TryLease(entry) is not { } lease)
        {
            return null;
        }

        FileStream? file = null;
        store.Blobs.BeginMending(lease.Blob.Digest);
        try
        {
            file = StoreFiles.OpenToSend(lease.Blob.FilePath!);
            if (file.Length == lease.Blob.Length)
            {
                entry.Touch();
                return new CheckedBlob(store.Blobs, entry, lease, manifest, file, logger);
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // What cannot be opened is fetched as if it were not here.
        }

        file?.Dispose();
        store.Blobs.EndMending(lease.Blob.Digest);
        lease.Dispose();
        return null;
    }

    /// <inheritdoc/>
    public override FileStream OpenToSend() => _file;

    /// <inheritdoc/>
    public override void Close()
    {
        _file.Dispose();
        _entry.Touch();
        _blobs.EndMending(_lease.Blob.Digest);
        _lease.Dispose();
    }

    /// <inheritdoc/>
    protected override void Keep(int blockIndex, ReadOnlySpan<byte> block)
    {
        var offset = Manifest.Layout.OffsetOf(blockIndex);
        if (!IsOnDisk(offset, block))
        {
            StoreLog.BlockMended(_logger, Resource.Id, blockIndex, _lease.Blob.FilePath!);
            _blobs.Mend(_lease.Blob, offset, block);
        }
    }

    /// <inheritdoc/>
    protected override int ReadHeld(long offset, Span<byte> destination) => RandomAccess.Read(_file.SafeFileHandle, destination, offset);

    private bool IsOnDisk(long offset, ReadOnlySpan<byte> block)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(ChunkBytes);
        try
        {
            while (!block.IsEmpty)
            {
                var chunk = buffer.AsSpan(0, Math.Min(ChunkBytes, block.Length));
                var count = RandomAccess.Read(_file.SafeFileHandle, chunk, offset);
                if (count == 0 || !block[..count].SequenceEqual(chunk[..count]))
                {
                    return false;
                }

                block = block[count..];
                offset += count;
            }

            return true;
        }
        catch (IOException)
        {
            // Whether a sector that cannot be read can be written shows when it is.
            return false;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
