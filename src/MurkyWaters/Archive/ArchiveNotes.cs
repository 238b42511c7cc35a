using Microsoft.Extensions.Logging;
using MurkyWaters.Store;

namespace MurkyWaters.Archive;

/// <summary>Where jobs are kept without a registry: a file each in the store's folder <c>archive</c>, which is made with the first one.
/// They are of this node.</summary>
internal sealed class ArchiveNotes(StoreFiles files, ILogger logger)
{
    private string Folder => Path.Combine(files.Root, "archive");

    /// <summary>Reads all; what is no such note is set aside.</summary>
    /// <exception cref="IOException">One cannot be read.</exception>
    public List<ArchiveRecord> Read()
    {
        var records = new List<ArchiveRecord>();
        foreach (var path in StoreFiles.FolderExists(Folder) ? StoreFiles.Enumerate(Folder) : [])
        {
            if (ArchiveRecord.TryRead(StoreFiles.ReadBytes(path)) is { } record && record.Id == Path.GetFileName(path))
            {
                records.Add(record);
            }
            else
            {
                ArchiveLog.NoteUnreadable(logger, path);
                files.TryQuarantine(path);
            }
        }

        return records;
    }

    /// <summary>Writes one, for good.</summary>
    /// <exception cref="StoreException">The disk does not take it.</exception>
    public void Write(ArchiveRecord record)
    {
        if (!StoreFiles.FolderExists(Folder))
        {
            StoreFiles.CreateFolder(Folder);
            files.FlushFolder(files.Root);
        }

        files.Replace(Path.Combine(Folder, record.Id), record.Write());
    }

    /// <summary>Forgets one.</summary>
    /// <exception cref="StoreException">The disk does not let it go.</exception>
    public void Remove(string id) => files.Delete(Path.Combine(Folder, id));
}
