using Microsoft.Win32.SafeHandles;

namespace MurkyWaters.Store;

#pragma warning disable RS0030 // This is the one place that has files.
/// <summary>What <see cref="StoreFiles"/> asks of the system, call by call. A test puts another in its place that knows what a machine
/// which stops would keep of it.</summary>
internal class StoreDisk
{
    private const UnixFileMode OwnFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>The system's own.</summary>
    public static StoreDisk Real { get; } = new();

    /// <summary>Opens a new file, that only the process's user can read, in place of one that is there.</summary>
    public virtual SafeFileHandle Create(string path)
    {
        // FileMode.Create truncates also what it has just made, and what was truncated ext4 writes to the disk when it is closed
        // (auto_da_alloc), though its name be gone: half a second a gigabyte for nothing.
        File.Delete(path);
        var file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        HideFromOthers(file);
        return file;
    }

    /// <summary>Opens a file that is there for writing and reading.</summary>
    public virtual SafeFileHandle Open(string path) =>
        File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);

    /// <summary>Writes at an offset.</summary>
    public virtual void Write(SafeFileHandle file, ReadOnlySpan<byte> bytes, long offset) => RandomAccess.Write(file, bytes, offset);

    /// <summary>Sets a file's length.</summary>
    public virtual void SetLength(SafeFileHandle file, long length) => RandomAccess.SetLength(file, length);

    /// <summary>Waits until a file's bytes, or a folder's names, are on the disk.</summary>
    /// <param name="file">The file or folder.</param>
    /// <param name="isData">Whether the times at which the file was written need not be.</param>
    public virtual void Flush(SafeFileHandle file, bool isData) => DurableFlush.Flush(file, isData);

    /// <summary>Renames, over whatever is there.</summary>
    public virtual void Move(string source, string target) => File.Move(source, target, overwrite: true);

    /// <summary>Removes a file; one that is not there is fine.</summary>
    public virtual void Delete(string path) => File.Delete(path);

    /// <summary>Opens a folder for <see cref="Flush"/>; null where there is no such thing.</summary>
    public virtual SafeFileHandle? OpenFolder(string path) => DurableFlush.OpenFolder(path);

    /// <summary>Hides a new file from other users, who cannot reach it anyway as long as its folder is closed to them.</summary>
    private static void HideFromOthers(SafeFileHandle file)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        try
        {
            File.SetUnixFileMode(file, OwnFile);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // A file system without modes has them its own way.
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }
}
