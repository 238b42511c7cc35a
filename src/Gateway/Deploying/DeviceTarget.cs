using System.Globalization;
using Gateway.Machine;
using PouringRain.Protocol;

namespace Gateway.Deploying;

/// <summary>A block device, which is written in its place, from its beginning.</summary>
internal sealed class DeviceTarget : StoredTarget
{
    /// <summary>errno.h.</summary>
    private const int NoSpace = 28;

    private readonly string _path;
    private readonly long _deviceBytes;

    /// <summary>Opens it.</summary>
    /// <exception cref="IOException">It cannot be opened, or is mounted.</exception>
    public DeviceTarget(string path)
    {
        _path = path;
        var real = new FileInfo(path).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? Path.GetFullPath(path);
        if (OperatingSystem.IsLinux() && MountOf(real) is { } mount)
        {
            throw new IOException($"{path} is in use: {mount} is mounted from it. Unmount that first.");
        }

        Handle = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        _deviceBytes = FileEnds.LengthOf(Handle) ?? long.MaxValue;
    }

    /// <inheritdoc/>
    public override string Name => _path;

    /// <inheritdoc/>
    public override string Remains => $"what was received stays on {_path}, and the next start goes on with it";

    /// <inheritdoc/>
    public override void Begin(long? length)
    {
        if (length > _deviceBytes)
        {
            // Which the sender is told as of a full disk.
            throw new IOException(
                string.Create(
                    CultureInfo.InvariantCulture, $"{_path} is too small: it has {_deviceBytes} bytes, and {length} are to be written."),
                NoSpace);
        }
    }

    /// <inheritdoc/>
    public override ulong[] FindHeld(Manifest manifest)
    {
        var held = base.FindHeld(manifest);
        CompareIfLikely(manifest, held, Handle!);
        return held;
    }

    /// <inheritdoc/>
    public override void Keep()
    {
        // It is in its place.
    }

    /// <summary>Where a device, or one of its partitions, is mounted; null when nowhere.</summary>
    private static string? MountOf(string device) => File.ReadLines("/proc/self/mounts").Select(line => line.Split(' '))
        .FirstOrDefault(mount => mount[0].StartsWith(device, StringComparison.Ordinal)
            && mount[0][device.Length..].TrimStart('p').All(char.IsAsciiDigit))?[1];
}
