namespace MurkyWaters.Cluster;

/// <summary>What became of taking a node off.</summary>
public enum NodeRemoval
{
    /// <summary>It is off, and stays so until it registers again.</summary>
    Removed,

    /// <summary>The registry knows no such node.</summary>
    Unknown,

    /// <summary>Its process runs and would register it again at once: end that first.</summary>
    StillThere,
}
