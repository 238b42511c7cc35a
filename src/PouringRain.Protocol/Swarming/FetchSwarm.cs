namespace PouringRain.Protocol;

/// <summary>How a fetch takes part in the swarm of the version that it fetches.</summary>
public sealed record FetchSwarm
{
    /// <summary>The node's table: whoever tells the node's servers that it fetches the version is one to turn to.</summary>
    public required SwarmTable Table { get; init; }

    /// <summary>Who the node is.</summary>
    public required NodeId Node { get; init; }

    /// <summary>Where it rains on what it holds; 0 when it shares nothing.</summary>
    public ushort RainPort { get; init; }

    /// <summary>It turns to others until it has so many neighbours, counting those that have turned to it: who came last has as many as
    /// the first.</summary>
    public int NeighbourCountSought { get; init; } = 8;

    /// <summary>Neighbours that it has at most, with those that have turned to it.</summary>
    public int NeighbourCountMax { get; init; } = 12;

    /// <summary>A manifest of no more bytes is here before others that have it are found: these are looked for afterwards.</summary>
    public int ShortManifestBytes { get; init; } = 4 * ResourceLayout.UsualSymbolSize;

    /// <summary>How long a neighbour that is known by the word of others alone may bring nothing before it is replaced.</summary>
    public TimeSpan UselessAfter { get; init; } = TimeSpan.FromSeconds(3);
}
