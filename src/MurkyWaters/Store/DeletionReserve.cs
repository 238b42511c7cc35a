namespace MurkyWaters.Store;

/// <summary>
/// Room for the deletions of one transaction: the file <c>reserve</c> in the store's folder. To delete is to write, and a disk that is full
/// to the last block must not forbid what would empty it: the file is removed then, and made anew of what the deletion has given back.
/// Thread-safe.
/// </summary>
internal sealed class DeletionReserve
{
    /// <summary>What a transaction with a few deletions adds to the catalog's log: some ten pages.</summary>
    private const int SizeBytes = 64 * 1024;

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
                if (StoreFiles.LengthOf(_path) != SizeBytes)
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

    /// <summary>Gives its room to the file system; false when it is not there.</summary>
    public bool TryGive()
    {
        lock (_gate)
        {
            if (!_isThere)
            {
                return false;
            }

            _isThere = !_files.TryDiscard(_path);
            return !_isThere;
        }
    }
}
