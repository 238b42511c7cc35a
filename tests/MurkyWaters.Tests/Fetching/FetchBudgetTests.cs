using MurkyWaters.Fetching;

namespace MurkyWaters.Tests.Fetching;

/// <summary>The memory of the fetches, divided.</summary>
public class FetchBudgetTests
{
    private const long Block = 1 << 20, Window = 64 * Block;

    private static readonly TimeSpan Long = TimeSpan.FromMinutes(4);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task WithPlentyOfMemoryEveryFetchHasAWholeWindow()
    {
        var budget = new FetchBudget(4096 * Block, 128, Window, TimeProvider.System);
        for (var i = 0; i < 32; i++)
        {
            Assert.Equal(Window, (await EnterAsync(budget, 1))!.Bytes);
        }
    }

    [Fact]
    public async Task NoMoreIsGivenThanThereIsAndTheRestWaits()
    {
        var budget = new FetchBudget(96 * Block, 128, Window, TimeProvider.System);
        var entries = Enumerable.Range(0, 64).Select(_ => EnterAsync(budget, 1)).ToList();
        var most = 0L;
        while (entries.Count > 0)
        {
            var (bytes, count, waiting) = budget.Used;
            most = Math.Max(most, bytes);
            Assert.Equal(entries.Count, count + waiting);
            Assert.All(await Task.WhenAll(entries.Take(count)), Assert.NotNull);
            (await entries[0])!.Dispose();
            entries.RemoveAt(0);
        }

        Assert.InRange(most, 90 * Block, 96 * Block);
        Assert.Equal((0, 0, 0), budget.Used);
    }

    [Fact]
    public async Task NetworksTakeTurnsHoweverManyOfOneStandInLine()
    {
        var budget = new FetchBudget(96 * Block, 1, Window, TimeProvider.System);
        var first = await EnterAsync(budget, 1);
        var many = Enumerable.Range(0, 100).Select(_ => EnterAsync(budget, 1)).ToList();
        var other = EnterAsync(budget, 2);
        first!.Dispose();
        (await many[0])!.Dispose();
        Assert.NotNull(await other);
        Assert.Equal(99, budget.Used.Waiting);
    }

    [Fact]
    public async Task WhoLeavesTheLineHoldsNothingUp()
    {
        var budget = new FetchBudget(96 * Block, 1, Window, TimeProvider.System);
        var first = await EnterAsync(budget, 1);
        Assert.Null(await budget.EnterAsync(1, 2 * Block, TimeSpan.Zero, Cancellation));
        using var left = new CancellationTokenSource();
        var second = budget.EnterAsync(1, 2 * Block, Long, left.Token);
        var third = EnterAsync(budget, 1);
        await left.CancelAsync();
        Assert.Null(await second);
        first!.Dispose();
        Assert.NotNull(await third);
        Assert.Equal(0, budget.Used.Waiting);
    }

    [Fact]
    public async Task PatienceIsCountedWhileTheLineStandsStill()
    {
        var time = new ManualTime();
        var patience = TimeSpan.FromSeconds(60);
        var budget = new FetchBudget(96 * Block, 1, Window, time);
        var holder = await EnterAsync(budget, 1);
        var line = Enumerable.Range(0, 4).Select(_ => budget.EnterAsync(1, 2 * Block, patience, Cancellation)).ToList();
        foreach (var next in line.Take(3))
        {
            time.Advance(TimeSpan.FromSeconds(50));
            holder!.Dispose();
            holder = await next;
            Assert.NotNull(holder);
        }

        time.Advance(TimeSpan.FromSeconds(59));
        Assert.Equal(1, budget.Used.Waiting);
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Null(await line[3]);
        Assert.Equal(0, budget.Used.Waiting);
    }

    [Fact]
    public async Task WhatIsLargerThanAllIsGivenAlone()
    {
        var budget = new FetchBudget(16 * Block, 8, Window, TimeProvider.System);
        var large = await budget.EnterAsync(1, 128 * Block, Long, Cancellation);
        Assert.Equal(128 * Block, large!.Bytes);
        var next = EnterAsync(budget, 1);
        Assert.False(next.IsCompleted);
        large.Dispose();
        Assert.NotNull(await next);
    }

    [Fact]
    public async Task WhoOnlyAsksTakesNoMoreThanHalf()
    {
        var budget = new FetchBudget(96 * Block, 8, Window, TimeProvider.System);
        var asking = Enumerable.Range(0, 20).Select(_ => budget.TryEnter(2 * Block)).Count(grant => grant is not null);
        Assert.Equal(4, asking);
        Assert.NotNull(await budget.EnterAsync(1, 2 * Block, TimeSpan.Zero, Cancellation));
    }

    private static Task<FetchBudget.Grant?> EnterAsync(FetchBudget budget, uint network) =>
        budget.EnterAsync(network, 2 * Block, Long, Cancellation);

    /// <summary>A clock that goes when it is told to.</summary>
    private sealed class ManualTime : TimeProvider
    {
        private readonly Lock _gate = new();
        private readonly List<ManualTimer> _timers = [];
        private TimeSpan _now = TimeSpan.FromDays(1);

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp()
        {
            lock (_gate)
            {
                return _now.Ticks;
            }
        }

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            lock (_gate)
            {
                var timer = new ManualTimer(callback, state) { Due = _now + dueTime };
                _timers.Add(timer);
                return timer;
            }
        }

        /// <summary>Goes on, second by second.</summary>
        public void Advance(TimeSpan by)
        {
            for (var step = TimeSpan.Zero; step < by; step += TimeSpan.FromSeconds(1))
            {
                List<ManualTimer> due;
                lock (_gate)
                {
                    _now += TimeSpan.FromSeconds(1);
                    due = [.. _timers.Where(timer => timer.Due <= _now)];
                    _timers.RemoveAll(due.Contains);
                }

                due.ForEach(timer => timer.Fire());
            }
        }

        private sealed class ManualTimer(TimerCallback callback, object? state) : ITimer
        {
            private volatile bool _isDisposed;

            public required TimeSpan Due { get; init; }

            public void Fire()
            {
                if (!_isDisposed)
                {
                    callback(state);
                }
            }

            public bool Change(TimeSpan dueTime, TimeSpan period) => true;

            public void Dispose() => _isDisposed = true;

            public ValueTask DisposeAsync()
            {
                Dispose();
                return ValueTask.CompletedTask;
            }
        }
    }
}
