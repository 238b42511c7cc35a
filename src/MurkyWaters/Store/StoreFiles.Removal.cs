using System.Collections.Concurrent;

namespace MurkyWaters.Store;

/// <summary>What goes, and what the disk is asked now and then.</summary>
internal sealed partial class StoreFiles
{
    private readonly ConcurrentQueue<string> _leftovers = new();

    /// <summary>Removes a file; one that is not there is fine.</summary>
    /// <exception cref="StoreException">The disk does not take it.</exception>
    public void Delete(string path)
    {
        try
        {
            Step("delete", path);
            _disk.Delete(path);
        }
        catch (Exception error) when (DiskErrors.Of(error) != DiskError.None)
        {
            throw Health.Judge(error, isFlush: false);
        }
    }

    /// <summary>Removes a file that means nothing any more. What the disk does not let go goes at the next start, or earlier
    /// (<see cref="Tick"/>) when nobody can have used its name again by then: nothing that was done fails for it.</summary>
    public void Discard(string path)
    {
        if (!TryDiscard(path) && Path.GetDirectoryName(path) is { } folder
            && (folder == Temporary || folder == Uploads || PublicationNotes.IsNote(Path.GetFileName(path))))
        {
            DiscardLater(path);
        }
    }

    /// <summary>As <see cref="Discard"/>, when the disk takes what the store writes.</summary>
    public void DiscardLater(string path) => _leftovers.Enqueue(path);

    /// <summary>As <see cref="Discard"/>, but leaves it to the caller to come back to what the disk does not let go.</summary>
    public bool TryDiscard(string path)
    {
        // Also while the store is read-only: what must not be trusted is better gone.
        try
        {
            _beforeStep?.Invoke($"delete {Path.GetFileName(path)}");
            _disk.Delete(path);
        }
        catch (Exception error) when (DiskErrors.Of(error) != DiskError.None)
        {
            return false;
        }
        catch (DirectoryNotFoundException)
        {
            // Then so is the file.
        }

        return true;
    }

    /// <summary>Once a second: probes a disk that failed, and removes what could not be removed before.</summary>
    public void Tick()
    {
        Health.Tick();
        for (var count = _leftovers.Count; count > 0 && Health.Trouble is null && _leftovers.TryDequeue(out var path); count--)
        {
            Discard(path);
        }
    }

    private void Probe()
    {
        _beforeStep?.Invoke("probe");
        var bytes = "probe"u8;
        foreach (var folder in Folders)
        {
            var path = Path.Combine(folder, ".probe");
            using (var file = _disk.Create(path))
            {
                _disk.Write(file, bytes, 0);
                _disk.Flush(file, isData: false);
            }

            using var names = _disk.OpenFolder(folder);
            if (names is not null)
            {
                _disk.Flush(names, isData: false);
            }

            _disk.Delete(path);
        }

        SettleCatalog?.Invoke();
    }
}
