using PouringRain.Protocol;

namespace MurkyWaters.Cluster;

/// <summary>Where the nodes of a cluster find each other, take turns and keep their jobs. What it holds grows with nodes and jobs, never
/// with resources. Opened, it works in the background until disposed; it never throws because the engine behind it is away, but where a
/// call says so. Disposing takes this node's key away, so that the others need not wait until it runs out. Thread-safe.</summary>
public interface IClusterRegistry : IAsyncDisposable
{
    /// <summary>What was read last.</summary>
    ClusterView View { get; }

    /// <summary>How it fares.</summary>
    RegistryStatus Status { get; }

    /// <summary>The jobs.</summary>
    IClusterJobs Jobs { get; }

    /// <summary>Makes this node known and keeps it so; again, when what it says of itself has changed. Does not wait: the view shows when
    /// it is done.</summary>
    /// <exception cref="ArgumentException">What it says is not within the bounds of <see cref="RegisteredNode"/>.</exception>
    void Register(RegisteredNode self);

    /// <summary>Waits for a view later than one.</summary>
    /// <param name="version">Of the view that is known.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    Task<ClusterView> NextViewAsync(long version, CancellationToken cancellationToken);

    /// <summary>Takes a node off for good; this one too, which then is no longer registered. A node whose process runs elsewhere is not
    /// taken off.</summary>
    /// <exception cref="ClusterUnavailableException">The engine cannot be reached.</exception>
    Task<NodeRemoval> RemoveAsync(NodeId id, CancellationToken cancellationToken);

    /// <summary>Waits for the turn of a key, over all nodes, in the order of asking.</summary>
    /// <param name="key">1 to 64 characters, as those of <see cref="IClusterJobs"/>.</param>
    /// <param name="timeout">How long.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>Null when others had it all the time.</returns>
    /// <exception cref="ClusterUnavailableException">The engine cannot be reached; known within seconds, whatever
    /// <paramref name="timeout"/> is.</exception>
    Task<IClusterTurn?> TryLockAsync(string key, TimeSpan timeout, CancellationToken cancellationToken);
}
