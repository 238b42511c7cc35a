using Gateway.Machine;
using PouringRain.Protocol;

namespace Gateway.Deploying;

/// <summary>Where a receiver writes: a file, a device, or a pipe. <see cref="Begin"/> comes first, <see cref="ReadBack"/> when all is
/// written, <see cref="Keep"/> when that was right.</summary>
internal abstract class Target : IDisposable
{
    /// <summary>What it is called.</summary>
    public abstract string Name { get; }

    /// <summary>Opens what is at a path; nothing is changed by that.</summary>
    /// <param name="path">A file, a device, a named pipe, or <c>-</c> for standard output.</param>
    /// <param name="output">Told of temporary files.</param>
    /// <exception cref="IOException">It cannot be written there.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be written there.</exception>
    public static Target Open(string path, ProgressOutput output)
    {
        if (path == "-")
        {
            return new PipeTarget("standard output", Console.OpenStandardOutput(), output);
        }

        return FileKinds.Of(path) switch
        {
            FileKind.Missing when IsAmongDevices(Path.GetFullPath(path)) =>
                throw new IOException($"There is no device {path}."),
            FileKind.Missing or FileKind.File => new FileTarget(path),
            FileKind.BlockDevice => new DeviceTarget(path),
            FileKind.CharacterDevice or FileKind.Pipe =>
                new PipeTarget(path, new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0), output),
            FileKind.Folder => throw new IOException($"{path} is a folder; the name of a file in it is wanted."),
            _ => throw new IOException($"{path} is neither a file nor a device nor a pipe."),
        };
    }

    /// <summary>Whether a file there would be a device's name mistyped; what is in /dev/shm are files, in memory.</summary>
    private static bool IsAmongDevices(string path) =>
        path.StartsWith("/dev/", StringComparison.Ordinal) && !path.StartsWith("/dev/shm/", StringComparison.Ordinal);

    /// <summary>Whether it can be read back, and goes on with what is there already.</summary>
    public abstract bool IsLasting { get; }

    /// <summary>Makes room. What is there already stays.</summary>
    /// <param name="length">Bytes that will come; null when that is not known.</param>
    /// <exception cref="IOException">There is no room.</exception>
    public abstract void Begin(long? length);

    /// <summary>Which blocks are there already, from before: bit i % 64 of word i / 64. Every one is compared with its digest.</summary>
    public virtual ulong[] FindHeld(Manifest manifest) => new ulong[(manifest.Layout.BlockCount + 63) / 64];

    /// <summary>Writes verified bytes where they belong. Thread-safe; each byte comes once.</summary>
    /// <exception cref="IOException">They could not be written.</exception>
    public abstract void Write(long offset, ReadOnlySpan<byte> bytes);

    /// <summary>Waits until all is on the disk, or has gone through the pipe.</summary>
    /// <param name="length">How many bytes that is.</param>
    /// <param name="tell">Told how many bytes have been read back.</param>
    /// <returns>SHA-256 of what the disk has, or of what the pipe took.</returns>
    public abstract Sha256Digest ReadBack(long length, Action<long> tell);

    /// <summary>Puts it in its place: it is what it should be.</summary>
    public abstract void Keep();

    /// <summary>What of it stays when it is not finished, in words; empty when nothing does.</summary>
    public virtual string Remains => "";

    /// <inheritdoc/>
    public abstract void Dispose();
}
