using Microsoft.Win32.SafeHandles;

namespace Gateway.Deploying;

/// <summary>A file without a name, which is gone when the process is, however that ends.</summary>
internal static class TemporaryFile
{
    /// <summary>Makes one, for reading and writing.</summary>
    /// <exception cref="IOException">There is no room.</exception>
    public static SafeFileHandle Open()
    {
        var path = Path.Combine(Path.GetTempPath(), $"pouring-rain-{Guid.NewGuid():N}");
        var file = File.OpenHandle(
            path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete,
            OperatingSystem.IsWindows() ? FileOptions.DeleteOnClose : FileOptions.None);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            File.Delete(path);
        }

        return file;
    }
}
