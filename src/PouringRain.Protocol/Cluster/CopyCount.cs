namespace PouringRain.Protocol.Cluster;

/// <summary>Where copies of a resource are: all but one of those nodes, or of those zones, can be lost without it.</summary>
/// <param name="Nodes">Nodes that keep it.</param>
/// <param name="Zones">Zones that those are in; nodes that name none are in one together.</param>
public readonly record struct CopyCount(int Nodes, int Zones)
{
    /// <summary>More than there can be.</summary>
    public static CopyCount Most { get; } = new(int.MaxValue, int.MaxValue);

    /// <summary>The lesser of each.</summary>
    public static CopyCount Least(CopyCount left, CopyCount right) =>
        new(Math.Min(left.Nodes, right.Nodes), Math.Min(left.Zones, right.Zones));

    /// <summary>What is left when so many are away, whichever they are.</summary>
    public CopyCount Without(int nodes, int zones) => new(Math.Max(0, Nodes - nodes), Math.Max(0, Zones - zones));
}
