namespace MurkyWaters;

/// <summary>The store could not do what it was asked to, for a reason outside of the
/// program. What was there before is there still.</summary>
public abstract class StoreException : IOException
{
    /// <inheritdoc/>
    protected StoreException(string message)
        : base(message)
    {
    }

    /// <inheritdoc/>
    protected StoreException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }
}
