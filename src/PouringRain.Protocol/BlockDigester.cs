namespace PouringRain.Protocol;

/// <summary>Makes the BLAKE3 digests of a resource's blocks as its bytes come. Keeps no bytes
/// beside the state of one hash. Not thread-safe.</summary>
public sealed class BlockDigester : IDisposable
{
    private readonly List<BlockDigest> _digests = [];
    private Blake3.Hasher? _hasher;
    private int _inBlock, _now;

    /// <summary>Begins.</summary>
    /// <param name="blockBytes">Bytes of a block: see <see cref="ResourceLayout.BlockBytes"/>.</param>
    /// <param name="isGrowing">Whether the first blocks are small.</param>
    public BlockDigester(int blockBytes, bool isGrowing = false)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(blockBytes, 1);
        BlockBytes = blockBytes;
        _now = isGrowing ? ResourceLayout.FirstBlockBytes : blockBytes;
    }

    /// <summary>Bytes of a block.</summary>
    public int BlockBytes { get; }

    /// <summary>Takes the next bytes.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var count = Math.Min(bytes.Length, _now - _inBlock);
            if (count == _now)
            {
                // A whole block at once needs no state.
                Add(BlockDigest.Of(BlockDigestAlgorithm.Blake3, bytes[..count]));
            }
            else
            {
                _hasher ??= Blake3.Hasher.New();
                _hasher.Update(bytes[..count]);
                _inBlock += count;
                if (_inBlock == _now)
                {
                    EndBlock();
                }
            }

            bytes = bytes[count..];
        }
    }

    /// <summary>The digests of all blocks, the last of which ends here; nothing may be appended after.</summary>
    public ReadOnlySpan<BlockDigest> Finish()
    {
        if (_inBlock > 0)
        {
            EndBlock();
        }

        return System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_digests);
    }

    /// <inheritdoc/>
    public void Dispose() => _hasher?.Dispose();

    private void EndBlock()
    {
        Span<byte> digest = stackalloc byte[BlockDigest.SizeBytes];
        _hasher!.Finalize(digest);
        _hasher.Reset();
        _inBlock = 0;
        Add(BlockDigest.Read(digest));
    }

    private void Add(BlockDigest digest)
    {
        // The first two blocks of those that grow are of one size.
        _now = _digests.Count == 0 ? _now : Math.Min(2 * _now, BlockBytes);
        _digests.Add(digest);
    }
}
