namespace PouringRain.Protocol;

/// <summary>Who fetches which version and rains on what it holds, as far as one node knows: the node's rain servers enter whoever tells
/// them (JOIN), they name them to each other (PEERS), and the node's own fetches find among them whom to turn to. Thread-safe; one for all
/// servers and fetches of a node.</summary>
public sealed class SwarmTable
{
    /// <summary>Beyond so many nodes, of all versions together, only the sum of what they were sent is known: about 3 MB.</summary>
    internal const int AccountCountMax = 16_384;

    private readonly Lock _gate = new();
    private readonly Dictionary<(ResourceId Resource, Sha256Digest Version), Swarm> _swarms = [];
    private readonly Dictionary<(ResourceId Resource, Sha256Digest Version), SwarmGifts> _gifts = [];
    private int _accountCount;

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

    /// <summary>Members of all swarms, whether they rain on what they hold or not; who fetches two versions counts twice.</summary>
    public int MemberCount
    {
        get
        {
            lock (_gate)
            {
                return _swarms.Values.Sum(static swarm => swarm.NodeCount);
            }
        }
    }

    /// <summary>How many nodes are known that fetch a version and rain on what they hold.</summary>
    public int CountMembers(ResourceId resource, Sha256Digest version) => Find(resource, version)?.MemberCount ?? 0;

    /// <summary>Counts what those who fetch a version are sent, though they come and go, until <see cref="Unwatch"/>; what those who are
    /// there have had before counts.</summary>
    public SwarmGifts Watch(ResourceId resource, Sha256Digest version)
    {
        lock (_gate)
        {
            return KeepGifts((resource, version));
        }
    }

    /// <summary>Ends a <see cref="Watch"/>. What was counted can still be read.</summary>
    public void Unwatch(ResourceId resource, Sha256Digest version)
    {
        lock (_gate)
        {
            LetGiftsGo((resource, version));
        }
    }

    /// <summary>Whether there is room for the account of another node.</summary>
    internal bool TryOpenAccount()
    {
        if (Interlocked.Increment(ref _accountCount) <= AccountCountMax)
        {
            return true;
        }

        Interlocked.Decrement(ref _accountCount);
        return false;
    }

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
                swarm = new Swarm(resource, manifest, isSeeded, KeepGifts((resource, manifest.Version)));
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
                LetGiftsGo((member.Swarm.Resource, member.Swarm.Version));
            }
        }
    }

    private SwarmGifts KeepGifts((ResourceId Resource, Sha256Digest Version) key)
    {
        if (!_gifts.TryGetValue(key, out var gifts))
        {
            _gifts.Add(key, gifts = new SwarmGifts(this));
        }

        gifts.KeeperCount++;
        return gifts;
    }

    private void LetGiftsGo((ResourceId Resource, Sha256Digest Version) key)
    {
        if (_gifts.TryGetValue(key, out var gifts) && --gifts.KeeperCount == 0)
        {
            _gifts.Remove(key);
            Interlocked.Add(ref _accountCount, -gifts.AccountCount);
        }
    }
}
