using PouringRain.Protocol;

namespace MurkyWaters.Uploading;

/// <summary>The right to work at an upload, until disposed; disposing puts on the disk what came.</summary>
public sealed class UploadTurn : IAsyncDisposable
{
    private readonly PendingUpload _upload;
    private readonly TaskCompletionSource _left;
    private bool _isEnded;

    internal UploadTurn(PendingUpload upload, TaskCompletionSource left, CancellationToken takenOver)
    {
        _upload = upload;
        _left = left;
        TakenOver = takenOver;
    }

    /// <summary>Cancelled when another request wants the turn: this one should stop reading and dispose.</summary>
    public CancellationToken TakenOver { get; }

    /// <summary>Once it is disposed: why not all that came is on the disk, or null.
    /// <see cref="PendingUpload.Offset"/> says how much is.</summary>
    public StoreException? Failure { get; private set; }

    /// <summary>Appends bytes.</summary>
    /// <exception cref="StoreException">The disk does not take them.</exception>
    public ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken) =>
        _upload.WriteAsync(bytes, cancellationToken);

    /// <summary>As <see cref="Upload.RestAsync"/>.</summary>
    /// <exception cref="StoreException">The disk does not take what came.</exception>
    public ValueTask RestAsync() => _upload.RestAsync();

    /// <summary>Notes the length of the whole, which was not known before.</summary>
    public void SetLength(long length) => _upload.SetLength(length);

    /// <summary>Takes back what this turn has appended.</summary>
    /// <param name="offset">The offset at which it began.</param>
    public Task RewindAsync(long offset) => _upload.RewindAsync(offset);

    /// <summary>Hands on everything that came, from its first byte, as it stands on the disk.</summary>
    /// <param name="read">Takes the next bytes.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    public Task ReadBackAsync(Action<ReadOnlyMemory<byte>> read, CancellationToken cancellationToken) =>
        _upload.ReadBackAsync(read, cancellationToken);

    /// <summary>Makes it a resource, as <see cref="Upload.CommitAsync"/>. When that is refused
    /// the upload goes; when it fails, it stays.</summary>
    /// <param name="expectedSha256">The digest to be checked in place of the one announced at the beginning; null for that.</param>
    /// <param name="precondition">See <see cref="UploadOptions.Precondition"/>.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="StoreException">The disk does not take it.</exception>
    public async Task<UploadResult> CommitAsync(
        Sha256Digest? expectedSha256, Func<StoredResource?, bool>? precondition, CancellationToken cancellationToken)
    {
        try
        {
            return await _upload.CommitAsync(expectedSha256, precondition, cancellationToken);
        }
        catch
        {
            await _upload.DropAsync();
            throw;
        }
    }

    /// <summary>Puts on the disk what came, before the turn ends; why not, or null.</summary>
    public async Task<StoreException?> SaveAsync() => Failure = await _upload.SaveAsync();

    /// <summary>Removes the upload with all that came.</summary>
    public Task CancelAsync() => _upload.RemoveAsync();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (!_isEnded)
        {
            _isEnded = true;
            Failure = await _upload.LeaveAsync(_left) ?? Failure;
        }
    }
}
