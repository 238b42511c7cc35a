using System.Buffers;
using System.Security.Cryptography;
using MurkyWaters.Store;
using PouringRain.Protocol;

namespace MurkyWaters.Deploying;

/// <summary>Reads a whole body from where it is kept, past what the system has of it in memory, and says what its SHA-256 is.</summary>
internal static class ReadBack
{
    private const int ChunkBytes = 1 << 20;

    /// <summary>Reads it.</summary>
    /// <param name="blob">The body, which stays where it is meanwhile.</param>
    /// <param name="onRead">Told how many bytes have been read.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="IOException">It cannot be read, or ends too early.</exception>
    /// <exception cref="OperationCanceledException">It was ended.</exception>
    public static Sha256Digest Digest(Blob blob, Action<long> onRead, CancellationToken cancellationToken)
    {
        if (blob.IsInline)
        {
            onRead(blob.Length);
            return Sha256Digest.Of(blob.InlineBytes.Span);
        }

        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var file = StoreFiles.OpenToRead(blob.FilePath!);
        var buffer = ArrayPool<byte>.Shared.Rent(ChunkBytes);
        try
        {
            DurableFlush.DropCached(file, 0, blob.Length);
            for (long offset = 0; offset < blob.Length;)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var wanted = (int)Math.Min(ChunkBytes, blob.Length - offset);
                var count = RandomAccess.Read(file, buffer.AsSpan(0, wanted), offset);
                if (count == 0)
                {
                    throw new IOException("The file ends too early.");
                }

                hash.AppendData(buffer, 0, count);
                offset += count;
                onRead(offset);
            }

            return Sha256Digest.Read(hash.GetHashAndReset());
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
