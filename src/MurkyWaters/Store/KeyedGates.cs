namespace MurkyWaters.Store;

/// <summary>Lets one at a time through for each key, and keeps nothing of keys that nobody is at. Those of other keys never wait.
/// Thread-safe.</summary>
internal sealed class KeyedGates<TKey>
    where TKey : notnull
{
    private readonly Dictionary<TKey, Gate> _gates = [];
    private readonly Lock _lock = new();

    /// <summary>Keys that somebody has the turn of, or waits for.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _gates.Count;
            }
        }
    }

    /// <summary>Waits for the key's turn.</summary>
    public async Task<Turn> EnterAsync(TKey key, CancellationToken cancellationToken)
    {
        var gate = Join(key);
        try
        {
            await gate.Semaphore.WaitAsync(cancellationToken);
            return new Turn(this, key, gate);
        }
        catch
        {
            Leave(key, gate);
            throw;
        }
    }

    /// <summary>As <see cref="EnterAsync"/>, on a thread that may wait.</summary>
    public Turn Enter(TKey key)
    {
        var gate = Join(key);
        gate.Semaphore.Wait();
        return new Turn(this, key, gate);
    }

    /// <summary>Takes the key's turn if nobody has it.</summary>
    public bool TryEnter(TKey key, out Turn turn)
    {
        var gate = Join(key);
        if (gate.Semaphore.Wait(0))
        {
            turn = new Turn(this, key, gate);
            return true;
        }

        Leave(key, gate);
        turn = default;
        return false;
    }

    private Gate Join(TKey key)
    {
        lock (_lock)
        {
            if (!_gates.TryGetValue(key, out var gate))
            {
                _gates[key] = gate = new Gate();
            }

            gate.UserCount++;
            return gate;
        }
    }

    private void Leave(TKey key, Gate gate)
    {
        lock (_lock)
        {
            if (--gate.UserCount == 0)
            {
                _gates.Remove(key);
                gate.Semaphore.Dispose();
            }
        }
    }

    /// <summary>The right to go on, until disposed (once).</summary>
    internal readonly struct Turn(KeyedGates<TKey> gates, TKey key, Gate gate) : IDisposable
    {
        /// <inheritdoc/>
        public void Dispose()
        {
            gate.Semaphore.Release();
            gates.Leave(key, gate);
        }
    }

    /// <summary>One key's.</summary>
    internal sealed class Gate
    {
        /// <summary>One at a time.</summary>
        public SemaphoreSlim Semaphore { get; } = new(1);

        /// <summary>Who is through and who waits; under the lock.</summary>
        public int UserCount { get; set; }
    }
}
