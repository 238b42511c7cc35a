namespace MurkyWaters.Store;

/// <summary>Where records of one kind are kept: a file each in a folder of the store, which is made with the first one. They are of this
/// node.</summary>
/// <param name="files">The store's files.</param>
/// <param name="folder">The folder's name.</param>
/// <param name="onUnreadable">Told of what is no such record, by its path.</param>
internal sealed class RecordFolder<T>(StoreFiles files, string folder, Action<string> onUnreadable)
    where T : class, IStoredRecord<T>
{
    private readonly string _folder = Path.Combine(files.Root, folder);

    /// <summary>Reads all; what is no such record is set aside.</summary>
    /// <exception cref="IOException">One cannot be read.</exception>
    public List<T> Read()
    {
        var records = new List<T>();
        foreach (var path in StoreFiles.FolderExists(_folder) ? StoreFiles.Enumerate(_folder) : [])
        {
            if (T.TryRead(StoreFiles.ReadBytes(path)) is { } record && record.Name == Path.GetFileName(path))
            {
                records.Add(record);
            }
            else
            {
                onUnreadable(path);
                files.TryQuarantine(path);
            }
        }

        return records;
    }

    /// <summary>Writes one, for good.</summary>
    /// <exception cref="StoreException">The disk does not take it.</exception>
    public void Write(T record)
    {
        if (!StoreFiles.FolderExists(_folder))
        {
            StoreFiles.CreateFolder(_folder);
            files.FlushFolder(files.Root);
        }

        files.Replace(Path.Combine(_folder, record.Name), record.Write());
    }

    /// <summary>Forgets one.</summary>
    /// <exception cref="StoreException">The disk does not let it go.</exception>
    public void Remove(string name) => files.Delete(Path.Combine(_folder, name));
}
