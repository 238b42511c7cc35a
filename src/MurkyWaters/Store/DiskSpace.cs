namespace MurkyWaters.Store;

/// <summary>
/// Room on the store's disk. Whoever is about to write reserves first, so that ten uploads of 1 GB do not all see the same last
/// gigabyte; a little stays free for records, logs and the system.
/// </summary>
internal sealed class DiskSpace
{
    /// <summary>Room that is never given away: 64 MiB, or 1 % of a disk too small for that.</summary>
    private const long ReserveBytes = 64L * 1024 * 1024;

    private readonly Func<long> _readFreeBytes;
    private readonly long _reserveBytes;
    private readonly Lock _gate = new();
    private long _promisedBytes;

    public DiskSpace(string root)
    {
        var drive = new DriveInfo(root);
        _readFreeBytes = () => drive.AvailableFreeSpace;
        _reserveBytes = Math.Min(ReserveBytes, drive.TotalSize / 100);
    }

    public DiskSpace(Func<long> readFreeBytes, long reserveBytes)
    {
        _readFreeBytes = readFreeBytes;
        _reserveBytes = reserveBytes;
    }

    /// <summary>Room that is set aside.</summary>
    public long PromisedBytes => Interlocked.Read(ref _promisedBytes);

    /// <summary>Bytes that the disk has free.</summary>
    public long FreeBytes => _readFreeBytes();

    /// <summary>Whether the disk has used up what should stay free.</summary>
    public bool IsFull => _readFreeBytes() < _reserveBytes;

    /// <summary>Whether these bytes could be written now.</summary>
    public bool HasRoomFor(long bytes) => _readFreeBytes() - _reserveBytes - Interlocked.Read(ref _promisedBytes) >= bytes;

    /// <summary>Sets room aside for bytes that are about to be written.</summary>
    public bool TryReserve(long bytes)
    {
        lock (_gate)
        {
            if (_readFreeBytes() - _reserveBytes - _promisedBytes < bytes)
            {
                return false;
            }

            _promisedBytes += bytes;
            return true;
        }
    }

    /// <summary>Gives room back: the bytes are written, or will not be.</summary>
    public void Release(long bytes)
    {
        lock (_gate)
        {
            _promisedBytes -= bytes;
        }
    }
}
