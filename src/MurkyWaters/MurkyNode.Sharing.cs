using PouringRain.Protocol;

namespace MurkyWaters;

/// <summary>Links to single resources.</summary>
public sealed partial class MurkyNode
{
    /// <summary>The links that were made here.</summary>
    public ShareLinks Links { get; }

    /// <summary>Where another node's gateway is, if it says so.</summary>
    public Uri? FindGateway(NodeId node) => Nodes.FirstOrDefault(known => known.Id == node)?.FindGateway();
}
