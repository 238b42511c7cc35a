using Microsoft.Extensions.Logging;
using MurkyWaters.Store;

namespace MurkyWaters.Deploying;

/// <summary>Where deployments are kept without a registry: a file each in the store's folder <c>deployments</c>, which is made with the
/// first one. They are of this node.</summary>
internal sealed class DeploymentNotes(StoreFiles files, ILogger logger)
{
    private string Folder => Path.Combine(files.Root, "deployments");

    /// <summary>Reads all; what is no such note is set aside.</summary>
    /// <exception cref="IOException">One cannot be read.</exception>
    public List<DeploymentRecord> Read()
    {
        var records = new List<DeploymentRecord>();
        foreach (var path in StoreFiles.FolderExists(Folder) ? StoreFiles.Enumerate(Folder) : [])
        {
            if (DeploymentRecord.TryRead(StoreFiles.ReadBytes(path)) is { } record
                && DeploymentRecord.IdText(record.Id) == Path.GetFileName(path))
            {
                records.Add(record);
            }
            else
            {
                DeployLog.NoteUnreadable(logger, path);
                files.TryQuarantine(path);
            }
        }

        return records;
    }

    /// <summary>Writes one, for good.</summary>
    /// <exception cref="StoreException">The disk does not take it.</exception>
    public void Write(DeploymentRecord record)
    {
        if (!StoreFiles.FolderExists(Folder))
        {
            StoreFiles.CreateFolder(Folder);
            files.FlushFolder(files.Root);
        }

        files.Replace(PathOf(record.Id), record.Write());
    }

    /// <summary>Forgets one.</summary>
    /// <exception cref="StoreException">The disk does not let it go.</exception>
    public void Remove(ulong id) => files.Delete(PathOf(id));

    private string PathOf(ulong id) => Path.Combine(Folder, DeploymentRecord.IdText(id));
}
