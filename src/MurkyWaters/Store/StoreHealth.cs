using System.Globalization;
using Microsoft.Extensions.Logging;

namespace MurkyWaters.Store;

/// <summary>
/// Whether the disk takes what the store writes. Once it has refused to put bytes on the disk for good, or refuses a small file in any
/// of the store's folders, the store is read-only: every further write is refused before it begins, reads go on. A probe, a small file
/// that is written, flushed and removed in each folder, is made every few seconds then, and ends that state when it succeeds.
/// A full disk is no such state, nor is a lack of open files. Thread-safe.
/// </summary>
internal sealed class StoreHealth
{
    /// <summary>From one probe to the next: soon enough for a client that is told to come
    /// back, rare enough for a disk that hangs.</summary>
    public static readonly TimeSpan ProbeInterval = TimeSpan.FromSeconds(3);

    private readonly Lock _gate = new();
    private readonly Action _probe;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly string _path;
    private string? _trouble;
    private long _probedMs;
    private int _isProbing;
    private long _fullCount;
    private long _busyCount;
    private long _failingCount;

    /// <summary>Makes it.</summary>
    /// <param name="path">The store's folder, for the log.</param>
    /// <param name="probe">Writes, flushes and removes a small file in each folder; throws when the disk does not take it.</param>
    /// <param name="time">Says when it is time for the next probe.</param>
    /// <param name="logger">Told when the state changes.</param>
    public StoreHealth(string path, Action probe, TimeProvider time, ILogger logger)
    {
        _path = path;
        _probe = probe;
        _time = time;
        _logger = logger;
    }

    /// <summary>Why nothing is written, or null.</summary>
    public string? Trouble => Volatile.Read(ref _trouble);

    /// <summary>Errors that ended a write, by what they said.</summary>
    public IReadOnlyDictionary<string, long> ErrorCounts => new Dictionary<string, long>
    {
        ["full"] = Interlocked.Read(ref _fullCount),
        ["busy"] = Interlocked.Read(ref _busyCount),
        ["failing"] = Interlocked.Read(ref _failingCount),
    };

    /// <summary>Refuses a write that need not be tried.</summary>
    /// <exception cref="StoreReadOnlyException">The store is read-only.</exception>
    public void ThrowIfReadOnly()
    {
        if (Trouble is { } trouble)
        {
            throw new StoreReadOnlyException(trouble);
        }
    }

    /// <summary>Judges an error of a write, and says what to throw in its place.</summary>
    /// <param name="error">The error, of which <see cref="DiskErrors.Of"/> says something.</param>
    /// <param name="isFlush">Whether bytes may be lost that the system had taken. Then the store is read-only whatever a probe says: the
    /// next one that succeeds may end that, in a while.</param>
    public StoreException Judge(Exception error, bool isFlush)
    {
        var kind = DiskErrors.Of(error);
        Interlocked.Increment(
            ref kind == DiskError.Full ? ref _fullCount : ref kind == DiskError.Busy ? ref _busyCount : ref _failingCount);
        if (isFlush || (kind == DiskError.Failing && !Probe(error)))
        {
            BecomeReadOnly(error);
        }

        return kind switch
        {
            DiskError.Full => new StoreFullException("The disk is full.", error),
            DiskError.Busy => new StoreBusyException(
                $"The machine has nothing more to give just now ({DiskErrors.Describe(error)}).", error),
            _ => new StoreReadOnlyException(Trouble ?? $"The disk failed to take it ({DiskErrors.Describe(error)}).", error),
        };
    }

    /// <summary>Once a second: while the store is read-only, finds out now and then whether it still must be. Does not wait for the disk,
    /// which may hang.</summary>
    public void Tick()
    {
        if (Trouble is not null && _time.GetMilliseconds() - Volatile.Read(ref _probedMs) >= ProbeInterval.TotalMilliseconds)
        {
            _ = Task.Run(TryRecover);
        }
    }

    /// <summary>Probes, and ends the state when the disk takes it.</summary>
    public void TryRecover()
    {
        if (Interlocked.Exchange(ref _isProbing, 1) == 1)
        {
            return;
        }

        try
        {
            if (Trouble is not null && Probe(null))
            {
                lock (_gate)
                {
                    Volatile.Write(ref _trouble, null);
                }

                StoreLog.Writable(_logger, _path);
            }
        }
        finally
        {
            Volatile.Write(ref _probedMs, _time.GetMilliseconds());
            Volatile.Write(ref _isProbing, 0);
        }
    }

    /// <summary>Whether the disk takes a small file. One that has no room for it is full and not failing.</summary>
    private bool Probe(Exception? cause)
    {
        try
        {
            _probe();
            return true;
        }
        catch (Exception error) when (DiskErrors.Of(error) is DiskError.Full or DiskError.Busy)
        {
            // Of a lack of open files nothing can be learnt: what was so stays so.
            return DiskErrors.Of(error) == DiskError.Full || cause is not null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private void BecomeReadOnly(Exception error)
    {
        lock (_gate)
        {
            if (_trouble is not null)
            {
                return;
            }

            Volatile.Write(ref _probedMs, _time.GetMilliseconds());
            Volatile.Write(
                ref _trouble,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"The store's disk fails ({DiskErrors.Describe(error)}): it is read-only until it can be written again, which is tried "
                    + $"every {ProbeInterval.TotalSeconds:F0} seconds."));
        }

        StoreLog.ReadOnly(_logger, _path, DiskErrors.Describe(error));
    }
}
