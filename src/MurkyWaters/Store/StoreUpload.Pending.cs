using System.Buffers;

namespace MurkyWaters.Store;

/// <summary>
/// An upload into a file that outlives this object, so that it can go on in a later request or process. It may be paused between any
/// two writes; what then has come of a block stands in the file, and is read back when it goes on.
/// </summary>
internal sealed partial class StoreUpload
{
    private bool _isReadBack;

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
    /// <exception cref="StoreFullException">The disk is full.</exception>
    public async Task PauseAsync()
    {
        await _work;
        if (_filling is not null)
        {
            await Task.Run(() =>
            {
                Write(_filling.AsSpan(0, _filled), _length - _filled);
                Flush();
            });
            Rest();
        }
    }

    /// <summary>Commits as what the options say.</summary>
    public Task<UploadResult> CommitAsync(UploadOptions options, CancellationToken cancellationToken)
    {
        _options = options;
        return CommitAsync(cancellationToken);
    }

    private void Resume()
    {
        if (_filling is not null)
        {
            return;
        }

        _file = _store.Files.OpenToWrite(_path);
        _filling = ArrayPool<byte>.Shared.Rent(BufferBytes);
        ReadExactly(_filling.AsSpan(0, _filled), _length - _filled);
    }

    private async Task ReadBackAsync(long length, CancellationToken cancellationToken)
    {
        _file = _store.Files.OpenToWrite(_path);
        _store.Files.SetLength(_file, length);
        _filling = ArrayPool<byte>.Shared.Rent(BufferBytes);
        _isReadBack = true;
        while (_length < length)
        {
            _filled = (int)Math.Min(length - _length, _defaults.BlockSize);
            ReadExactly(_filling.AsSpan(0, _filled), _length);
            _length += _filled;
            if (_filled == _defaults.BlockSize)
            {
                cancellationToken.ThrowIfCancellationRequested();
                await TurnAsync();
            }
        }

        await _work;
        _isReadBack = false;
    }

    private void ReadExactly(Span<byte> destination, long offset)
    {
        while (!destination.IsEmpty)
        {
            var count = RandomAccess.Read(_file!, destination, offset);
            if (count == 0)
            {
                throw new EndOfStreamException($"{_path} ends before byte {offset}.");
            }

            destination = destination[count..];
            offset += count;
        }
    }
}
