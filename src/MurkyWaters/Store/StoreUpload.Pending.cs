namespace MurkyWaters.Store;

/// <summary>
/// An upload into a file that outlives this object, so that it can go on in a later request or process. It may be paused between any
/// two writes.
/// </summary>
internal sealed partial class StoreUpload
{
    private StoreUpload(ResourceStore store, string path, Action<StoredResource>? onStored)
    {
        _store = store;
        _options = new UploadOptions();
        _defaults = store.Options;
        _onStored = onStored;
        _path = path;
        _isPending = true;
    }

    /// <summary>Goes on with a file, of which the first bytes are hashed anew.</summary>
    /// <param name="store">Where the upload goes in the end.</param>
    /// <param name="path">The file; what is behind <paramref name="length"/> is cut off.</param>
    /// <param name="length">Bytes that are to be there.</param>
    /// <param name="onStored">See the other constructor.</param>
    /// <param name="cancellationToken">Ends the hashing.</param>
    public static async Task<StoreUpload> ContinueAsync(
        ResourceStore store, string path, long length, Action<StoredResource>? onStored, CancellationToken cancellationToken)
    {
        var upload = new StoreUpload(store, path, onStored);
        try
        {
            await upload.ReadBackAsync(length, cancellationToken);
            return upload;
        }
        catch
        {
            await upload.DisposeAsync();
            throw;
        }
    }

    /// <summary>Puts everything that came on the disk, and gives memory, file and room back.</summary>
    /// <exception cref="StoreException">The disk does not take it.</exception>
    public async Task PauseAsync()
    {
        await SettleAsync();
        if (_isDirty)
        {
            await Task.Run(Flush);
        }

        Rest();
    }

    /// <summary>Commits as what the options say.</summary>
    public Task<UploadResult> CommitAsync(UploadOptions options, CancellationToken cancellationToken)
    {
        _options = options;
        return CommitAsync(cancellationToken);
    }

    private async Task ReadBackAsync(long length, CancellationToken cancellationToken)
    {
        _store.Files.SetLength(OpenFile(), length);
        while (_length < length)
        {
            _filled = (int)Math.Min(_defaults.UploadBufferBytes, length - _length);
            Grow(_filled);
            ReadExactly(_filling.AsSpan(0, _filled), _length);
            _length += _filled;
            cancellationToken.ThrowIfCancellationRequested();
            await HandOnAsync(isWritten: true);
        }

        await SettleAsync();
        Rest();
    }

    private void ReadExactly(Span<byte> destination, long offset)
    {
        while (!destination.IsEmpty)
        {
            var count = RandomAccess.Read(OpenFile(), destination, offset);
            if (count == 0)
            {
                throw new EndOfStreamException($"{_path} ends before byte {offset}.");
            }

            destination = destination[count..];
            offset += count;
        }
    }
}
