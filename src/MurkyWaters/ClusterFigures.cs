using MurkyWaters.Cluster;
using PouringRain.Protocol;
using PouringRain.Protocol.Cluster;

namespace MurkyWaters;

/// <summary>How the cluster fares, as this node sees it: sums over what the nodes that answer say.</summary>
public sealed record ClusterFigures
{
    /// <summary>The cluster's name.</summary>
    public required string Name { get; init; }

    /// <summary>How the registry fares; null without one.</summary>
    public required RegistryStatus? Registry { get; init; }

    /// <summary>How many nodes are in each state; those that are gone are not among them.</summary>
    public required IReadOnlyDictionary<MemberState, int> Nodes { get; init; }

    /// <summary>The zones that nodes name, in their order.</summary>
    public required IReadOnlyList<string> Zones { get; init; }

    /// <summary>Nodes that are to keep each resource; 0 is every node.</summary>
    public required int Replicas { get; init; }

    /// <summary>What can be lost.</summary>
    public required ClusterSurvival Survives { get; init; }

    /// <summary>Resources of which fewer nodes than wanted are known to keep them.</summary>
    public required long UnderReplicated { get; init; }

    /// <summary>Resources that are still to be fetched by nodes that are to keep them.</summary>
    public required long Waiting { get; init; }

    /// <summary>Their bytes.</summary>
    public required long BytesLeft { get; init; }

    /// <summary>Bytes a second that are mended.</summary>
    public required long RateBytesPerSecond { get; init; }

    /// <summary>When all will be mended at this pace, in seconds; null while nothing moves.</summary>
    public double? EtaSeconds => BytesLeft == 0 ? 0 : RateBytesPerSecond > 0 ? (double)BytesLeft / RateBytesPerSecond : null;

    /// <summary>What failed last on this node, and will be tried again.</summary>
    public required IReadOnlyList<(ResourceId Id, string Reason)> Failed { get; init; }

    /// <summary>Of this node, how far it is with giving away what it keeps; null when it is not drained.</summary>
    public required NodeDrain? Drain { get; init; }
}
