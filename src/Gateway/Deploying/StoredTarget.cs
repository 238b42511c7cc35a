using Microsoft.Win32.SafeHandles;
using MurkyWaters.Store;
using PouringRain.Protocol;

namespace Gateway.Deploying;

/// <summary>A target that can be read back.</summary>
internal abstract class StoredTarget : Target
{
    /// <summary>Blocks at the beginning, and blocks spread over the whole, that are looked at first. If none of them is right, none was
    /// written before, and nobody waits until all of what is there is read.</summary>
    private const int FirstCount = 16, SpreadCount = 48;

    /// <inheritdoc/>
    public override bool IsLasting => true;

    /// <summary>What is written to; null before <see cref="Target.Begin"/>.</summary>
    protected SafeFileHandle? Handle { get; set; }

    /// <inheritdoc/>
    public override void Write(long offset, ReadOnlySpan<byte> bytes) => RandomAccess.Write(Handle!, bytes, offset);

    /// <inheritdoc/>
    public override Sha256Digest ReadBack(long length, Action<long> tell)
    {
        // What comes back is to be what the disk has, not what the system still has in memory.
        DurableFlush.Flush(Handle!);
        long end = 0;
        var digest = FileReads.DigestStored(
            Handle!, length,
            read =>
            {
                end = read;
                tell(read);
            },
            CancellationToken.None);
        return digest ?? throw new EndOfStreamException($"{Name} ends at byte {end}, and {length} were written.");
    }

    /// <summary>Compares all blocks with their digests where one of a few is right.</summary>
    /// <inheritdoc cref="Compare"/>
    protected static void CompareIfLikely(
        Manifest manifest, ulong[] held, SafeFileHandle source, Action<long, ReadOnlySpan<byte>>? onRight = null)
    {
        var count = manifest.Layout.BlockCount;
        var sample = Enumerable.Range(0, Math.Min(FirstCount, count))
            .Concat(Enumerable.Range(0, SpreadCount).Select(i => (int)((long)i * count / SpreadCount)));
        var found = new ulong[held.Length];
        Compare(manifest, sample.Where(block => block < count).Distinct(), found, source);
        if (found.Any(word => word != 0))
        {
            Compare(manifest, Enumerable.Range(0, count), held, source, onRight);
        }
    }

    /// <summary>Compares blocks with their digests, on all cores.</summary>
    /// <param name="manifest">What there should be.</param>
    /// <param name="blocks">The blocks to look at.</param>
    /// <param name="held">Gets a bit for each that is right.</param>
    /// <param name="source">Where to read.</param>
    /// <param name="onRight">Called with each that is right and where it belongs, on any thread; null for nothing.</param>
    protected static void Compare(
        Manifest manifest, IEnumerable<int> blocks, ulong[] held, SafeFileHandle source, Action<long, ReadOnlySpan<byte>>? onRight = null)
    {
        var layout = manifest.Layout;
        Parallel.ForEach(
            blocks, () => new byte[layout.BlockBytes],
            (block, _, buffer) =>
            {
                var bytes = buffer.AsSpan(0, layout.BytesOf(block));
                if (TryRead(source, layout.OffsetOf(block), bytes)
                    && BlockDigest.Of(manifest.BlockDigestAlgorithm, bytes) == manifest.BlockDigests[block])
                {
                    onRight?.Invoke(layout.OffsetOf(block), bytes);
                    Interlocked.Or(ref held[block / 64], 1UL << (block % 64));
                }

                return buffer;
            },
            _ => { });
    }

    /// <inheritdoc/>
    public override void Dispose() => Handle?.Dispose();

    private static bool TryRead(SafeFileHandle source, long offset, Span<byte> destination)
    {
        try
        {
            return FileReads.Fill(source, offset, destination) == destination.Length;
        }
        catch (IOException)
        {
            // Bytes that cannot be read are not there.
            return false;
        }
    }
}
