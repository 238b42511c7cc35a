namespace Gateway.Hosting;

/// <summary>Counts the requests that need the node, and waits for them.</summary>
internal sealed class RunningRequests
{
    private readonly Lock _gate = new();
    private TaskCompletionSource? _none;
    private int _count;

    /// <summary>How many there are.</summary>
    public int Count => Volatile.Read(ref _count);

    public void Enter() => Interlocked.Increment(ref _count);

    public void Leave()
    {
        if (Interlocked.Decrement(ref _count) == 0)
        {
            lock (_gate)
            {
                _none?.TrySetResult();
            }
        }
    }

    /// <summary>Waits until there is none, or the token has had enough. None may come any more.</summary>
    public async Task WaitForNoneAsync(CancellationToken enough)
    {
        TaskCompletionSource none;
        lock (_gate)
        {
            none = _none ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            if (Count == 0)
            {
                none.TrySetResult();
            }
        }

        await Task.WhenAny(none.Task, Task.Delay(Timeout.InfiniteTimeSpan, enough));
    }
}
