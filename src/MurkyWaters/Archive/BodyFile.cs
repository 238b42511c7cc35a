using MurkyWaters.Store;
using PouringRain.Protocol;

namespace MurkyWaters.Archive;

/// <summary>A body that is being written, and kept under a resource when it is whole.</summary>
internal sealed class BodyFile : IAsyncDisposable
{
    private readonly ResourceStore _store;
    private readonly string _path;
    private readonly Microsoft.Win32.SafeHandles.SafeFileHandle _file;
    private long _written;
    private bool _isKept;

    public BodyFile(ResourceStore store, long length)
    {
        if (!store.TryMakeRoom(length, countsForQuota: false))
        {
            throw new StoreFullException($"The disk has no room for {length} bytes.");
        }

        _store = store;
        _path = store.Files.NextTemporaryPath();
        _file = store.Files.Create(_path);
    }

    public void Write(ReadOnlySpan<byte> bytes)
    {
        _store.Files.Write(_file, bytes, _written);
        _written += bytes.Length;
    }

    /// <summary>Commits it, and reads it back.</summary>
    public async Task KeepAsync(StoredResource resource, Manifest? expected)
    {
        using (await _store.EnterAsync(resource.Id, CancellationToken.None))
        {
            if (expected is not null && _store.FindResource(resource.Id) is { } known && known.Manifest.Version != expected.Version
                && known.Manifest.IsNewerThan(expected))
            {
                throw new IOException("A newer version has come meanwhile.");
            }

            if (expected is null && _store.FindResource(resource.Id) is { Manifest.IsDeleted: true })
            {
                await _store.ForgetAsync(resource.Id);
            }

            _store.Files.Flush(_file);
            _file.Dispose();
            await Task.Run(() => _store.CommitBlobAsync(resource, _path));
            _isKept = true;
        }

        await PieceFile.VerifyAsync(_store, resource.Id, resource.Manifest);
    }

    public ValueTask DisposeAsync()
    {
        _file.Dispose();
        if (!_isKept || _store.IsInline(_written))
        {
            _store.Files.Discard(_path);
        }

        return ValueTask.CompletedTask;
    }
}
