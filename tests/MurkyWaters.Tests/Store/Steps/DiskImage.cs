using MurkyWaters.Store;

namespace MurkyWaters.Tests.Store.Steps;

/// <summary>A disk at one moment.</summary>
internal sealed record DiskImage(RecordedNames Names, LogImage Log, string CatalogName)
{
    /// <summary>Writes what a stop leaves into a folder.</summary>
    /// <param name="folder">The folder, which is not there.</param>
    /// <param name="random">Says what the disk has of what it was not waited for; null when only the process stops, and all is
    /// there.</param>
    /// <returns>The files but for the catalog.</returns>
    public IReadOnlyDictionary<string, byte[]> Write(string folder, Random? random)
    {
        var names = random is null ? Names.Now : Names.Survive(random);
        var survivors = new Dictionary<RecordedFile, byte[]>();
        var files = names.OrderBy(pair => pair.Key, StringComparer.Ordinal).ToDictionary(pair => pair.Key, pair => BytesOf(pair.Value));
        foreach (var sub in new[] { "blobs", "manifests", "partial", "uploads", "temporary", "quarantine" })
        {
            StoreFiles.CreateFolder(Path.Combine(folder, sub));
        }

        foreach (var (name, bytes) in files)
        {
            File.WriteAllBytes(Path.Combine(folder, name), bytes);
        }

        if (Log.File.Length > 0)
        {
            File.WriteAllBytes(Path.Combine(folder, CatalogName), Log.File);
            var log = random is null ? Log.Log : Log.Survive(random);
            if (log.Length > 0)
            {
                File.WriteAllBytes(Path.Combine(folder, CatalogName + "-wal"), log);
            }
        }

        return files;

        byte[] BytesOf(RecordedFile file) =>
            random is null ? file.Bytes
            : survivors.TryGetValue(file, out var bytes) ? bytes
            : survivors[file] = file.Survive(random);
    }
}
