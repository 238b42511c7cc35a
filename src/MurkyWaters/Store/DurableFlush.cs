using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace MurkyWaters.Store;

/// <summary>
/// Waiting until bytes and names are on the disk, and giving a name that nobody has, with the errors that .NET 10's
/// <c>RandomAccess.FlushToDisk</c> and <c>FileStream.Flush(true)</c> keep to themselves: both return as if all were well when <c>fsync</c>
/// says EIO or ENOSPC. So the C library is called here, and nowhere else. Imported the old way, since the generated one needs unsafe code,
/// of which there is none.
/// </summary>
public static class DurableFlush
{
    private const int InterruptedError = 4;

    /// <summary>Waits until a file's bytes and length are on the disk.</summary>
    /// <param name="file">The file, or a folder for the names in it.</param>
    /// <param name="isData">Whether its times may stay behind: where nothing but bytes has changed that saves the file system a write of
    /// its own. On Linux alone.</param>
    /// <exception cref="IOException">They are not, and may be lost: the system forgets pages that it could not write, so that asking again
    /// says nothing about them. <see cref="Exception.HResult"/> is the error's number.</exception>
    public static void Flush(SafeFileHandle file, bool isData = false)
    {
        ArgumentNullException.ThrowIfNull(file);
        if (OperatingSystem.IsWindows())
        {
            RandomAccess.FlushToDisk(file);
            return;
        }

        while ((isData && OperatingSystem.IsLinux() ? SystemFlushData(file) : SystemFlush(file)) != 0)
        {
            var error = Marshal.GetLastPInvokeError();
            if (error == InterruptedError)
            {
                continue;
            }

            // A file system that has no such call (some of those in user space) loses nothing by it.
            var isUnsupported = error == 22 || error == (OperatingSystem.IsLinux() ? 95 : 45);
            if (!isUnsupported)
            {
                throw ErrorOf(error, "A file could not be put on the disk");
            }

            return;
        }
    }

    /// <summary>Opens a folder, for <see cref="Flush"/> to wait until its names are on the disk. .NET opens no folders.</summary>
    /// <returns>The folder, or null on Windows, which keeps its names in a journal and has no such call.</returns>
    /// <exception cref="IOException">It cannot be opened. <see cref="Exception.HResult"/> is the error's number.</exception>
    public static SafeFileHandle? OpenFolder(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            return null;
        }

        const int readOnly = 0;
        var closedInChildren = OperatingSystem.IsLinux() ? 0x80000 : 0x1000000;
        while (true)
        {
            var descriptor = SystemOpen(path, readOnly | closedInChildren);
            var error = Marshal.GetLastPInvokeError();
            if (descriptor >= 0)
            {
                return new SafeFileHandle(descriptor, ownsHandle: true);
            }

            if (error != InterruptedError)
            {
                throw ErrorOf(error, $"The folder {path} could not be opened");
            }
        }
    }

    /// <summary>Gives a file a further name, unless a file has that. <c>File.Move</c> looks first and renames then, so that of two at once
    /// the later takes the other's place.</summary>
    /// <returns>Whether it has the name now; false when there is one of that name.</returns>
    /// <exception cref="IOException">It cannot be: <see cref="Exception.HResult"/> is the error's number.</exception>
    internal static bool TryLink(string path, string name)
    {
        const int exists = 17;
        if (SystemLink(path, name) == 0)
        {
            return true;
        }

        var error = Marshal.GetLastPInvokeError();
        return error == exists ? false : throw ErrorOf(error, $"{name} could not be made");
    }

    /// <summary>Has the system forget what it has of a file in memory, so that what is read next is what the disk has, or so that what
    /// was read takes nobody's place. Only a hint, and on Linux only.</summary>
    public static void DropCached(SafeFileHandle file, long offset, long length)
    {
        ArgumentNullException.ThrowIfNull(file);
        const int dontNeed = 4;
        if (OperatingSystem.IsLinux())
        {
            _ = SystemAdvise(file, offset, length, dontNeed);
        }
    }

    private static IOException ErrorOf(int error, string what) => new($"{what}: {Marshal.GetPInvokeErrorMessage(error)}.", error);

    [DllImport("libc", EntryPoint = "fsync", SetLastError = true, ExactSpelling = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SystemFlush(SafeFileHandle file);

    [DllImport("libc", EntryPoint = "fdatasync", SetLastError = true, ExactSpelling = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SystemFlushData(SafeFileHandle file);

    [DllImport("libc", EntryPoint = "posix_fadvise64", ExactSpelling = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SystemAdvise(SafeFileHandle file, long offset, long length, int advice);

    [DllImport("libc", EntryPoint = "link", SetLastError = true, ExactSpelling = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SystemLink(
        [MarshalAs(UnmanagedType.LPUTF8Str)] string path, [MarshalAs(UnmanagedType.LPUTF8Str)] string name);

    [DllImport("libc", EntryPoint = "open", SetLastError = true, ExactSpelling = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SystemOpen([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);
}
