namespace MurkyWaters.Store;

/// <summary>Keeps a blob's file where it is, until disposed: whoever reads or rains it has one of his own.</summary>
internal sealed class BlobLease : IDisposable
{
    private readonly BlobTable _blobs;
    private int _isDisposed;

    /// <summary>Made by <see cref="BlobTable.Lease"/>, which has counted it.</summary>
    internal BlobLease(BlobTable blobs, Blob blob)
    {
        _blobs = blobs;
        Blob = blob;
    }

    /// <summary>The blob.</summary>
    public Blob Blob { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) == 0)
        {
            _blobs.Release(Blob);
        }
    }
}
