using Microsoft.Win32.SafeHandles;
using MurkyWaters.Store;

namespace MurkyWaters.Archive;

/// <summary>
/// Blocks by their ids, a file each in the folder <c>blocks</c> of the store, which is made with the first one. An id is of small letters,
/// digits, hyphens and underscores, so that no name leads out of the folder, and a file is called <c>b-</c> and its id, so that none means
/// something to a system. A block is there when it is whole and flushed; what takes its place does so at once, and readers of the old one
/// go on with that. Files of other names are left alone. Thread-safe.
/// </summary>
internal sealed class CodingBlocks(ResourceStore store)
{
    private readonly string _folder = Path.Combine(store.Files.Root, "blocks");

    /// <summary>Opens a block; null when there is none.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    public CodingBlock? TryOpen(string id)
    {
        if (!CodingLimits.IsBlockId(id))
        {
            return null;
        }

        SafeFileHandle? file = null;
        try
        {
            file = StoreFiles.OpenToRead(PathOf(id));
            return new CodingBlock(file, RandomAccess.GetLength(file));
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (UnauthorizedAccessException error)
        {
            throw new IOException(error.Message, error);
        }
        catch
        {
            file?.Dispose();
            throw;
        }
    }

    /// <summary>Begins a block of so many bytes; null when that can be none's id.</summary>
    /// <exception cref="StoreException">The disk has no room for it, or does not take it.</exception>
    public CodingBlockWriter? TryCreate(string id, long length)
    {
        if (!CodingLimits.IsBlockId(id))
        {
            return null;
        }

        if (!StoreFiles.FolderExists(_folder))
        {
            StoreFiles.CreateFolder(_folder);
            store.Files.FlushFolder(store.Files.Root);
        }

        return new CodingBlockWriter(store, _folder, PathOf(id), length);
    }

    /// <summary>Removes a block; false when there is none.</summary>
    /// <exception cref="StoreException">The disk does not let it go.</exception>
    public bool TryRemove(string id)
    {
        if (!CodingLimits.IsBlockId(id) || !StoreFiles.Exists(PathOf(id)))
        {
            return false;
        }

        store.Files.Delete(PathOf(id));
        store.Files.FlushFolder(_folder);
        return true;
    }

    private string PathOf(string id) => Path.Combine(_folder, $"b-{id}");
}

/// <summary>A block that is read. One call at a time.</summary>
public sealed class CodingBlock : ICodingSource
{
    private readonly SafeFileHandle _file;
    private long _offset;

    internal CodingBlock(SafeFileHandle file, long length) => (_file, Bytes) = (file, length);

    /// <summary>Its bytes.</summary>
    public long Bytes { get; }

    /// <inheritdoc/>
    public long? Length => Bytes;

    /// <summary>Goes to a byte.</summary>
    public void Seek(long offset) => _offset = offset;

    /// <inheritdoc/>
    public async ValueTask<bool> TryReadAsync(Memory<byte> buffer, CancellationToken cancellation)
    {
        while (!buffer.IsEmpty)
        {
            var count = await RandomAccess.ReadAsync(_file, buffer, _offset, cancellation);
            if (count == 0)
            {
                return false;
            }

            _offset += count;
            buffer = buffer[count..];
        }

        return true;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _file.Dispose();
        return ValueTask.CompletedTask;
    }
}

/// <summary>A block that is written, for which room is set aside. What is disposed before it is completed is gone.</summary>
public sealed class CodingBlockWriter : ICodingSink
{
    private readonly ResourceStore _store;
    private readonly string _folder;
    private readonly string _path;
    private readonly string _temporary;
    private readonly SafeFileHandle _file;
    private long _offset;
    private long _left;
    private bool _isKept;

    internal CodingBlockWriter(ResourceStore store, string folder, string path, long length)
    {
        if (!store.TryReserve(length))
        {
            throw new StoreFullException($"The disk has no room for {length} bytes.");
        }

        (_store, _folder, _path, _left) = (store, folder, path, length);
        _temporary = store.Files.NextTemporaryPath();
        try
        {
            _file = store.Files.Create(_temporary);
        }
        catch
        {
            store.Space.Release(length);
            throw;
        }
    }

    /// <inheritdoc/>
    public ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
    {
        if (bytes.Length > _left)
        {
            throw new IOException("There are more bytes than the block was to have.");
        }

        _store.Files.Write(_file, bytes.Span, _offset);
        _offset += bytes.Length;
        _left -= bytes.Length;
        _store.Space.Release(bytes.Length);
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public async ValueTask CompleteAsync(CancellationToken cancellation)
    {
        if (_left > 0)
        {
            throw new IOException($"{_left} bytes of the block are missing.");
        }

        // A flush takes its time.
        await Task.Run(
            () =>
            {
                _store.Files.Flush(_file);
                _file.Dispose();
                _store.Files.Move(_temporary, _path);
                _isKept = true;
                _store.Files.FlushFolder(_folder);
            },
            CancellationToken.None);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _file.Dispose();
        _store.Space.Release(_left);
        _left = 0;
        if (!_isKept)
        {
            _store.Files.Discard(_temporary);
        }

        return ValueTask.CompletedTask;
    }
}
