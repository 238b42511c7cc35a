using Microsoft.Win32.SafeHandles;
using PouringRain.Protocol;

namespace MurkyWaters.Store;

/// <summary>
/// One content-addressed file. Lives as long as somebody holds it: a record, a reader, a version on its way out. Its bytes never
/// change (but for those that went bad, see <see cref="BlobTable.Mend"/>), so that everyone reads through one handle, opened when needed
/// and closed when idle.
/// </summary>
internal sealed class Blob
{
    private readonly Lock _gate = new();
    private SafeFileHandle? _handle;
    private long _lastReadMs;

    public Blob(Sha256Digest digest, long length, string path)
    {
        Digest = digest;
        Length = length;
        FilePath = path;
    }

    /// <summary>The tree digest, its name.</summary>
    public Sha256Digest Digest { get; }

    public long Length { get; }

    public string FilePath { get; }

    /// <summary>Who holds it; changed by <see cref="BlobTable"/> alone, under its lock.</summary>
    public int Holds { get; set; }

    /// <summary>Fills the destination from an offset.</summary>
    /// <exception cref="IOException">The file is gone, too short or unreadable.</exception>
    public void Read(long offset, Span<byte> destination)
    {
        while (!destination.IsEmpty)
        {
            int count;
            try
            {
                count = RandomAccess.Read(OpenHandle(), destination, offset);
            }
            catch (ObjectDisposedException)
            {
                // The idle handle was closed between the two calls; the next one opens it again.
                continue;
            }

            if (count == 0)
            {
                throw new EndOfStreamException($"The blob {Digest} ends before byte {offset}.");
            }

            destination = destination[count..];
            offset += count;
        }
    }

    /// <summary>Reads what one call of the system gives.</summary>
    public async ValueTask<int> ReadAsync(long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                return await RandomAccess.ReadAsync(OpenHandle(), destination, offset, cancellationToken);
            }
            catch (ObjectDisposedException)
            {
                // As above.
            }
        }
    }

    /// <summary>Closes the handle when nothing was read for a while.</summary>
    public void CloseIdleHandle(long idleSinceMs)
    {
        lock (_gate)
        {
            if (_handle is not null && _lastReadMs < idleSinceMs)
            {
                _handle.Dispose();
                _handle = null;
            }
        }
    }

    private SafeFileHandle OpenHandle()
    {
        _lastReadMs = Environment.TickCount64;
        var handle = Volatile.Read(ref _handle);
        if (handle is not null)
        {
            return handle;
        }

        lock (_gate)
        {
            return _handle ??= StoreFiles.OpenToRead(FilePath);
        }
    }
}
