using System.Collections.Concurrent;
using PouringRain.Protocol;

namespace PouringRain.Network;

/// <summary>The threads that decode and verify. Their queue is bounded by whoever adds to it: <see cref="Capacity"/>.</summary>
internal sealed class BlockWorkers : IDisposable
{
    private readonly BlockingCollection<(FetchFlow Flow, BlockWork Work)> _queue = [];
    private readonly Thread[] _threads;
    private long _blocks;
    private long _ticks;

    public BlockWorkers(int count)
    {
        Capacity = count * 4;
        _threads = new Thread[count];
        for (var i = 0; i < count; i++)
        {
            _threads[i] = new Thread(Run) { IsBackground = true, Name = $"block worker {i}" };
            _threads[i].Start();
        }
    }

    /// <summary>Works that may be out at once, of each loop: every thread's one, and enough more that none waits for the loop.</summary>
    public int Capacity { get; }

    /// <summary>How many blocks were worked on, and the time of all threads that took.</summary>
    public (long Blocks, TimeSpan Time) Done => (Interlocked.Read(ref _blocks), new TimeSpan(Interlocked.Read(ref _ticks)));

    /// <summary>Has a block worked on.</summary>
    public void Add(FetchFlow flow, BlockWork work) => _queue.Add((flow, work));

    /// <summary>Ends the threads, which have nothing to do any more.</summary>
    public void Dispose()
    {
        _queue.CompleteAdding();
        foreach (var thread in _threads)
        {
            thread.Join();
        }

        _queue.Dispose();
    }

    private void Run()
    {
        foreach (var (flow, work) in _queue.GetConsumingEnumerable())
        {
            var began = MonotonicClock.Now;
            flow.RunWork(work);
            Interlocked.Add(ref _ticks, (MonotonicClock.Now - began).Ticks);
            Interlocked.Increment(ref _blocks);
        }
    }
}
