using System.Runtime.InteropServices;

namespace MurkyWaters.Store;

/// <summary>What an error of the system says about the disk.</summary>
internal enum DiskError
{
    /// <summary>Nothing: the caller has made a mistake, or a file is not where it was.</summary>
    None,

    /// <summary>There is no room (ENOSPC, EDQUOT).</summary>
    Full,

    /// <summary>The process or the machine has no more open files or memory (EMFILE, ENFILE, ENOMEM).</summary>
    Busy,

    /// <summary>The disk fails or may not be written (EIO, EROFS, EACCES and whatever else there is).</summary>
    Failing,
}

/// <summary>Reads errors of files as .NET throws them.</summary>
internal static class DiskErrors
{
    /// <summary>What an exception says; on Unix its <see cref="Exception.HResult"/> is the error's number.</summary>
    public static DiskError Of(Exception error)
    {
        switch (error)
        {
            case StoreException or FileNotFoundException or DirectoryNotFoundException or PathTooLongException or EndOfStreamException:
                return DiskError.None;
            case UnauthorizedAccessException:
                return DiskError.Failing;
            case OutOfMemoryException:
                return DiskError.Busy;
            case IOException:
                break;
            default:
                return DiskError.None;
        }

        // ENOSPC and EDQUOT (Linux, then macOS), ERROR_DISK_FULL; ENOMEM, ENFILE, EMFILE.
        return error.HResult switch
        {
            28 or 122 or 69 or unchecked((int)0x80070070) => DiskError.Full,
            12 or 23 or 24 => DiskError.Busy,
            _ => DiskError.Failing,
        };
    }

    /// <summary>An error in the system's words, without the path that .NET adds: they go to clients.</summary>
    public static string Describe(Exception error)
    {
        const int errorNumberMax = 4095;
        var number = (error is UnauthorizedAccessException ? error.InnerException : error)?.HResult ?? 0;
        return number is > 0 and <= errorNumberMax ? Marshal.GetPInvokeErrorMessage(number)
            : error is UnauthorizedAccessException ? "Permission denied"
            : error.GetType().Name;
    }
}
