using System.Collections.Immutable;

namespace PouringRain.Protocol.Cluster;

/// <summary>What the owner of a <see cref="Replication"/> is to do.</summary>
public enum ReplicationActionKind
{
    /// <summary>Fetch the version from the sources and keep it, whatever older one is here.</summary>
    Fetch,

    /// <summary>Commit the tombstone, if it is newer than what is here.</summary>
    Bury,

    /// <summary>The version counts as a replica no longer, and may be evicted: enough others keep it.</summary>
    Demote,

    /// <summary>The cached version is to be kept from now on.</summary>
    Promote,

    /// <summary>Remove the version, if it is still the one that is here: a tombstone that all have had for long, a copy that is outdated
    /// and has no place here, or one of what was deleted so long ago that nobody knows it any more.</summary>
    Forget,

    /// <summary>Write <see cref="ReplicationAction.Marks"/> to the disk before any action that comes after. It is not reported.</summary>
    SaveMarks,
}

/// <summary>How an action ended.</summary>
public enum ReplicationOutcome
{
    /// <summary>It is done, and the index says so; or there was nothing to be done any more.</summary>
    Done,

    /// <summary>It failed, and is asked for again.</summary>
    Failed,

    /// <summary>There is no room for it.</summary>
    NoRoom,

    /// <summary>No source has the version any more.</summary>
    NoSuch,
}

/// <summary>Something for the owner to do; actions are begun in the order in which they come.</summary>
/// <param name="Kind">What.</param>
/// <param name="Id">The resource; of no meaning for marks.</param>
/// <param name="Version">The version.</param>
public sealed record ReplicationAction(ReplicationActionKind Kind, ResourceId Id, ReplicaVersion Version)
{
    /// <summary>Where the version can be fetched: all addresses of all nodes that are known to have it.</summary>
    public ImmutableArray<PeerAddress> Sources { get; init; } = [];

    /// <summary>Whether a fetch mends, and is held to <see cref="ReplicationOptions.RepairBytesPerSecond"/>: what was just made is
    /// not.</summary>
    public bool IsMending { get; init; }

    /// <summary>The tombstone to commit.</summary>
    public Manifest? Tombstone { get; init; }

    /// <summary>The marks to save.</summary>
    public ReplicationMarks Marks { get; init; }
}
