namespace MurkyWaters;

/// <summary>The store's folder has what this program cannot open, and has not touched. The message says what to do.</summary>
public sealed class StoreFormatException : IOException
{
    /// <inheritdoc/>
    public StoreFormatException()
        : this("The store is of another format.")
    {
    }

    /// <inheritdoc/>
    public StoreFormatException(string message)
        : base(message)
    {
    }

    /// <inheritdoc/>
    public StoreFormatException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }
}
