using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace Gateway.Machine;

/// <summary>What is at a path: .NET takes devices and pipes for files.</summary>
internal enum FileKind
{
    /// <summary>Nothing.</summary>
    Missing,

    /// <summary>A file.</summary>
    File,

    /// <summary>A folder.</summary>
    Folder,

    /// <summary>A device that has places and a length, as a disk.</summary>
    BlockDevice,

    /// <summary>A device that takes bytes in order.</summary>
    CharacterDevice,

    /// <summary>A named pipe.</summary>
    Pipe,

    /// <summary>Something else, or what it is cannot be told.</summary>
    Other,
}

/// <summary>Tells what is at a path.</summary>
[SuppressMessage("Interoperability", "SYSLIB1054", Justification = "Made code would have to be unsafe; these are plain values.")]
internal static class FileKinds
{
    // linux/stat.h: struct statx is the same on every machine.
    private const int WorkingFolder = -100, TypeMask = 1, StatBytes = 256, ModeOffset = 28, NoEntry = 2, NotFolder = 20;
    private const int FormatMask = 0xF000, Pipe = 0x1000, Character = 0x2000, Folder = 0x4000, Block = 0x6000, Regular = 0x8000;

    /// <summary>What is there, at the end of links.</summary>
    public static FileKind Of(string path)
    {
        if (!OperatingSystem.IsLinux())
        {
            return Directory.Exists(path) ? FileKind.Folder
                : !File.Exists(path) ? FileKind.Missing
                : Path.GetFullPath(path).StartsWith("/dev/", StringComparison.Ordinal) ? FileKind.Other : FileKind.File;
        }

        var stat = new byte[StatBytes];
        if (Stat(WorkingFolder, path, 0, TypeMask, stat) != 0)
        {
            return Marshal.GetLastPInvokeError() is NoEntry or NotFolder ? FileKind.Missing : FileKind.Other;
        }

        var mode = MemoryMarshal.Read<ushort>(stat.AsSpan(ModeOffset));
        return (mode & FormatMask) switch
        {
            Regular => FileKind.File,
            Folder => FileKind.Folder,
            Block => FileKind.BlockDevice,
            Character => FileKind.CharacterDevice,
            Pipe => FileKind.Pipe,
            _ => FileKind.Other,
        };
    }

    [DllImport("libc", EntryPoint = "statx", SetLastError = true, ExactSpelling = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Stat(
        int folder, [MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags, uint mask, [Out] byte[] stat);
}
