using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Gateway.Machine;

/// <summary>Room on a disk, taken before it is written.</summary>
[SuppressMessage("Interoperability", "SYSLIB1054", Justification = "Made code would have to be unsafe; these are plain values.")]
internal static class FileRoom
{
    private const int Interrupted = 4, TooLarge = 27, NoSpace = 28, Quota = 122;

    /// <summary>Takes room for so many bytes from the beginning; what is there stays. Where a file system cannot say, nothing is
    /// done.</summary>
    /// <exception cref="IOException">There is not so much.</exception>
    public static void Reserve(SafeFileHandle file, long bytes)
    {
        if (!OperatingSystem.IsLinux() || bytes == 0)
        {
            return;
        }

        while (Allocate(file, 0, 0, bytes) != 0)
        {
            var error = Marshal.GetLastPInvokeError();
            if (error is NoSpace or Quota or TooLarge)
            {
                throw new IOException(Marshal.GetPInvokeErrorMessage(error), error);
            }

            if (error != Interrupted)
            {
                return;
            }
        }
    }

    [DllImport("libc", EntryPoint = "fallocate64", SetLastError = true, ExactSpelling = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Allocate(SafeFileHandle file, int mode, long offset, long length);
}
