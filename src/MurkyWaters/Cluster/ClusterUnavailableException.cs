namespace MurkyWaters.Cluster;

/// <summary>The engine behind the registry cannot be reached, or cannot agree with itself, just now.</summary>
public sealed class ClusterUnavailableException : Exception
{
    /// <inheritdoc/>
    public ClusterUnavailableException()
        : this("The cluster's registry does not answer.")
    {
    }

    /// <inheritdoc/>
    public ClusterUnavailableException(string message)
        : base(message)
    {
    }

    /// <inheritdoc/>
    public ClusterUnavailableException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }
}
