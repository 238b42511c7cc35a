using PouringRain.Protocol;

namespace MurkyWaters.Store;

/// <summary>Reads what is here whole.</summary>
internal sealed class StoredReader : ResourceReader
{
    private readonly StoreEntry _entry;
    private readonly BlobLease _lease;
    private FileStream? _file;
    private int _isDisposed;

    private StoredReader(StoreEntry entry, BlobLease lease)
    {
        _entry = entry;
        _lease = lease;
        entry.Touch();
    }

    public override Manifest Manifest => _entry.Resource.Manifest;

    public override bool IsHit => true;

    public override string? FilePath => _lease.Blob.FilePath;

    public override TransferSnapshot? Transfer => null;

    /// <summary>Opens an entry that is no tombstone; null when it was replaced or removed just now.</summary>
    public static StoredReader? TryOpen(ResourceStore store, StoreEntry entry) =>
        store.TryLease(entry) is { } lease ? new StoredReader(entry, lease) : null;

    public override ValueTask<int> ReadAsync(long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_isDisposed != 0, this);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        return destination.IsEmpty || offset >= Manifest.Layout.Length
            ? ValueTask.FromResult(0)
            : _lease.Blob.ReadAsync(offset, destination, cancellationToken);
    }

    public override ValueTask<FileRun> LocateAsync(long offset, int count, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_isDisposed != 0, this);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(offset, Manifest.Layout.Length);
        _file ??= StoreFiles.OpenToSend(FilePath!);
        return ValueTask.FromResult(new FileRun(_file, (int)Math.Min(count, Manifest.Layout.Length - offset)));
    }

    public override ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) == 0)
        {
            _file?.Dispose();
            _entry.Touch();
            _lease.Dispose();
        }

        return ValueTask.CompletedTask;
    }
}
