namespace PouringRain.Protocol.Cluster;

/// <summary>How a node of the cluster is.</summary>
public enum MemberState
{
    /// <summary>It answers.</summary>
    Up,

    /// <summary>It has been silent for a while: a suspicion, nothing more. It keeps its places.</summary>
    Late,

    /// <summary>It has been silent for so long that what it held is put elsewhere.</summary>
    Down,

    /// <summary>It answers, and gives away what it holds: no place for anything, but a source of what it has.</summary>
    Draining,

    /// <summary>It has said that it leaves for good, or was taken off the list.</summary>
    Gone,
}
