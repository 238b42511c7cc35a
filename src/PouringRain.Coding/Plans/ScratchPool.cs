namespace PouringRain.Coding.Plans;

/// <summary>
/// Keeps scratch memory for reuse. What is rented and not returned is lost to the collector and nothing worse; no more is kept than there
/// are processors, since scratch is only held while one of them computes.
/// </summary>
internal sealed class ScratchPool<T>(Func<T> create)
    where T : class
{
    private readonly T?[] _kept = new T?[Environment.ProcessorCount + 1];

    /// <summary>Takes one that is kept, or makes one.</summary>
    public T Rent()
    {
        for (var i = 0; i < _kept.Length; i++)
        {
            if (_kept[i] is not null && Interlocked.Exchange(ref _kept[i], null) is { } found)
            {
                return found;
            }
        }

        return create();
    }

    /// <summary>Lets go of all that is kept.</summary>
    public void Clear() => Array.Clear(_kept);

    /// <summary>Gives one back, which the caller must not touch any more.</summary>
    public void Return(T scratch)
    {
        for (var i = 0; i < _kept.Length; i++)
        {
            if (_kept[i] is null && Interlocked.CompareExchange(ref _kept[i], scratch, null) is null)
            {
                return;
            }
        }
    }
}
