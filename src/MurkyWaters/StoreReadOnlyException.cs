namespace MurkyWaters;

/// <summary>The disk fails or may not be written. The store takes nothing until it may again; what it has is read and rained on.</summary>
public sealed class StoreReadOnlyException : StoreException
{
    /// <inheritdoc/>
    public StoreReadOnlyException()
        : this("The store's disk fails.")
    {
    }

    /// <inheritdoc/>
    public StoreReadOnlyException(string message)
        : base(message)
    {
    }

    /// <inheritdoc/>
    public StoreReadOnlyException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }
}
