using PouringRain.Protocol;

namespace MurkyWaters.Fetching;

/// <summary>
/// The memory of all fetches that rain, and how many those are: each gets a window when it begins, smaller as less is left, and when too
/// little is left for one it stands in line, in which networks take turns. Thread-safe.
/// </summary>
internal sealed class FetchBudget
{
    /// <summary>Of what is left a fetch gets no more than this part, so that the next ones find something.</summary>
    private const int PartOfRest = 8;

    /// <summary>Fetches that may stand in line; a network may have as many of these places as it leaves to others.</summary>
    private const int WaitingMax = 1024;

    private readonly Lock _gate = new();
    private readonly Dictionary<Bits128, Queue<Waiter>> _lines = [];
    private readonly Queue<Bits128> _turns = new();
    private readonly long _windowMax;
    private readonly TimeProvider _time;
    private long _bytesUsed;
    private int _count;
    private int _waitingCount;
    private long _movedAt;

    /// <param name="bytesMax">Bytes of blocks that all of them may have in work.</param>
    /// <param name="countMax">How many may rain at once.</param>
    /// <param name="windowMax">Bytes of blocks that one of them may have in work.</param>
    /// <param name="time">The clock of those who wait.</param>
    public FetchBudget(long bytesMax, int countMax, long windowMax, TimeProvider time)
    {
        BytesMax = bytesMax;
        CountMax = countMax;
        _windowMax = windowMax;
        _time = time;
    }

    public long BytesMax { get; }

    public int CountMax { get; }

    /// <summary>What is given out, to how many, and how many stand in line.</summary>
    public (long Bytes, int Count, int Waiting) Used
    {
        get
        {
            lock (_gate)
            {
                return (_bytesUsed, _count, _waitingCount);
            }
        }
    }

    /// <summary>A window at once while more than half is free, for who does not know yet whether there is anything to fetch; or
    /// null.</summary>
    /// <param name="bytesMin">Without these it is of no use: two blocks.</param>
    public Grant? TryEnter(long bytesMin)
    {
        lock (_gate)
        {
            return _waitingCount > 0 || _count > (CountMax - 1) / 2 || _bytesUsed > BytesMax / 2 ? null : TryGrant(bytesMin);
        }
    }

    /// <summary>A window as soon as there is one; null when the line is too long, or stood still too long.</summary>
    /// <param name="network">For whom.</param>
    /// <param name="bytesMin">Without these it is of no use: two blocks.</param>
    /// <param name="patience">How long it waits at the most while nobody in the line gets a
    /// window: one that moves comes to everybody.</param>
    /// <param name="cancellationToken">Ends the waiting, as if it had taken too long.</param>
    public async Task<Grant?> EnterAsync(Bits128 network, long bytesMin, TimeSpan patience, CancellationToken cancellationToken)
    {
        Waiter waiter;
        lock (_gate)
        {
            if (_waitingCount == 0 && TryGrant(bytesMin) is { } grant)
            {
                return grant;
            }

            var line = _lines.GetValueOrDefault(network);
            if (_waitingCount >= WaitingMax || (line?.Count ?? 0) >= Math.Max(1, WaitingMax - _waitingCount))
            {
                return null;
            }

            waiter = new Waiter(bytesMin);
            if (line is null)
            {
                _lines.Add(network, line = new Queue<Waiter>());
                _turns.Enqueue(network);
            }

            line.Enqueue(waiter);
            _waitingCount++;
        }

        var entered = _time.GetTimestamp();
        for (var left = patience; ;)
        {
            try
            {
                return await waiter.Granted.Task.WaitAsync(left, _time, cancellationToken);
            }
            catch (Exception e) when (e is TimeoutException or OperationCanceledException)
            {
                lock (_gate)
                {
                    if (waiter.Granted.Task.IsCompletedSuccessfully)
                    {
                        break;
                    }

                    left = patience - _time.GetElapsedTime(Math.Max(entered, _movedAt));
                    if (cancellationToken.IsCancellationRequested || left <= TimeSpan.Zero)
                    {
                        // It is passed over when its turn comes.
                        waiter.HasLeft = true;
                        _waitingCount--;
                        GiveOut();
                        return null;
                    }
                }
            }
        }

        return await waiter.Granted.Task;
    }

    private Grant? TryGrant(long bytesMin)
    {
        var rest = BytesMax - _bytesUsed;
        var bytes = Math.Min(_windowMax, Math.Max(bytesMin, rest / PartOfRest));

        // One alone gets what it needs, whatever that is, or it would wait for ever.
        if (_count > 0 && (_count >= CountMax || bytes > rest))
        {
            return null;
        }

        bytes = Math.Max(bytes, bytesMin);
        _bytesUsed += bytes;
        _count++;
        return new Grant(this, bytes);
    }

    private void Release(long bytes)
    {
        lock (_gate)
        {
            _bytesUsed -= bytes;
            _count--;
            GiveOut();
        }
    }

    /// <summary>One of each network in turn, as long as there is enough. Under the lock.</summary>
    private void GiveOut()
    {
        while (_turns.TryPeek(out var network))
        {
            var line = _lines[network];
            while (line.TryPeek(out var left) && left.HasLeft)
            {
                line.Dequeue();
            }

            if (line.TryPeek(out var first))
            {
                if (TryGrant(first.BytesMin) is not { } grant)
                {
                    return;
                }

                line.Dequeue();
                _waitingCount--;
                _movedAt = _time.GetTimestamp();
                first.Granted.SetResult(grant);
            }

            _turns.Dequeue();
            if (line.Count > 0)
            {
                _turns.Enqueue(network);
            }
            else
            {
                _lines.Remove(network);
            }
        }
    }

    /// <summary>A window, given back when it is disposed of.</summary>
    public sealed class Grant : IDisposable
    {
        private readonly FetchBudget _budget;
        private int _isReleased;

        internal Grant(FetchBudget budget, long bytes)
        {
            _budget = budget;
            Bytes = bytes;
        }

        /// <summary>Bytes of blocks that may be in work.</summary>
        public long Bytes { get; }

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _isReleased, 1) == 0)
            {
                _budget.Release(Bytes);
            }
        }
    }

    private sealed class Waiter(long bytesMin)
    {
        public long BytesMin { get; } = bytesMin;

        public bool HasLeft { get; set; }

        public TaskCompletionSource<Grant> Granted { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
