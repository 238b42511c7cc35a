using MurkyWaters.Store;
using PouringRain.Protocol;

namespace MurkyWaters.Deploying;

/// <summary>Reads a whole body from where it is kept, past what the system has of it in memory, and says what its SHA-256 is.</summary>
internal static class ReadBack
{
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

        using var file = StoreFiles.OpenToRead(blob.FilePath!);
        return FileReads.DigestStored(file, blob.Length, onRead, cancellationToken) ?? throw new IOException("The file ends too early.");
    }
}
