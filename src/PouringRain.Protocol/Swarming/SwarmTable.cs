namespace PouringRain.Protocol;

/// <summary>Who fetches which version and rains on what it holds, as far as one node knows: the node's rain servers enter whoever tells
/// them (JOIN), they name them to each other (PEERS), and the node's own fetches find among them whom to turn to. Thread-safe; one for all
/// servers and fetches of a node.</summary>
public sealed class SwarmTable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<(ResourceId Resource, Sha256Digest Version), Swarm> _swarms = [];

    /// <summary>Swarms that have a member.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _swarms.Count;
            }
        }
    }

    /// <summary>How many nodes are known that fetch a version and rain on what they hold.</summary>
    public int CountMembers(ResourceId resource, Sha256Digest version) => Find(resource, version)?.MemberCount ?? 0;

    /// <summary>The swarm of a version, if it has members.</summary>
    internal Swarm? Find(ResourceId resource, Sha256Digest version)
    {
        lock (_gate)
        {
            return _swarms.GetValueOrDefault((resource, version));
        }
    }

    /// <summary>A node tells that it fetches a version.</summary>
    /// <param name="resource">The resource.</param>
    /// <param name="manifest">The version.</param>
    /// <param name="isSeeded">Whether this node held it whole before any other was heard to fetch it: then it sees to it that every block
    /// is sent to somebody before one is sent twice.</param>
    /// <param name="node">The node.</param>
    /// <param name="address">Where it rains; port 0 when it does not.</param>
    internal SwarmMember Enter(ResourceId resource, Manifest manifest, bool isSeeded, NodeId node, PeerAddress address)
    {
        lock (_gate)
        {
            if (!_swarms.TryGetValue((resource, manifest.Version), out var swarm))
            {
                swarm = new Swarm(resource, manifest, isSeeded);
                _swarms.Add((resource, manifest.Version), swarm);
            }

            return swarm.Enter(node, address);
        }
    }

    /// <summary>One of its subscriptions has ended.</summary>
    internal void Leave(SwarmMember member)
    {
        lock (_gate)
        {
            if (member.Swarm.Leave(member))
            {
                _swarms.Remove((member.Swarm.Resource, member.Swarm.Version));
            }
        }
    }
}
