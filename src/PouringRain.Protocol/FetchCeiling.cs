namespace PouringRain.Protocol;

/// <summary>A ceiling over all that some fetches order: they share it equally, and those that are not held by it just now take no part.
/// Thread-safe.</summary>
public sealed class FetchCeiling
{
    private int _heldCount;

    private FetchCeiling(long rateBytesPerSecond) => RateBytesPerSecond = rateBytesPerSecond;

    /// <summary>Bytes of datagrams a second.</summary>
    public long RateBytesPerSecond { get; }

    /// <summary>Makes one; none for 0.</summary>
    public static FetchCeiling? Of(long rateBytesPerSecond)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rateBytesPerSecond);
        return rateBytesPerSecond == 0 ? null : new FetchCeiling(rateBytesPerSecond);
    }

    /// <summary>Makes the part of one fetch, which is not held at first.</summary>
    public FetchCeilingShare Join() => new(this);

    internal int HeldCount => Volatile.Read(ref _heldCount);

    internal void Note(bool isHeld)
    {
        if (isHeld)
        {
            Interlocked.Increment(ref _heldCount);
        }
        else
        {
            Interlocked.Decrement(ref _heldCount);
        }
    }
}

/// <summary>One fetch's part in a <see cref="FetchCeiling"/>. Its owner says when the fetch is held by it. Thread-safe.</summary>
public sealed class FetchCeilingShare
{
    /// <summary>A source that brings less than this is taken for one that brings nothing, and left.</summary>
    private const long RateMin = 64 * 1024;

    private readonly FetchCeiling _ceiling;
    private int _isHeld;

    internal FetchCeilingShare(FetchCeiling ceiling) => _ceiling = ceiling;

    /// <summary>Whether the fetch is held just now; one that is over must not be.</summary>
    public bool IsHeld
    {
        get => Volatile.Read(ref _isHeld) != 0;
        set
        {
            if (Interlocked.Exchange(ref _isHeld, value ? 1 : 0) != 0 != value)
            {
                _ceiling.Note(value);
            }
        }
    }

    /// <summary>Bytes of datagrams a second that the fetch may order now, of all its sources together; <see cref="long.MaxValue"/> while it
    /// is not held, and never less than 64 KiB.</summary>
    public long RateBytesPerSecond =>
        IsHeld ? Math.Max(RateMin, _ceiling.RateBytesPerSecond / Math.Max(1, _ceiling.HeldCount)) : long.MaxValue;
}
