namespace MurkyWaters.Fetching;

/// <summary>The transfers that are over, as many as people look back for.</summary>
internal sealed class TransferLog
{
    private const int CountMax = 200;

    private readonly Lock _gate = new();
    private readonly Queue<TransferSnapshot> _ended = new();
    private long _lastNumber;

    /// <summary>The next number.</summary>
    public long NextNumber() => Interlocked.Increment(ref _lastNumber);

    public void Add(TransferSnapshot transfer)
    {
        lock (_gate)
        {
            _ended.Enqueue(transfer);
            if (_ended.Count > CountMax)
            {
                _ended.Dequeue();
            }
        }
    }

    /// <summary>In the order in which they ended.</summary>
    public TransferSnapshot[] ToArray()
    {
        lock (_gate)
        {
            return [.. _ended];
        }
    }
}
