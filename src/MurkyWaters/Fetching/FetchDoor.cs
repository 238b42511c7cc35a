namespace MurkyWaters.Fetching;

/// <summary>
/// Whether a fetch may still be joined. Who wants to join says so here and knows at once; the fetch hears of it a moment later, and closes
/// for want of interest only when it has heard of all who came in. Thread-safe.
/// </summary>
internal sealed class FetchDoor
{
    private const long Closed = long.MinValue;

    /// <summary>How many have come in, with the sign when it is closed.</summary>
    private long _state;

    public bool IsClosed => Volatile.Read(ref _state) < 0;

    /// <summary>How many have come in so far; after the closing, in all.</summary>
    public long EntryCount => Volatile.Read(ref _state) & ~Closed;

    /// <summary>Comes in; false when it is closed.</summary>
    public bool TryEnter()
    {
        while (true)
        {
            var state = Volatile.Read(ref _state);
            if (state < 0)
            {
                return false;
            }

            if (Interlocked.CompareExchange(ref _state, state + 1, state) == state)
            {
                return true;
            }
        }
    }

    /// <summary>Closes it unless more have come in than the fetch has heard of.</summary>
    public bool TryClose(long heardCount) =>
        Interlocked.CompareExchange(ref _state, heardCount | Closed, heardCount) is var before
            && (before == heardCount || before == (heardCount | Closed));

    /// <summary>Closes it whoever has come in.</summary>
    public void Close() => Interlocked.Or(ref _state, Closed);
}
