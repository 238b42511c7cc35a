namespace MurkyWaters.Tests;

/// <summary>A clock that stands still while something works, and jumps to the next timer when all wait.</summary>
internal sealed class JumpingTime : TimeProvider, IDisposable
{
    private readonly Lock _gate = new();
    private readonly List<JumpingTimer> _timers = [];
    private readonly SemaphoreSlim _added = new(0);
    private DateTimeOffset _now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => GetUtcNow().Ticks;

    public override DateTimeOffset GetUtcNow()
    {
        lock (_gate)
        {
            return _now;
        }
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new JumpingTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Jumps from timer to timer, of one that works and waits in turns, until a condition holds that is looked at while it
    /// waits.</summary>
    public async Task JumpUntilAsync(Func<bool> condition)
    {
        while (true)
        {
            JumpingTimer? next;
            lock (_gate)
            {
                next = _timers.MinBy(timer => timer.Due);
            }

            if (next is null)
            {
                await _added.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
                continue;
            }

            if (condition())
            {
                return;
            }

            lock (_gate)
            {
                if (!_timers.Remove(next))
                {
                    continue;
                }

                _now = next.Due > _now ? next.Due : _now;
            }

            next.Fire();
        }
    }

    public void Dispose() => _added.Dispose();

    private sealed class JumpingTimer(JumpingTime time, TimerCallback callback, object? state) : ITimer
    {
        public DateTimeOffset Due { get; private set; }

        public void Fire() => callback(state);

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (time._gate)
            {
                time._timers.Remove(this);
                if (dueTime != Timeout.InfiniteTimeSpan)
                {
                    Due = time._now + dueTime;
                    time._timers.Add(this);
                    time._added.Release();
                }
            }

            return true;
        }

        public void Dispose()
        {
            lock (time._gate)
            {
                time._timers.Remove(this);
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
