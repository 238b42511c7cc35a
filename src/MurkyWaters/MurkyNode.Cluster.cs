using MurkyWaters.Cluster;
using PouringRain.Protocol.Cluster;

namespace MurkyWaters;

/// <summary>What can be asked of the cluster.</summary>
public sealed partial class MurkyNode
{
    /// <summary>The nodes, this one first: those that were heard, and those that the registry knows of.</summary>
    public IReadOnlyList<NodeSnapshot> Nodes
    {
        get
        {
            var heard = _nodes.Nodes;
            var own = ListenEndPoints.Select(endPoint => endPoint.ToString()).ToArray();
            var nodes = heard.Select(node => new NodeSnapshot(
                node.Id, node.Status.Zone, node.Status.Weight, node.State, node.Status.Url,
                node.IsSelf ? own : [.. node.Addresses.Select(address => address.ToString())],
                node.Status.Resources, node.Status.Bytes, node.Status.FreeBytes, node.Status.Version,
                node.IsSelf ? _options.Time.GetUtcNow() : _options.Time.TimeOfDay(node.LastHeard))).ToList();
            foreach (var seen in _nodes.Registered)
            {
                if (!heard.Any(node => node.Id == seen.Node.Id))
                {
                    nodes.Add(new NodeSnapshot(
                        seen.Node.Id, seen.Node.Zone, seen.Node.Weight, StateOf(seen), seen.Node.Url, seen.Node.Rain, 0, 0, 0,
                        seen.Node.ProtocolVersion, null));
                }
            }

            return nodes;
        }
    }

    /// <summary>Of a node that was never heard the registry alone tells.</summary>
    private MemberState StateOf(SeenNode seen) =>
        seen.Presence == NodePresence.Gone ? MemberState.Gone
        : seen.Presence == NodePresence.Absent && _options.Time.GetInstant() - seen.Since >= _options.Cluster.DownAfter ? MemberState.Down
        : MemberState.Late;
}
