using System.Collections.Concurrent;

namespace MurkyWaters.Store;

/// <summary>What goes, and what the disk is asked now and then.</summary>
internal sealed partial class StoreFiles
{
    private const string ProbeName = ".probe";

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

    /// <summary>Writes a file's bytes over themselves, and waits until they are on the disk, also while the store is read-only.</summary>
    /// <exception cref="IOException">They are not.</exception>
    public void WriteAnew(string path)
    {
        const int chunkBytes = 256 * 1024;
        using var file = _disk.Open(path);
        var buffer = new byte[chunkBytes];
        var offset = 0L;
        while (RandomAccess.Read(file, buffer, offset) is > 0 and var count)
        {
            _disk.Write(file, buffer.AsSpan(0, count), offset);
            offset += count;
        }

        _disk.Flush(file, isData: false);
    }

    /// <summary>At start: removes what a probe has left that came to no end.</summary>
    public void RemoveProbes() => Array.ForEach(Folders, folder => Discard(Path.Combine(folder, ProbeName)));

    private void Probe()
    {
        // First: on a disk that is full the rest may fail and that be well, but not this.
        try
        {
            SettleCatalog?.Invoke();
        }
        catch (IOException error) when (DiskErrors.Of(error) != DiskError.None)
        {
            const int inputOutput = 5;
            throw new IOException(error.Message, inputOutput);
        }

        _beforeStep?.Invoke("probe");
        foreach (var folder in Folders)
        {
            Probe(folder, Path.Combine(folder, ProbeName));
        }
    }

    private void Probe(string folder, string path)
    {
        try
        {
            using (var file = _disk.Create(path))
            {
                _disk.Write(file, "probe"u8, 0);
                _disk.Flush(file, isData: false);
            }

            using var names = _disk.OpenFolder(folder);
            if (names is not null)
            {
                _disk.Flush(names, isData: false);
            }

            _disk.Delete(path);
        }
        catch
        {
            DiscardLater(path);
            throw;
        }
    }
}
