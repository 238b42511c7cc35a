namespace MurkyWaters;

/// <summary>The machine has no more open files or no more memory to give just now.</summary>
public sealed class StoreBusyException : StoreException
{
    /// <inheritdoc/>
    public StoreBusyException()
        : this("The machine has nothing more to give.")
    {
    }

    /// <inheritdoc/>
    public StoreBusyException(string message)
        : base(message)
    {
    }

    /// <inheritdoc/>
    public StoreBusyException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }
}
