using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace MurkyWaters.Store;

/// <summary>
/// Every change that the store makes on disk goes through here, so that a test can stop the store dead between any two of them.
/// What is renamed into place was flushed before, and the folder is flushed after: a crash leaves the old file or the new one.
/// </summary>
internal sealed class StoreFiles
{
    private readonly Action<string>? _beforeStep;
    private long _lastTemporary;

    public StoreFiles(string root, Action<string>? beforeStep)
    {
        Root = Path.GetFullPath(root);
        Records = Path.Combine(Root, "records");
        Blobs = Path.Combine(Root, "blobs");
        Partials = Path.Combine(Root, "partial");
        Uploads = Path.Combine(Root, "uploads");
        Temporary = Path.Combine(Root, "temporary");
        _beforeStep = beforeStep;
    }

    /// <summary>The store's folder.</summary>
    public string Root { get; }

    /// <summary>One record a resource.</summary>
    public string Records { get; }

    /// <summary>The bytes, by tree digest.</summary>
    public string Blobs { get; }

    /// <summary>Fetches that are not whole, by version.</summary>
    public string Partials { get; }

    /// <summary>Uploads in several requests that are not whole, by token.</summary>
    public string Uploads { get; }

    /// <summary>What was never finished; emptied at start.</summary>
    public string Temporary { get; }

    /// <summary>Makes the folders that are missing.</summary>
    public void CreateFolders()
    {
        foreach (var folder in (ReadOnlySpan<string>)[Records, Blobs, Partials, Uploads, Temporary])
        {
            Directory.CreateDirectory(folder);
        }

        FlushFolder(Root);
    }

    /// <summary>A path in <see cref="Temporary"/> that nobody has.</summary>
    public string NextTemporaryPath() => Path.Combine(Temporary, Interlocked.Increment(ref _lastTemporary).ToString("x", null));

    /// <summary>Opens a new file for writing and reading, in place of one that is there.</summary>
    public SafeFileHandle Create(string path)
    {
        Step("create", path);

        // FileMode.Create truncates also what it has just made, and what was truncated ext4 writes to the disk when it is closed
        // (auto_da_alloc), though its name be gone: half a second a gigabyte for nothing.
        File.Delete(path);
        return File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
    }

    /// <summary>Opens a file that is there for writing and reading.</summary>
    public static SafeFileHandle OpenToWrite(string path) =>
        File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);

    /// <summary>Opens a file that is there for reading.</summary>
    public static SafeFileHandle OpenToRead(string path) =>
        File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);

    /// <summary>Opens a file that is there for the system to send.</summary>
    public static FileStream OpenToSend(string path) =>
        new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0, FileOptions.Asynchronous);

    /// <summary>Writes at an offset.</summary>
    public void Write(SafeFileHandle file, ReadOnlySpan<byte> bytes, long offset)
    {
        Step("write", null);
        RandomAccess.Write(file, bytes, offset);
    }

    /// <summary>Waits until a file's bytes are on the disk.</summary>
    public void Flush(SafeFileHandle file)
    {
        Step("flush", null);
        RandomAccess.FlushToDisk(file);
    }

    /// <summary>Renames over whatever is there, and waits until the name is on the disk.</summary>
    public void Publish(string source, string target)
    {
        Step("rename", target);
        File.Move(source, target, overwrite: true);
        FlushFolder(Path.GetDirectoryName(target)!);
    }

    /// <summary>Renames without waiting.</summary>
    public void Move(string source, string target)
    {
        Step("move", target);
        File.Move(source, target, overwrite: true);
    }

    /// <summary>Writes a whole small file so that its path holds the old bytes or the new ones, never others.</summary>
    public void Replace(string path, ReadOnlySpan<byte> bytes)
    {
        var temporary = NextTemporaryPath();
        using (var file = Create(temporary))
        {
            Write(file, bytes, 0);
            Flush(file);
        }

        Publish(temporary, path);
    }

    /// <summary>Removes a file; one that is not there is fine.</summary>
    public void Delete(string path)
    {
        Step("delete", path);
        File.Delete(path);
    }

    /// <summary>Waits until a folder's names are on the disk. .NET opens no folders, so the one call that it lacks is made to the C
    /// library; Windows keeps its names in a journal and has no such call.</summary>
    public void FlushFolder(string path)
    {
        Step("flush folder", path);
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        const int readOnly = 0;
        using var folder = new SafeFileHandle(OpenFolder(path, readOnly), ownsHandle: true);
        if (folder.IsInvalid)
        {
            throw new IOException($"The folder {path} cannot be opened (error {Marshal.GetLastPInvokeError()}).");
        }

        RandomAccess.FlushToDisk(folder);
    }

    [DllImport("libc", EntryPoint = "open", SetLastError = true, ExactSpelling = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int OpenFolder([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);

    private void Step(string operation, string? path) =>
        _beforeStep?.Invoke(path is null ? operation : $"{operation} {Path.GetFileName(path)}");
}
