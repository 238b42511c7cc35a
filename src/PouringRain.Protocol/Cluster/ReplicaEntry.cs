namespace PouringRain.Protocol.Cluster;

/// <summary>What a node has of one resource.</summary>
/// <param name="Id">The resource.</param>
/// <param name="Replica">The copy.</param>
public readonly record struct ReplicaEntry(ResourceId Id, Replica Replica)
{
    /// <summary>Whether the copy may be of what was deleted so long ago that the others have forgotten it.</summary>
    internal bool IsInDoubt { get; init; }

    /// <summary>The code that a tombstone names, of which it is made together with its stamp.</summary>
    internal string? Code { get; init; }
}
