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
            while (new DriveInfo(Path).AvailableFreeSpace - freeBytes is > 0 and var left)
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

    /// <summary>Lets nothing be made, renamed or removed in any of its folders any more; false where the file system does not know
    /// that.</summary>
    public async Task<bool> TryMakeImmutableAsync(CancellationToken cancellation)
    {
        string[] folders = [.. Directory.EnumerateDirectories(Path, "*", SearchOption.AllDirectories)];
        await using var change = ChildProcess.Start(["chattr", "+i", .. folders]);
        return await change.WaitAsync(cancellation) == 0;
    }

    public async ValueTask DisposeAsync()
    {
        // Lazily: whoever has a file open there is ended after it.
        await using var unmount = ChildProcess.Start(["umount", "-l", Path]);
        await unmount.WaitAsync(CancellationToken.None);
    }
}
