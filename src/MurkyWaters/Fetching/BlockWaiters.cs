namespace MurkyWaters.Fetching;

/// <summary>Readers that stand before blocks which are not here. A block that comes wakes those who wait for it, on threads of their own.
/// Thread-safe.</summary>
internal sealed class BlockWaiters
{
    private readonly Lock _gate = new();
    private readonly Dictionary<int, TaskCompletionSource> _waiters = [];
    private bool _isOver;

    /// <summary>What to await before a block; null when it is here.</summary>
    /// <param name="held">What is here.</param>
    /// <param name="blockIndex">The block.</param>
    /// <param name="isOver">Whether it never comes.</param>
    public Task? Find(IHeldBlocks held, int blockIndex, out bool isOver)
    {
        lock (_gate)
        {
            // Under the lock: a block that comes after this look finds the waiter.
            isOver = false;
            if (held.HasBlock(blockIndex))
            {
                return null;
            }

            isOver = _isOver;
            if (isOver)
            {
                return null;
            }

            if (!_waiters.TryGetValue(blockIndex, out var waiter))
            {
                _waiters[blockIndex] = waiter = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }

            return waiter.Task;
        }
    }

    /// <summary>A block is here.</summary>
    public void Wake(int blockIndex)
    {
        TaskCompletionSource? waiter;
        lock (_gate)
        {
            _waiters.Remove(blockIndex, out waiter);
        }

        waiter?.TrySetResult();
    }

    /// <summary>No block comes any more.</summary>
    public void End()
    {
        lock (_gate)
        {
            _isOver = true;
            foreach (var waiter in _waiters.Values)
            {
                waiter.TrySetResult();
            }

            _waiters.Clear();
        }
    }
}
