namespace MurkyWaters.Store;

/// <summary>What is in <see cref="Quarantine"/>: counted at start, and from then on as it comes.</summary>
internal sealed partial class StoreFiles
{
    private long _asideCount;
    private long _asideBytes;

    /// <summary>Files in it, and their bytes.</summary>
    public (long Count, long Bytes) Aside => (Interlocked.Read(ref _asideCount), Interlocked.Read(ref _asideBytes));

    /// <summary>Counts what is there, at start.</summary>
    public void CountAside()
    {
        foreach (var file in new DirectoryInfo(Quarantine).EnumerateFiles())
        {
            Add(file);
        }
    }

    /// <summary>The last file of a name that has come there; null when there is none.</summary>
    public string? FindAside(string name) =>
        new DirectoryInfo(Quarantine).EnumerateFiles($"{name}*").MaxBy(file => file.LastWriteTimeUtc)?.FullName;

    /// <summary>A file has come there.</summary>
    public void NoteAside(string path) => Add(new FileInfo(path));

    private void Add(FileInfo file)
    {
        Interlocked.Increment(ref _asideCount);
        Interlocked.Add(ref _asideBytes, file.Exists ? file.Length : 0);
    }
}
