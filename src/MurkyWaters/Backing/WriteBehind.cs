using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using MurkyWaters.Store;
using MurkyWaters.Store.Catalog;
using PouringRain.Protocol;

namespace MurkyWaters.Backing;

/// <summary>
/// Puts what is kept here into the object store, a few at a time, small things beside large ones. What is to be put stands in the catalog
/// (the table <c>backing</c>), in the same transaction that has made it the newest version, until it is known to be there: nothing is
/// forgotten or given up, whatever ends the process. What fails for what it is waits longer each time; while the store as a whole is of no
/// use one is tried now and then. Nobody who puts a resource waits for any of this.
/// </summary>
internal sealed class WriteBehind
{
    /// <summary>Of these at most <see cref="LargeMax"/> have more than <see cref="SmallBytes"/>.</summary>
    private const int RunningMax = 6, LargeMax = 2, SmallBytes = 1024 * 1024;

    /// <summary>Rows that all resources are queued in at a time, when there is a new object store.</summary>
    private const int SeededAtOnce = 2000;

    private const int FailedShown = 20, ReasonLengthMax = 500;

    /// <summary>Of the time no more than one part of so many goes into counting what waits.</summary>
    private const int SumPart = 20;

    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(10), PauseMax = TimeSpan.FromMinutes(10);

    private readonly ResourceStore _store;
    private readonly ObjectStore _objects;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly CancellationToken _stopping;
    private readonly Channel<bool> _wakes = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    private readonly Dictionary<ResourceId, (Task Task, bool IsLarge)> _running = [];
    private readonly Task _work;
    private readonly Lock _sumGate = new();
    private (long Count, long Bytes, IReadOnlyList<BackingFailure> Failed) _sum = (0, 0, []);
    private TimeSpan _sumTime;
    private long _summedAt;
    private volatile bool _isChanged = true;
    private long _settled;
    private long _sampledBytes;
    private long _sampledAt;
    private double _rate;

    /// <summary>Begins.</summary>
    public WriteBehind(ResourceStore store, ObjectStore objects, ILogger logger, CancellationToken stopping)
    {
        _store = store;
        _objects = objects;
        _logger = logger;
        _time = store.Options.Time;
        _stopping = stopping;
        _sampledAt = _time.GetTimestamp();
        store.BackingQueued = () =>
        {
            _isChanged = true;
            _wakes.Writer.TryWrite(true);
        };
        _work = Task.Run(RunAsync, CancellationToken.None);
    }

    /// <summary>How it fares. Of a long queue the sums are some seconds old, so that to count it costs little of what is done.</summary>
    public BackingFigures Figures
    {
        get
        {
            var (count, bytes, failed) = Sum();
            var rate = (long)Volatile.Read(ref _rate);
            return new BackingFigures
            {
                Name = _objects.Name,
                IsConnected = _objects.Health.IsConnected,
                Trouble = _objects.Health.Trouble,
                Waiting = count,
                BytesLeft = bytes,
                RateBytesPerSecond = rate,
                EtaSeconds = count == 0 ? 0 : rate == 0 ? null : (double)bytes / rate,
                Failed = failed,
                Settled = Interlocked.Read(ref _settled),
                Wrong = _objects.WrongCount,
                Traffic = _objects.Traffic,
            };
        }
    }

    /// <summary>Once a second: measures the pace, over some ten seconds.</summary>
    public void Tick()
    {
        var (bytes, seconds) = (_objects.Traffic.BytesPut, _time.GetElapsedTime(_sampledAt).TotalSeconds);
        if (seconds > 0.5)
        {
            var rate = (0.8 * _rate) + (0.2 * ((bytes - _sampledBytes) / seconds));
            Volatile.Write(ref _rate, rate < 1 ? 0 : rate);
            (_sampledBytes, _sampledAt) = (bytes, _time.GetTimestamp());
        }
    }

    /// <summary>Ends when all that was begun has been let go of, after the token.</summary>
    public Task StopAsync() => _work;

    private (long Count, long Bytes, IReadOnlyList<BackingFailure> Failed) Sum()
    {
        lock (_sumGate)
        {
            if (_isChanged && _time.GetElapsedTime(_summedAt) >= _sumTime * SumPart)
            {
                try
                {
                    _isChanged = false;
                    var began = _time.GetTimestamp();
                    var (count, bytes, _) = _store.Catalog.SumBacking();
                    _sum = (count, bytes, _store.Catalog.FindNotBacked(FailedShown));
                    (_summedAt, _sumTime) = (_time.GetTimestamp(), _time.GetElapsedTime(began));
                }
                catch (StoreException)
                {
                    // As it was last seen.
                    _isChanged = true;
                }
            }

            return _sum;
        }
    }

    private long NowUnixMs => _time.GetUtcNow().ToUnixTimeMilliseconds();

    private async Task RunAsync()
    {
        var isSeeded = false;
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                isSeeded = isSeeded || await SeedAsync();
                Start();
                await WaitAsync();
            }
            catch (Exception error) when (error is not OperationCanceledException)
            {
                // The disk's trouble is told by others; whatever else it is, what waits must not be given up for it.
                if (error is not StoreException)
                {
                    BackingLog.QueueFailed(_logger, error);
                }

                await Task.Delay(LookInterval, _time, _stopping).ContinueWith(static _ => { }, TaskScheduler.Default);
            }
            catch (OperationCanceledException)
            {
                // The node stops.
            }
        }

        await Task.WhenAll(_running.Values.Select(running => running.Task));
    }

    /// <summary>Queues all that is kept when the object store is not the one that the queue is for. A start that is stopped half way does
    /// so again: what is there already takes one look.</summary>
    private async Task<bool> SeedAsync()
    {
        var mark = unchecked((long)Sha256Digest.Of(System.Text.Encoding.UTF8.GetBytes(_objects.Name)).Tag);
        var catalog = _store.Catalog;
        if (catalog.ReadBackingMark() == mark)
        {
            await catalog.HurryBackingAsync(NowUnixMs);
            return true;
        }

        for (long? key = long.MinValue; key is { } from;)
        {
            _stopping.ThrowIfCancellationRequested();
            key = await catalog.SeedBackingAsync(from, SeededAtOnce, NowUnixMs);
        }

        await catalog.NoteBackingMarkAsync(mark);
        _isChanged = true;
        BackingLog.Seeded(_logger, catalog.SumBacking().Count, _objects.Name);
        return true;
    }

    /// <summary>Begins as many as there is place for.</summary>
    private void Start()
    {
        foreach (var (id, running) in _running.ToArray())
        {
            if (running.Task.IsCompleted)
            {
                _running.Remove(id);
            }
        }

        if (_objects.Health.PauseLeft > TimeSpan.Zero)
        {
            return;
        }

        // What is of no use is tried with one thing, and small things do not wait for large ones.
        var countMax = _objects.Health.Trouble is null ? RunningMax : 1;
        var now = NowUnixMs;
        foreach (var (bytesMax, placesMax) in ((long, int)[])[(SmallBytes, RunningMax), (long.MaxValue, LargeMax)])
        {
            if (_running.Count >= countMax)
            {
                return;
            }

            foreach (var item in _store.Catalog.FindBackingDue(now, bytesMax, RunningMax + _running.Count))
            {
                var isLarge = item.Bytes > SmallBytes;
                if (_running.Count < countMax && !_running.ContainsKey(item.Id)
                    && (!isLarge || _running.Values.Count(running => running.IsLarge) < placesMax))
                {
                    _running.Add(item.Id, (Task.Run(() => PutAsync(item), CancellationToken.None), isLarge));
                }
            }
        }
    }

    /// <summary>Waits until something ends, comes, or is to be tried again.</summary>
    private async Task WaitAsync()
    {
        var wait = LookInterval;
        var pause = _objects.Health.PauseLeft;
        if (pause > TimeSpan.Zero)
        {
            wait = pause;
        }
        else if (_running.Count == 0 && _store.Catalog.SumBacking().NextUnixMs is { } next)
        {
            wait = TimeSpan.FromMilliseconds(Math.Clamp(next - NowUnixMs, 10, LookInterval.TotalMilliseconds));
        }

        using var over = CancellationTokenSource.CreateLinkedTokenSource(_stopping);
        var woken = pause > TimeSpan.Zero ? Task.Delay(wait, _time, over.Token) : _wakes.Reader.WaitToReadAsync(over.Token).AsTask();
        await Task.WhenAny([Task.Delay(wait, _time, over.Token), woken, .. _running.Values.Select(running => running.Task)]);
        await over.CancelAsync();
        _wakes.Reader.TryRead(out _);
    }

    /// <summary>Never throws.</summary>
    private async Task PutAsync(BackingItem item)
    {
        try
        {
            StoreEntry? entry;
            using (await _store.EnterAsync(item.Id, _stopping))
            {
                // The row is seen before the change that has made it is over: only then is what it tells of found.
                entry = _store.FindEntry(item.Id);
            }

            // What is not here any more, others have, or it was lost and will be queued anew when it comes back.
            if (entry is not null)
            {
                await PutAsync(entry);
            }

            await _store.Catalog.NoteBackedAsync(entry is null ? item : item with { Stamp = entry.Resource.Manifest.Stamp });
            _isChanged = true;
            Interlocked.Increment(ref _settled);
        }
        catch (BackEndException error) when (error.IsOfAll)
        {
            // Told once for all, and no fault of this one.
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            await NoteFailedAsync(item, error);
        }
        catch (OperationCanceledException)
        {
            // The node stops; it goes on at the next start.
        }
    }

    private Task PutAsync(StoreEntry entry)
    {
        var (id, manifest) = (entry.Resource.Id, entry.Resource.Manifest);
        return _objects.PutAsync(id, manifest, entry.IsTombstone ? null : () => Open(entry), _stopping);
    }

    private StoredBody Open(StoreEntry entry) =>
        StoredReader.TryOpen(_store, entry, new OpenOptions { Source = OpenSource.LocalOnly, DemandLength = 0 }) is { } reader
            ? new StoredBody(reader)
            : throw new IOException("Its bytes were replaced or set aside just now.");

    private async Task NoteFailedAsync(BackingItem item, Exception error)
    {
        var pause = TimeSpan.FromSeconds(Math.Min(PauseMax.TotalSeconds, Math.Pow(2, Math.Min(item.Tries, 20))));
        var reason = error.Message.Length > ReasonLengthMax ? error.Message[..ReasonLengthMax] : error.Message;
        BackingLog.NotPut(_logger, item.Id, item.Tries + 1, reason);
        try
        {
            await _store.Catalog.NoteNotBackedAsync(item, NowUnixMs + (long)pause.TotalMilliseconds, reason);
            _isChanged = true;
        }
        catch (Exception again) when (again is IOException or ObjectDisposedException or ChannelClosedException)
        {
            // The disk fails, which others tell. The row is as it was, so the pause is made here.
            await Task.Delay(pause, _time, _stopping).ContinueWith(static _ => { }, TaskScheduler.Default);
        }
    }
}
