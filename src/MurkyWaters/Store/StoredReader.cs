using PouringRain.Protocol;

namespace MurkyWaters.Store;

/// <summary>Reads what is here whole.</summary>
internal sealed class StoredReader : ResourceReader
{
    private readonly StoreEntry _entry;
    private readonly BlobLease _lease;
    private FileStream? _file;
    private int _isDisposed;

    private StoredReader(StoreEntry entry, BlobLease lease, FileStream? file)
    {
        _entry = entry;
        _lease = lease;
        _file = file;
        entry.Touch();
    }

    public override Manifest Manifest => _entry.Resource.Manifest;

    public override bool IsHit => true;

    public override string? FilePath => _lease.Blob.FilePath;

    public override TransferSnapshot? Transfer => null;

    /// <summary>Opens an entry that is no tombstone; null when it was replaced or removed just now, or is set aside since its file is not
    /// what it should be.</summary>
    public static StoredReader? TryOpen(ResourceStore store, StoreEntry entry)
    {
        if (store.TryLease(entry) is not { } lease)
        {
            return null;
        }

        var blob = lease.Blob;
        FileStream? file = null;
        try
        {
            file = blob.IsInline ? null : StoreFiles.OpenToSend(blob.FilePath!);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // What it is shows below, or when it is read.
        }

        if (!blob.IsInline && (file is null || file.Length != blob.Length) && !blob.IsWhole()
            && store.SetAsideAsync(entry.Resource.Id, blob).GetAwaiter().GetResult())
        {
            file?.Dispose();
            lease.Dispose();
            return null;
        }

        return new StoredReader(entry, lease, file);
    }

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
        if (!_lease.Blob.IsInline)
        {
            _file ??= StoreFiles.OpenToSend(_lease.Blob.FilePath!);
        }

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
