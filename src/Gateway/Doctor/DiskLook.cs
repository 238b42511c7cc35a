using System.Globalization;
using MurkyWaters.Store;

namespace Gateway.Doctor;

/// <summary>Whether the store's disk takes files, keeps them, and agrees with the clock.</summary>
internal static class DiskLook
{
    /// <summary>Less is what the store keeps free, so nothing can be taken in.</summary>
    private const long FreeBytesMin = 64L << 20;

    /// <summary>Less is gone in a day of ordinary use.</summary>
    private const long FreeBytesLow = 1L << 30;

    private static readonly TimeSpan SyncSlow = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan ClockDifferenceMax = TimeSpan.FromSeconds(5);

    public static IEnumerable<Finding> Look(string path)
    {
        // A folder that is not there yet is made at the start: its nearest parent then says how it will be.
        var folder = path;
        while (!Directory.Exists(folder) && Path.GetDirectoryName(folder) is { Length: > 0 } parent)
        {
            folder = parent;
        }

        var file = Path.Combine(folder, $".doctor-{Environment.ProcessId.ToString(CultureInfo.InvariantCulture)}");
        DateTime writtenAt;
        TimeSpan sync;
        Finding? failure = null;
        try
        {
            using var stream = new FileStream(file, FileMode.Create, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose);
            stream.Write(new byte[65_536]);
            var began = TimeProvider.System.GetTimestamp();
            DurableFlush.Flush(stream.SafeFileHandle);
            sync = TimeProvider.System.GetElapsedTime(began);
            writtenAt = File.GetLastWriteTimeUtc(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            (writtenAt, sync) = (TimeProvider.System.GetUtcNow().UtcDateTime, TimeSpan.Zero);
            failure = Finding.Problem(
                "disk", $"{folder} cannot be written: {e.Message}",
                "Give the user that runs the gateway the right to write there, or set Store:Path to a folder that can be written.");
        }

        if (failure is not null)
        {
            yield return failure;
            yield break;
        }

        var free = new DriveInfo(folder).AvailableFreeSpace;
        yield return free < FreeBytesMin
            ? Finding.Problem(
                "disk", $"{folder} has {free} bytes free: nothing can be taken in.", "Free some, or set Store:Path to a larger disk.")
            : free < FreeBytesLow
                ? Finding.Warning("disk", $"{folder} has {free} bytes free.", "Store:QuotaBytes limits what is kept of what was fetched.")
            : Finding.Ok("disk", string.Create(CultureInfo.InvariantCulture, $"{folder} can be written and has {free / 1e9:F1} GB free."));
        yield return sync < SyncSlow
            ? Finding.Ok(
                "fsync", string.Create(CultureInfo.InvariantCulture, $"The disk has 64 KiB for good after {sync.TotalMilliseconds:F1} ms."))
            : Finding.Warning(
                "fsync",
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"The disk took {sync.TotalMilliseconds:F0} ms to have 64 KiB for good: every upload waits so long at its end."),
                "A disk of its own for Store:Path, or one that is not on the network, does better.");
        yield return LookAtClock(writtenAt);
    }

    private static Finding LookAtClock(DateTime writtenAt)
    {
        var now = TimeProvider.System.GetUtcNow().UtcDateTime;
        var difference = (now - writtenAt).Duration();

        // The newest version of a resource is the one with the latest time, so a clock that is far ahead wins against everybody.
        return now.Year is < 2025 or > 2100
            ? Finding.Problem(
                "clock", $"The clock says {now:u}.",
                "Set it: versions of resources are ordered by time. timedatectl set-ntp true keeps it right.")
            : difference > ClockDifferenceMax
            ? Finding.Warning(
                "clock", $"The clock and the disk's differ by {difference.TotalSeconds:F0} s.",
                "Set both by NTP: versions of resources are ordered by time.")
            : Finding.Ok("clock", $"{now:u}, and the disk agrees.");
    }
}
