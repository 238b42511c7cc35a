using Microsoft.Win32.SafeHandles;

namespace MurkyWaters.Store;

#pragma warning disable RS0030 // This is the one place that has files.
/// <summary>What is looked at, and not changed.</summary>
internal sealed partial class StoreFiles
{
    /// <summary>Whether there is a file.</summary>
    public static bool Exists(string? path) => File.Exists(path);

    /// <summary>Whether there is a folder, with something in it.</summary>
    public static bool HasEntries(string folder) =>
        Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any();

    /// <summary>The files of a folder, as they are found.</summary>
    public static IEnumerable<string> Enumerate(string folder, string pattern = "*") => Directory.EnumerateFiles(folder, pattern);

    /// <summary>The bytes of a whole file.</summary>
    public static byte[] ReadBytes(string path) => File.ReadAllBytes(path);

    /// <inheritdoc cref="ReadBytes"/>
    public static Task<byte[]> ReadBytesAsync(string path) => File.ReadAllBytesAsync(path);

    /// <summary>The text of a whole file.</summary>
    public static string ReadText(string path) => File.ReadAllText(path);

    /// <summary>A file's length; null when it is not there.</summary>
    public static long? LengthOf(string path) => new FileInfo(path) is { Exists: true } file ? file.Length : null;

    /// <summary>When a file was last written; a time long ago when it is not there.</summary>
    public static DateTime WrittenAt(string path) => File.GetLastWriteTimeUtc(path);

    /// <summary>When an open file was last written.</summary>
    public static DateTime WrittenAt(SafeFileHandle file) => File.GetLastWriteTimeUtc(file);

    /// <summary>Who may do what with an open file; null where the system has no such modes.</summary>
    public static UnixFileMode? ModeOf(SafeFileHandle file) => OperatingSystem.IsWindows() ? null : File.GetUnixFileMode(file);

    /// <summary>Opens a file that is there for reading.</summary>
    public static SafeFileHandle OpenToRead(string path) =>
        File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);

    /// <summary>Opens a file that is there, and that nobody writes meanwhile, for reading from its first byte to its last.</summary>
    public static SafeFileHandle OpenToScan(string path) => File.OpenHandle(path, options: FileOptions.SequentialScan);

    /// <summary>Opens a file that is there for the system to send.</summary>
    public static FileStream OpenToSend(string path) => new(
        path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0, FileOptions.Asynchronous);
}
