using System.Buffers;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;
using PouringRain.Protocol;

namespace MurkyWaters.Store;

/// <summary>Reads of open files that bring all that is wanted, where one call of the system may bring less.</summary>
public static class FileReads
{
    private const int ChunkBytes = 1 << 20;

    /// <summary>Reads until there is no more room, or the file ends.</summary>
    /// <param name="file">The file.</param>
    /// <param name="offset">Where to begin.</param>
    /// <param name="destination">Takes the bytes.</param>
    /// <returns>How many bytes came; fewer than there is room for where the file ends.</returns>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static int Fill(SafeFileHandle file, long offset, Span<byte> destination)
    {
        var filled = 0;
        while (filled < destination.Length && RandomAccess.Read(file, destination[filled..], offset + filled) is > 0 and var count)
        {
            filled += count;
        }

        return filled;
    }

    /// <summary>SHA-256 of what the disk has of a file, past what the system has of it in memory.</summary>
    /// <param name="file">The file.</param>
    /// <param name="length">How many bytes of it, from its beginning.</param>
    /// <param name="onRead">Told how many bytes have been read.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>The digest; null when the file ends before.</returns>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="OperationCanceledException">It was ended.</exception>
    public static Sha256Digest? DigestStored(SafeFileHandle file, long length, Action<long> onRead, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(onRead);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = ArrayPool<byte>.Shared.Rent(ChunkBytes);
        try
        {
            DurableFlush.DropCached(file, 0, length);
            for (long offset = 0; offset < length;)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var chunk = buffer.AsSpan(0, (int)Math.Min(ChunkBytes, length - offset));
                var count = Fill(file, offset, chunk);
                hash.AppendData(chunk[..count]);
                offset += count;
                onRead(offset);
                if (count < chunk.Length)
                {
                    return null;
                }
            }

            return Sha256Digest.Read(hash.GetHashAndReset());
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
