namespace MurkyWaters.Store;

/// <summary>
/// Room for the record of one deletion: the file <c>reserve</c> in the store's folder. To delete is to write, and a disk that is full
/// to the last block must not forbid what would empty it. The file is written over where it stands, which takes no new block, and
/// renamed into the record's place; the record that was there gives its block back, and the next reserve is made of it. Thread-safe.
/// </summary>
internal sealed class DeletionReserve
{
    /// <summary>A block of the usual file systems; the record of a deletion has a tenth of it.</summary>
    private const int SizeBytes = 4096;

    private readonly Lock _gate = new();
    private readonly StoreFiles _files;
    private readonly string _path;
    private bool _isThere;

    public DeletionReserve(StoreFiles files)
    {
        _files = files;
        _path = Path.Combine(files.Root, "reserve");
    }

    /// <summary>Makes it when it is missing; on a disk that has no room for it, or fails, it stays missing.</summary>
    public void Fill()
    {
        lock (_gate)
        {
            if (_isThere)
            {
                return;
            }

            try
            {
                if (!File.Exists(_path) || new FileInfo(_path).Length != SizeBytes)
                {
                    _files.Replace(_path, new byte[SizeBytes]);
                }

                _isThere = true;
            }
            catch (StoreException)
            {
                // The next deletion, or the next second, tries again.
            }
        }
    }

    /// <summary>Has it hold these bytes and nothing else.</summary>
    /// <returns>Its path by now, in the folder of temporary files, flushed; null when it is not there or too small.</returns>
    /// <exception cref="StoreException">The disk does not take it.</exception>
    public string? TryUse(ReadOnlySpan<byte> bytes)
    {
        lock (_gate)
        {
            if (!_isThere || bytes.Length > SizeBytes)
            {
                return null;
            }

            var temporary = _files.NextTemporaryPath();
            _files.Move(_path, temporary);
            _isThere = false;
            try
            {
                using var file = _files.OpenToWrite(temporary);
                _files.Write(file, bytes, 0);
                _files.SetLength(file, bytes.Length);
                _files.Flush(file);
                return temporary;
            }
            catch (StoreException)
            {
                _files.Discard(temporary);
                throw;
            }
        }
    }
}
