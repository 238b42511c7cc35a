using PouringRain.Protocol;

namespace MurkyWaters.Store;

/// <summary>Reads what is here whole. Every block of a file is compared with its digest the first time it is read; where one is not what it
/// should be the resource is set aside, and this reader goes on from the rain.</summary>
internal sealed class StoredReader : ResourceReader
{
    private readonly ResourceStore _store;
    private readonly StoreEntry _entry;
    private readonly BlobLease _lease;
    private readonly OpenOptions _options;
    private readonly FileStream? _file;
    private ResourceReader? _other;
    private int _isDisposed;

    private StoredReader(ResourceStore store, StoreEntry entry, BlobLease lease, FileStream? file, OpenOptions options)
    {
        _store = store;
        _entry = entry;
        _lease = lease;
        _file = file;
        _options = options;
        entry.Touch();
    }

    public override Manifest Manifest => _entry.Resource.Manifest;

    public override bool IsHit => _other?.IsHit ?? true;

    public override string? FilePath => _lease.Blob.FilePath;

    public override TransferSnapshot? Transfer => _other?.Transfer;

    /// <summary>Opens an entry that is no tombstone; null when it was replaced or removed just now, or is set aside since its file, or the
    /// first block wanted of it, is not what it should be.</summary>
    public static StoredReader? TryOpen(ResourceStore store, StoreEntry entry, OpenOptions? options = null)
    {
        options ??= new OpenOptions();
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

        if (blob.IsInline || !IsBad(entry, file, options, out var block)
            || !store.SetAsideAsync(entry.Resource.Id, blob, block).GetAwaiter().GetResult())
        {
            return new StoredReader(store, entry, lease, file, options);
        }

        file?.Dispose();
        lease.Dispose();
        return null;
    }

    public override async ValueTask<int> ReadAsync(long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_isDisposed != 0, this);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        if (destination.IsEmpty || offset >= Manifest.Layout.Length)
        {
            return 0;
        }

        if (_lease.Blob.IsInline)
        {
            return await _lease.Blob.ReadAsync(offset, destination, cancellationToken);
        }

        if (CountChecked(offset, destination.Length) is > 0 and var count)
        {
            try
            {
                if (await RandomAccess.ReadAsync(
                    _file!.SafeFileHandle, destination[..count], offset, cancellationToken) is > 0 and var read)
                {
                    return read;
                }
            }
            catch (IOException)
            {
                // As a file that ends too early.
            }
        }

        return await (await ReopenAsync(offset, cancellationToken)).ReadAsync(offset, destination, cancellationToken);
    }

    public override ValueTask<FileRun> LocateAsync(long offset, int count, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_isDisposed != 0, this);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(offset, Manifest.Layout.Length);
        if (_lease.Blob.IsInline)
        {
            return ValueTask.FromResult(new FileRun(null, (int)Math.Min(count, Manifest.Layout.Length - offset)));
        }

        return CountChecked(offset, count) is > 0 and var here
            ? ValueTask.FromResult(new FileRun(_file, here))
            : LocateElsewhereAsync(offset, count, cancellationToken);
    }

    public override async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) == 0)
        {
            if (_file is not null)
            {
                await _file.DisposeAsync();
            }

            _entry.Touch();
            _lease.Dispose();
            if (_other is not null)
            {
                await _other.DisposeAsync();
            }
        }
    }

    /// <summary>Whether the file is not of its length, or the first block wanted (given out) is wrong.</summary>
    private static bool IsBad(StoreEntry entry, FileStream? file, OpenOptions options, out int? block)
    {
        block = null;
        var blob = entry.Blob!;
        if (file is null || file.Length != blob.Length)
        {
            return !blob.IsWhole();
        }

        entry.Checks!.NoteWritten(StoreFiles.WrittenAt(file.SafeFileHandle).Ticks);
        if (options.DemandLength <= 0 || options.DemandOffset < 0 || options.DemandOffset >= blob.Length)
        {
            return false;
        }

        block = entry.Resource.Manifest.Layout.BlockAt(options.DemandOffset);
        return entry.Checks.Check(block.Value, file.SafeFileHandle) == BlockChecks.Finding.Bad;
    }

    /// <summary>How many bytes at an offset are what they should be, as far as that was compared: of the block there it is compared now. 0
    /// when it is not, or cannot be read.</summary>
    private int CountChecked(long offset, int countMax)
    {
        if (_other is not null || _file is null)
        {
            return 0;
        }

        var count = _entry.Checks!.CountGood(offset, countMax);
        return count > 0 ? count
            : _entry.Checks.Check(Manifest.Layout.BlockAt(offset), _file.SafeFileHandle) == BlockChecks.Finding.Good
                ? _entry.Checks.CountGood(offset, countMax)
            : 0;
    }

    private async ValueTask<FileRun> LocateElsewhereAsync(long offset, int count, CancellationToken cancellationToken) =>
        await (await ReopenAsync(offset, cancellationToken)).LocateAsync(offset, count, cancellationToken);

    /// <summary>What is read from here on, in place of the file.</summary>
    /// <exception cref="FetchFailedException">Nobody else has the version, or it may not be asked for.</exception>
    private async ValueTask<ResourceReader> ReopenAsync(long offset, CancellationToken cancellationToken)
    {
        if (_other is not null)
        {
            return _other;
        }

        var isAside = await _store.SetAsideAsync(_entry.Resource.Id, _lease.Blob, Manifest.Layout.BlockAt(offset));
        if (_options.Source == OpenSource.LocalOnly || _store.Reopen is not { } reopen)
        {
            throw new FetchFailedException(FetchEndReason.NotFound, []);
        }

        // What could not be set aside would be found here again.
        var end = _options.DemandOffset + Math.Min(_options.DemandLength, Manifest.Layout.Length);
        var options = _options with
        {
            Source = isAside ? OpenSource.Any : OpenSource.RainOnly,
            DemandOffset = offset,
            DemandLength = Math.Max(1, end - offset),
        };
        var opened = await reopen(_entry.Resource.Id, options, cancellationToken);
        if (opened.Reader is { } reader)
        {
            if (reader.Manifest.Version == Manifest.Version)
            {
                _other = reader;
                return reader;
            }

            await reader.DisposeAsync();
        }

        throw new FetchFailedException(ReasonOf(opened.Status), opened.Sources);
    }

    private static FetchEndReason ReasonOf(OpenStatus status) => status switch
    {
        OpenStatus.NotFound or OpenStatus.Deleted or OpenStatus.NotCached => FetchEndReason.NotFound,
        OpenStatus.IntegrityFailure => FetchEndReason.IntegrityFailure,
        OpenStatus.NotUnderstood => FetchEndReason.NotUnderstood,
        OpenStatus.Busy => FetchEndReason.Busy,
        OpenStatus.LocalFailure => FetchEndReason.LocalFailure,
        OpenStatus.NoNetwork => FetchEndReason.NoNetwork,
        _ => FetchEndReason.Stalled,
    };
}
