using MurkyWaters.Store;
using PouringRain.Protocol;

namespace MurkyWaters.Archive;

// A piece of which some stretches went bad on the disk.
internal sealed partial class ArchiveAgent
{
    /// <summary>With more than one stretch of so many that is bad, a path brings the whole of it for less.</summary>
    private const int StretchesPerBad = 12;

    /// <summary>Makes a piece of what was set aside of it: the stretches that are still what their digests say are taken as they are,
    /// and of the others alone the cells of eleven pieces are read.</summary>
    /// <returns>Whether it is kept.</returns>
    private async Task<bool> TryMendAsync(PieceShape shape, int index, Work work)
    {
        var id = shape.IdOf(index);
        if (_store.FindAside(id) is not var (manifest, path) || !shape.IsPiece(manifest, index))
        {
            return false;
        }

        var written = 0L;
        try
        {
            using var file = StoreFiles.OpenToRead(path);
            var block = new byte[shape.Layout.BlockBytes];
            var bad = await Task.Run(() => Enumerable.Range(0, shape.GroupCount).Where(group => !IsRight(group)).ToHashSet());
            if (bad.Count > Math.Max(1, shape.GroupCount / StretchesPerBad))
            {
                return false;
            }

            await using var piece = new PieceWriter(_store, shape, index);
            for (var group = 0; group < shape.GroupCount; group++)
            {
                var bytes = shape.CellsOf(group).Bytes;
                if (bad.Contains(group))
                {
                    await DecodeAsync(shape, index, group, block);
                }
                else if (!IsRight(group))
                {
                    return false;
                }

                piece.Write(block.AsSpan(0, bytes));
                work.Add(bytes);
                written += bytes;
            }

            await piece.KeepAsync(manifest.Version);
            _store.ForgetAside(id);
            ArchiveLog.Mended(_logger, index, shape.Id, bad.Count, shape.GroupCount);
            written = 0;
            return true;

            // Leaves the block in the buffer.
            bool IsRight(int group)
            {
                var count = manifest.Layout.BytesOf(group);
                return RandomAccess.Read(file, block.AsSpan(0, count), manifest.Layout.OffsetOf(group)) == count
                    && BlockDigest.Of(manifest.BlockDigestAlgorithm, block.AsSpan(0, count)) == manifest.BlockDigests[group];
            }
        }
        catch (IOException)
        {
            // There are other ways.
            return false;
        }
        finally
        {
            work.Add(-written);
        }
    }

    private async Task DecodeAsync(PieceShape shape, int index, int group, byte[] cells)
    {
        var (offset, bytes) = shape.BlocksOf(group);
        var blocks = new byte[bytes];
        var opened = await _reading.OpenAsync(
            shape, new OpenOptions { DemandOffset = offset, DemandLength = bytes }, _stopping.Token);
        await using var reader = opened.Reader ?? throw new IOException("There are too few pieces.");
        await reader.ReadExactlyAsync(offset, blocks, _stopping.Token);
        shape.Encode([index], group, blocks, cells, cells.Length);
    }
}
