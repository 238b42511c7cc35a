using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Gateway.Machine;

/// <summary>Where an open file is read from and where it ends, which .NET does not say of devices.</summary>
[SuppressMessage("Interoperability", "SYSLIB1054", Justification = "Made code would have to be unsafe; these are plain values.")]
internal static class FileEnds
{
    private const int Current = 1, End = 2;

    /// <summary>Where it would be read next; null when it has no places, as a pipe or a terminal.</summary>
    public static long? PositionOf(SafeFileHandle file) => Seek(file, 0, Current) is >= 0 and var at ? at : null;

    /// <summary>The length of a file or a block device; null when it has none. It is read from
    /// there next, by who does not say where.</summary>
    public static long? LengthOf(SafeFileHandle file) => Seek(file, 0, End) is >= 0 and var at ? at : null;

    [DllImport("libc", EntryPoint = "lseek", SetLastError = true, ExactSpelling = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern long Seek(SafeFileHandle file, long offset, int whence);
}
