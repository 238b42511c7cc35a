using System.Globalization;
using Benchmarks.Processes;

namespace Hostile.Machine;

/// <summary>A file system in memory that is soon full.</summary>
internal sealed class SmallDisk : IAsyncDisposable
{
    private SmallDisk(string path) => Path = path;

    public string Path { get; }

    private string FillerPath => System.IO.Path.Combine(Path, "filler");

    public static async Task<SmallDisk> MountAsync(string path, long bytes, CancellationToken cancellation)
    {
        if (!Environment.IsPrivilegedProcess)
        {
            throw new CannotAttackException("needs root for a small file system");
        }

        Directory.CreateDirectory(path);
        var size = string.Create(CultureInfo.InvariantCulture, $"size={bytes}");
        await ChildProcess.RunAsync(["mount", "-t", "tmpfs", "-o", size, "tmpfs", path], cancellation);
        return new SmallDisk(path);
    }

    /// <summary>Fills it until so many bytes are free.</summary>
    public async Task FillAsync(long freeBytes, CancellationToken cancellation)
    {
        var filler = new byte[1 << 16];
        await using var file = new FileStream(FillerPath, FileMode.Append, FileAccess.Write, FileShare.None, bufferSize: 0);
        try
        {
            for (var left = new DriveInfo(Path).AvailableFreeSpace - freeBytes; left > 0; left = new DriveInfo(Path).AvailableFreeSpace - freeBytes)
            {
                await file.WriteAsync(filler.AsMemory(0, (int)Math.Min(left, filler.Length)), cancellation);
            }
        }
        catch (IOException)
        {
            // Full to the last byte.
        }
    }

    /// <summary>Gives back what <see cref="FillAsync"/> took.</summary>
    public void Empty() => File.Delete(FillerPath);

    /// <summary>Mounts it again, to be read only; false when somebody has a file open for writing.</summary>
    public async Task<bool> TryMakeReadOnlyAsync(CancellationToken cancellation)
    {
        await using var mount = ChildProcess.Start(["mount", "-o", "remount,ro", Path]);
        return await mount.WaitAsync(cancellation) == 0;
    }

    public async ValueTask DisposeAsync()
    {
        // Lazily: whoever has a file open there is ended after it.
        await using var unmount = ChildProcess.Start(["umount", "-l", Path]);
        await unmount.WaitAsync(CancellationToken.None);
    }
}
