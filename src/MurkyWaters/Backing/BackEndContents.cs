using System.Buffers;
using MurkyWaters.Store;
using PouringRain.Protocol;

namespace MurkyWaters.Backing;

/// <summary>Bytes that are in memory.</summary>
internal sealed class BytesContent(byte[] bytes) : IBackEndContent
{
    /// <inheritdoc/>
    public long Length => bytes.Length;

    /// <inheritdoc/>
    public string Digest { get; } = Sha256Digest.Of(bytes).ToString();

    /// <inheritdoc/>
    public ValueTask ReadAsync(long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        bytes.AsMemory((int)offset, destination.Length).CopyTo(destination);
        return ValueTask.CompletedTask;
    }
}

/// <summary>The bytes of a version that is here whole. Each block is compared with its digest whenever it is read: what has rotted since
/// must not become the copy that lasts. One reader at a time.</summary>
internal sealed class StoredBody(ResourceReader reader) : IBackEndContent, IAsyncDisposable
{
    private readonly Manifest _manifest = reader.Manifest;
    private byte[]? _block;
    private int _blockIndex = -1;

    /// <inheritdoc/>
    public long Length => _manifest.Layout.Length;

    /// <inheritdoc/>
    public string Digest { get; } = TreeDigest.Of(reader.Manifest).ToString();

    /// <inheritdoc/>
    public async ValueTask ReadAsync(long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        var layout = _manifest.Layout;
        while (!destination.IsEmpty)
        {
            var index = layout.BlockAt(offset);
            var (start, bytes) = (layout.OffsetOf(index), layout.BytesOf(index));
            var count = (int)Math.Min(destination.Length, start + bytes - offset);
            if (count == bytes)
            {
                await ReadBlockAsync(index, destination[..bytes], cancellationToken);
            }
            else
            {
                if (index != _blockIndex)
                {
                    // One that is cut by the end of a part is wanted again for the next.
                    _blockIndex = -1;
                    _block ??= ArrayPool<byte>.Shared.Rent(layout.BlockBytes);
                    await ReadBlockAsync(index, _block.AsMemory(0, bytes), cancellationToken);
                    _blockIndex = index;
                }

                _block.AsMemory((int)(offset - start), count).CopyTo(destination);
            }

            (offset, destination) = (offset + count, destination[count..]);
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        if (_block is not null)
        {
            ArrayPool<byte>.Shared.Return(_block);
            _block = null;
        }

        return reader.DisposeAsync();
    }

    private async ValueTask ReadBlockAsync(int index, Memory<byte> block, CancellationToken cancellationToken)
    {
        await reader.ReadExactlyAsync(_manifest.Layout.OffsetOf(index), block, cancellationToken);
        if (BlockDigest.Of(_manifest.BlockDigestAlgorithm, block.Span) != _manifest.BlockDigests[index])
        {
            throw new InvalidDataException($"Block {index} of the body is not what it should be.");
        }
    }
}
