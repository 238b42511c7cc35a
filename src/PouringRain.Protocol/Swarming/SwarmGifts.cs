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

    /// <summary>What a node has brought to a fetch of this one; nothing where it was sent nothing.</summary>
    /// <param name="peer">Where it rains.</param>
    /// <param name="bytes">Bytes of its droplets, by one way, whether they were ordered or not.</param>
    /// <param name="hasLied">Whether it rained something wrong.</param>
    internal void NoteBrought(PeerAddress peer, long bytes, bool hasLied)
    {
        lock (_gate)
        {
            if (_gifts.TryGetValue(peer, out var gift))
            {
                gift.OnBrought(bytes, hasLied);
            }
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
        /// <summary>Who was sent more than so many times what it has brought takes and does not give; but the first so many bytes tell
        /// nothing.</summary>
        private const double TakenTimesMax = 1.5, TakenSpare = 1 << 20;

        private long _bytes;
        private volatile bool _isTaker;

        /// <summary>What it has brought by the way that there is now, and by those before that.</summary>
        private long _brought, _broughtBefore;

        /// <summary>What it was sent before it could be asked for anything.</summary>
        private long? _unaskedBytes;

        /// <summary>Bytes of droplets.</summary>
        public long Bytes => Interlocked.Read(ref _bytes);

        /// <summary>Whether it takes from this node and does not bring it anything that would be worth it.</summary>
        public bool IsTaker => _isTaker;

        /// <inheritdoc cref="NoteBrought"/>
        public void OnBrought(long bytes, bool hasLied)
        {
            _unaskedBytes ??= Bytes;
            _broughtBefore += bytes < _brought ? _brought : 0;
            _brought = bytes;
            _isTaker = hasLied || Bytes - _unaskedBytes > TakenSpare + (TakenTimesMax * (_broughtBefore + bytes));
        }

        public void Add(long bytes) => Interlocked.Add(ref _bytes, bytes);
    }
}
