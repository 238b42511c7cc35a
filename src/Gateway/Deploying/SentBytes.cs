using Gateway.Machine;
using Microsoft.Win32.SafeHandles;
using MurkyWaters.Store;
using PouringRain.Protocol;

namespace Gateway.Deploying;

/// <summary>What is sent: a file, a device, or what standard input holds. Thread-safe.</summary>
internal sealed class SentBytes : IByteSource, IDisposable
{
    private const int BufferBytes = 1 << 20;
    private readonly SafeFileHandle _file;
    private readonly long _start;

    private SentBytes(SafeFileHandle file, long start, long length, string name, DateTimeOffset writtenAt)
    {
        _file = file;
        _start = start;
        Length = length;
        Name = name;
        WrittenAt = writtenAt;
    }

    /// <inheritdoc/>
    public long Length { get; }

    /// <summary>The file's name, without its folder; that of standard input is <c>stdin</c>.</summary>
    public string Name { get; }

    /// <summary>When it was written last.</summary>
    public DateTimeOffset WrittenAt { get; }

    /// <summary>Opens it.</summary>
    /// <param name="path">A file or device, or <c>-</c> for standard input, which goes into a temporary file first when it cannot be read
    /// twice.</param>
    /// <param name="output">Told of a temporary file.</param>
    /// <param name="cancellationToken">Ends the reading of standard input.</param>
    /// <exception cref="IOException">It cannot be read, or there is no room for the temporary file.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static SentBytes Open(string path, ProgressOutput output, CancellationToken cancellationToken)
    {
        if (path != "-")
        {
            var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            return FileEnds.LengthOf(file) is { } length
                ? new SentBytes(file, 0, length, Path.GetFileName(path), File.GetLastWriteTimeUtc(path))
                : throw new IOException($"{path} can be read only once. Give it as standard input: --send - < {path}");
        }

        var input = new SafeFileHandle(0, ownsHandle: false);
        if (FileEnds.PositionOf(input) is { } start && FileEnds.LengthOf(input) is { } end)
        {
            return new SentBytes(input, start, Math.Max(0, end - start), "stdin", DateTimeOffset.UnixEpoch);
        }

        return Spool(output, cancellationToken);
    }

    /// <inheritdoc/>
    public void Read(long offset, Span<byte> destination)
    {
        var count = FileReads.Fill(_file, _start + offset, destination);
        if (count < destination.Length)
        {
            throw new EndOfStreamException($"{Name} has become shorter while it was sent: it ends before byte {offset + count}.");
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private static SentBytes Spool(ProgressOutput output, CancellationToken cancellationToken)
    {
        var spool = TemporaryFile.Open();
        try
        {
            output.Say($"standard input is a pipe, which cannot be read twice: it is kept in a temporary file in {Path.GetTempPath()} "
                + "until the end");
            using var input = Console.OpenStandardInput();
            var buffer = new byte[BufferBytes];
            long length = 0;
            for (int count; (count = input.Read(buffer)) > 0; length += count)
            {
                cancellationToken.ThrowIfCancellationRequested();
                RandomAccess.Write(spool, buffer.AsSpan(0, count), length);
                output.Tell(new Progress { Phase = "reading standard input", DoneBytes = length });
            }

            return new SentBytes(spool, 0, length, "stdin", DateTimeOffset.UnixEpoch);
        }
        catch
        {
            spool.Dispose();
            throw;
        }
    }
}
