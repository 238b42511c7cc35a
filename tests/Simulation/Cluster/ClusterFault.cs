namespace Simulation.Cluster;

/// <summary>A mistake that is made on purpose, to see that it is found.</summary>
public enum ClusterFault
{
    /// <summary>None.</summary>
    None,

    /// <summary>Tombstones are forgotten before all have them.</summary>
    TombstoneForgottenEarly,

    /// <summary>What may be evicted counts as a replica.</summary>
    CachedCountsAsKept,

    /// <summary>Stamps are those of the wall clock, and nobody is asked before.</summary>
    WallClockStamps,
}
