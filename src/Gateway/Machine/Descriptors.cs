using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace Gateway.Machine;

/// <summary>How many files and sockets the process may have open.</summary>
[SuppressMessage("Interoperability", "SYSLIB1054", Justification = "Made code would have to be unsafe; these are plain values.")]
internal static class Descriptors
{
    /// <summary>Where the system keeps no such limit, or none that is worth counting.</summary>
    public const int CountMax = 1 << 20;

    private const int LinuxNumberOfFiles = 7, MacNumberOfFiles = 8;

    /// <summary>Raises the limit as far as the system allows without being asked for a privilege.</summary>
    /// <returns>The limit before and now.</returns>
    /// <remarks>The runtime does the same at its start, in the versions known; then both are equal.</remarks>
    public static (int Before, int Now) Raise()
    {
        var number = OperatingSystem.IsLinux() ? LinuxNumberOfFiles : OperatingSystem.IsMacOS() ? MacNumberOfFiles : -1;
        if (number < 0 || !Environment.Is64BitProcess || GetLimit(number, out var limit) != 0)
        {
            return (CountMax, CountMax);
        }

        var before = Whole(limit.Soft);
        var raised = limit with { Soft = limit.Hard };
        return before >= Whole(limit.Hard) || SetLimit(number, in raised) != 0 ? (before, before) : (before, Whole(raised.Soft));
    }

    private static int Whole(ulong count) => (int)Math.Min(count, CountMax);

    [DllImport("libc", EntryPoint = "getrlimit")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int GetLimit(int resource, out Limit limit);

    [DllImport("libc", EntryPoint = "setrlimit")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SetLimit(int resource, in Limit limit);

    /// <summary>As in C, of 64-bit systems.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private record struct Limit(ulong Soft, ulong Hard);
}
