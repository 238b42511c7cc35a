using System.Security.Cryptography;
using MurkyWaters.Store;
using PouringRain.Coding;
using PouringRain.Protocol;

namespace MurkyWaters.Raining;

/// <summary>Bytes that are rained from where they are, outside of any store. Thread-safe.</summary>
public sealed class WholeContent : IDisposable
{
    /// <summary>What a window of group rain has in work twice over.</summary>
    private const long EncoderBytesMax = 128L << 20;

    private const int BlockBytesMin = 1 << 20, HashBytes = 4 << 20;

    private readonly BlockEncoders _encoders;

    private WholeContent(Manifest manifest, IByteSource bytes)
    {
        _encoders = new BlockEncoders(Math.Max(EncoderBytesMax, 8L * manifest.Layout.BlockBytes), TimeProvider.System);
        Content = new Whole(manifest, new Source(bytes, manifest.Sha256), _encoders);
    }

    /// <summary>What a rain server or a group sender takes.</summary>
    public IRainContent Content { get; }

    /// <summary>Its manifest.</summary>
    public Manifest Manifest => Content.Manifest;

    /// <summary>Reads all of it once, for the digests of its manifest.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <param name="stamp">When they were made, in milliseconds of Unix time: the same bytes with the same stamp are one version.</param>
    /// <param name="tell">Told how many bytes are read.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="IOException">They cannot be read, or are more than a manifest can describe.</exception>
    public static WholeContent Read(IByteSource bytes, long stamp, Action<long> tell, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(bytes);
        ArgumentNullException.ThrowIfNull(tell);
        var layout = LayoutOf(bytes.Length);
        using var blocks = new BlockDigester(layout.BlockBytes);
        using var whole = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[][] buffers = [new byte[HashBytes], new byte[HashBytes]];
        var hashing = Task.CompletedTask;
        for (long offset = 0; offset < bytes.Length;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var piece = buffers[(offset / HashBytes) % 2].AsMemory(0, (int)Math.Min(HashBytes, bytes.Length - offset));
            bytes.Read(offset, piece.Span);

            // The two digests are made on a core each.
            hashing.GetAwaiter().GetResult();
            hashing = Task.Run(() => whole.AppendData(piece.Span), cancellationToken);
            blocks.Append(piece.Span);
            offset += piece.Length;
            tell(offset);
        }

        hashing.GetAwaiter().GetResult();
        var manifest = Manifest.Create(
            layout, FountainCodes.All[0].Name, stamp, Sha256Digest.Read(whole.GetHashAndReset()), "application/octet-stream", null,
            blocks.Finish());
        return new WholeContent(manifest, bytes);
    }

    /// <inheritdoc/>
    public void Dispose() => _encoders.Dispose();

    private static ResourceLayout LayoutOf(long length)
    {
        for (long blockBytes = BlockBytesMin; blockBytes <= ResourceLayout.BlockBytesMax; blockBytes *= 2)
        {
            if (ResourceLayout.TryCreate(length, blockBytes, ResourceLayout.UsualSymbolSize, out var layout))
            {
                return layout;
            }
        }

        throw new IOException($"{length} bytes are more than one version can have.");
    }

    private sealed class Whole(Manifest manifest, Source source, BlockEncoders encoders)
        : CompleteContent(manifest, source, encoders, TimeProvider.System, checks: null);

    private sealed class Source(IByteSource bytes, Sha256Digest digest) : IBlockSource
    {
        public Sha256Digest Digest => digest;

        public bool HasBlock(int blockIndex) => true;

        public void Read(long offset, Span<byte> destination) => bytes.Read(offset, destination);

        public BlockChecks.Finding Compare(Manifest manifest, int blockIndex) => BlockChecks.Finding.Unknown;
    }
}
