using System.Collections.Immutable;
using MurkyWaters.Cluster;
using PouringRain.Protocol;
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
            var drained = _nodes.Drains.Wished;
            var own = ListenEndPoints.Select(endPoint => endPoint.ToString()).ToArray();
            var nodes = heard.Select(node => new NodeSnapshot(
                node.Id, node.Status.Zone, node.Status.Weight, node.State, node.Status.Url,
                node.IsSelf ? own : [.. node.Addresses.Select(address => address.ToString())],
                node.Status.Resources, node.Status.Bytes, node.Status.FreeBytes, node.Status.Version,
                node.IsSelf ? _options.Time.GetUtcNow() : _options.Time.TimeOfDay(node.LastHeard),
                drained.Contains(node.Id) ? NodeDrain.Of(node.Status) : null)).ToList();
            foreach (var seen in _nodes.Registered)
            {
                if (!heard.Any(node => node.Id == seen.Node.Id))
                {
                    nodes.Add(new NodeSnapshot(
                        seen.Node.Id, seen.Node.Zone, seen.Node.Weight, _nodes.StateOf(seen), seen.Node.Url, seen.Node.Rain, 0, 0, 0,
                        seen.Node.ProtocolVersion, null, drained.Contains(seen.Node.Id) ? NodeDrain.Of(new NodeStatus()) : null));
                }
            }

            return nodes;
        }
    }

    /// <summary>Who is known to keep the newest version that is here of a resource, and how many are to.</summary>
    public (ImmutableArray<NodeId> Holders, int Wanted) HoldersOf(ResourceId id) => _replicator.HoldersOf(id);

    /// <summary>How the registry fares; null without one.</summary>
    public RegistryStatus? RegistryStatus => _nodes.Registry;

    /// <summary>How the cluster fares.</summary>
    public ClusterFigures ClusterFigures
    {
        get
        {
            var nodes = Nodes.Where(node => node.State != MemberState.Gone).ToArray();
            var heard = _nodes.Nodes;
            var answering = heard.Where(node => node.State is MemberState.Up or MemberState.Draining).Select(node => node.Status).ToArray();
            return new ClusterFigures
            {
                Name = _options.Cluster.Name,
                Registry = _nodes.Registry,
                Nodes = nodes.CountBy(node => node.State).ToDictionary(),
                Zones = [.. nodes.Select(node => node.Zone).Where(zone => zone.Length > 0).Distinct().Order(StringComparer.Ordinal)],
                Replicas = _options.Cluster.Replicas,
                Survives = ClusterSurvival.Of(
                    heard, [.. nodes.Select(node => node.Id).Except(heard.Select(node => node.Id))], _options.Time.GetInstant(),
                    _options.Cluster.DownAfter),
                UnderReplicated = answering.Sum(status => status.UnderReplicated),
                Waiting = answering.Sum(status => status.Replication?.Waiting ?? 0),
                BytesLeft = answering.Sum(status => status.WaitingBytes),
                RateBytesPerSecond = answering.Sum(status => status.Replication?.RateBytesPerSecond ?? 0),
                Failed = _nodes.Replication()?.Failed ?? [],
                Drain = nodes[0].Drain,
            };
        }
    }

    /// <summary>Has a node of the cluster give away what it keeps, until that is taken back; the wish outlives processes.</summary>
    /// <exception cref="StoreException">The store cannot note it.</exception>
    public Task<DrainResult> StartDrainAsync(NodeId id, CancellationToken cancellationToken) =>
        _nodes.Drains.StartAsync(id, cancellationToken);

    /// <summary>Takes that back.</summary>
    /// <exception cref="StoreException">The store cannot note it.</exception>
    public Task<DrainResult> StopDrainAsync(NodeId id, CancellationToken cancellationToken) =>
        _nodes.Drains.StopAsync(id, cancellationToken);
}
