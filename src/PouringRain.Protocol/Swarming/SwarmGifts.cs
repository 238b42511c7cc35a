namespace PouringRain.Protocol;

/// <summary>What a node has sent to others that fetch a version, by where they rain on what they hold. It is counted for as long as
/// anybody is known to fetch the version, or watches it (<see cref="SwarmTable.Watch"/>). Thread-safe.</summary>
public sealed class SwarmGifts
{
    private readonly SwarmTable _table;
    private readonly Lock _gate = new();
    private readonly Dictionary<PeerAddress, Gift> _gifts = [];
    private readonly Gift _others = new();

    internal SwarmGifts(SwarmTable table) => _table = table;

    /// <summary>Bytes of droplets sent to all of them.</summary>
    public long Bytes
    {
        get
        {
            lock (_gate)
            {
                var sum = _others.Bytes;
                foreach (var gift in _gifts.Values)
                {
                    sum += gift.Bytes;
                }

                return sum;
            }
        }
    }

    /// <summary>Those who keep the account: the swarm, and who watches it. Under the table's lock.</summary>
    internal int KeeperCount { get; set; }

    /// <summary>Nodes that have an account of their own.</summary>
    internal int AccountCount
    {
        get
        {
            lock (_gate)
            {
                return _gifts.Count;
            }
        }
    }

    /// <summary>Bytes of droplets sent to the node that rains at an address; 0 when none were.</summary>
    public long BytesTo(PeerAddress peer)
    {
        lock (_gate)
        {
            return _gifts.TryGetValue(peer, out var gift) ? gift.Bytes : 0;
        }
    }

    /// <summary>The account of a node, to which its servers add without a lock.</summary>
    /// <param name="peer">Where it rains; those of one address that rain on nothing, port 0, have one account.</param>
    internal Gift Of(PeerAddress peer)
    {
        lock (_gate)
        {
            if (!_gifts.TryGetValue(peer, out var gift))
            {
                if (!_table.TryOpenAccount())
                {
                    return _others;
                }

                _gifts.Add(peer, gift = new Gift());
            }

            return gift;
        }
    }

    /// <summary>What one node was sent. Thread-safe.</summary>
    internal sealed class Gift
    {
        private long _bytes;

        /// <summary>Bytes of droplets.</summary>
        public long Bytes => Interlocked.Read(ref _bytes);

        public void Add(long bytes) => Interlocked.Add(ref _bytes, bytes);
    }
}
