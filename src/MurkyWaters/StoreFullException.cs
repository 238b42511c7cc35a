namespace MurkyWaters;

/// <summary>The disk or the quota has no room.</summary>
public sealed class StoreFullException : StoreException
{
    /// <inheritdoc/>
    public StoreFullException()
        : this("The store is full.")
    {
    }

    /// <inheritdoc/>
    public StoreFullException(string message)
        : base(message)
    {
    }

    /// <inheritdoc/>
    public StoreFullException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
