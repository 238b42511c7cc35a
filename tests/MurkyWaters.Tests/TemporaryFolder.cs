namespace MurkyWaters.Tests;

/// <summary>A folder that lives as long as a test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    private const string MemoryPath = "/dev/shm";

    public TemporaryFolder()
        : this(Directory.CreateTempSubdirectory("murky-").FullName)
    {
    }

    private TemporaryFolder(string path) => FullPath = path;

    public string FullPath { get; }

    public string this[string name] => Path.Combine(FullPath, name);

    /// <summary>One whose files are in memory, where the system has such: for tests that need no disk, and many files.</summary>
    public static TemporaryFolder InMemory() => Directory.Exists(MemoryPath)
        ? new TemporaryFolder(Directory.CreateDirectory(Path.Combine(MemoryPath, $"murky-{Guid.NewGuid():n}")).FullName)
        : new TemporaryFolder();

    public void Dispose() => Directory.Delete(FullPath, recursive: true);
}
