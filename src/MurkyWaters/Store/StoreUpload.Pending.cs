namespace MurkyWaters.Store;

/// <summary>
/// An upload into a file that outlives this object, so that it can go on in a later request or process. It may be paused between any
/// two writes; what then has come of a block stands in the file, and is read back when it goes on.
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
        await _work;
        if (_isDirty || (_filled > 0 && !_isDirect))
        {
            await Task.Run(() =>
            {
                if (!_isDirect)
                {
                    WriteFilled();
                }

                Flush();
            });
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
        while (length - _length >= _defaults.BlockSize)
        {
            Grow(_defaults.BlockSize);
            ReadExactly(_filling.AsSpan(0, _defaults.BlockSize), _length);
            cancellationToken.ThrowIfCancellationRequested();
            await _work;
            (_filled, _length) = (_defaults.BlockSize, _length + _defaults.BlockSize);
            StartWork(isWritten: true);
        }

        await _work;

        // What there is of the next block is there.
        (_filled, _length) = ((int)(length - _length), length);
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
