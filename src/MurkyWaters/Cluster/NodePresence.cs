namespace MurkyWaters.Cluster;

/// <summary>What the registry knows of a node's being there.</summary>
public enum NodePresence
{
    /// <summary>Its key is there: its process renews it.</summary>
    There,

    /// <summary>Its key is not there, and it is not taken off: a suspicion, nothing more. Engines that restart lose keys in bulk.</summary>
    Absent,

    /// <summary>It was taken off for good.</summary>
    Gone,
}
