namespace PouringRain.Protocol;

/// <summary>The nodes known to fetch one version. Thread-safe.</summary>
internal sealed class Swarm
{
    /// <summary>Those that have left are likely to rain on, and those that have finished hold most: so many are named to others.</summary>
    private const int LeftCountMax = 64;

    private readonly Lock _gate = new();
    private readonly Dictionary<(NodeId Node, Bits128 Host), SwarmMember> _members = [];
    private readonly List<SwarmMember> _raining = [];

    /// <summary>Members without a subscription, who left first first; all of them rain.</summary>
    private readonly LinkedList<SwarmMember> _left = [];
    private int _changes;

    public Swarm(ResourceId resource, Manifest manifest, bool isSeeded, SwarmGifts gifts)
    {
        Gifts = gifts;
        Resource = resource;
        Version = manifest.Version;
        Seed = isSeeded ? new SeedRound(manifest.Layout.BlockCount) : null;
    }

    public ResourceId Resource { get; }

    public Sha256Digest Version { get; }

    /// <summary>The order in which a node that had it whole from the first sends its blocks.</summary>
    public SeedRound? Seed { get; }

    /// <summary>What its members were sent.</summary>
    public SwarmGifts Gifts { get; }

    /// <summary>Members that fetch, whether they rain or not.</summary>
    public int NodeCount
    {
        get
        {
            lock (_gate)
            {
                return _members.Count - _left.Count;
            }
        }
    }

    /// <summary>Members that fetch, and rain on what they hold.</summary>
    public int MemberCount
    {
        get
        {
            lock (_gate)
            {
                return _raining.Count - _left.Count;
            }
        }
    }

    /// <summary>Those, and some that have fetched.</summary>
    public int KnownCount
    {
        get
        {
            lock (_gate)
            {
                return _raining.Count;
            }
        }
    }

    /// <summary>Counts up when somebody comes who rains.</summary>
    public int Changes => Volatile.Read(ref _changes);

    /// <summary>Draws members that rain, other than one node, at random and each once.</summary>
    /// <returns>How many were drawn.</returns>
    public int Draw(ref SplitMix random, NodeId except, bool withLoopback, Span<PeerAddress> peers)
    {
        lock (_gate)
        {
            var count = 0;
            for (var i = 0; i < _raining.Count && count < peers.Length; i++)
            {
                // The part of the list before i has been drawn.
                var other = i + random.Below(_raining.Count - i);
                (_raining[i], _raining[other]) = (_raining[other], _raining[i]);
                (_raining[i].Index, _raining[other].Index) = (i, other);
                var member = _raining[i];
                if (member.Node != except && member.Address.ScopeId == 0 && (withLoopback || !member.Address.IsLoopback))
                {
                    peers[count++] = member.Address;
                }
            }

            return count;
        }
    }

    /// <summary>Called under the table's lock.</summary>
    public SwarmMember Enter(NodeId node, PeerAddress address)
    {
        lock (_gate)
        {
            if (!_members.TryGetValue((node, address.Address), out var member))
            {
                member = new SwarmMember(this, node, address.Address) { Gift = Gifts.Of(address) };
                _members.Add((node, address.Address), member);
            }

            if (member.RowCount++ == 0)
            {
                _left.Remove(member);
            }

            Place(member, address);
            return member;
        }
    }

    /// <summary>It rains at another port now.</summary>
    public void Move(SwarmMember member, PeerAddress address)
    {
        if (member.Address != address)
        {
            lock (_gate)
            {
                member.Gift = Gifts.Of(address);
                Place(member, address);
            }
        }
    }

    /// <summary>Called under the table's lock.</summary>
    /// <returns>Whether nobody fetches any more.</returns>
    public bool Leave(SwarmMember member)
    {
        lock (_gate)
        {
            if (--member.RowCount == 0)
            {
                Seed?.Leave(member);
                if (member.Index < 0)
                {
                    _members.Remove((member.Node, member.Host));
                }
                else
                {
                    _left.AddLast(member);
                    ForgetTooMany();
                }
            }

            return _members.Count == _left.Count;
        }
    }

    private void ForgetTooMany()
    {
        if (_left.Count > LeftCountMax)
        {
            var first = _left.First!.Value;
            _left.RemoveFirst();
            Place(first, default);
            _members.Remove((first.Node, first.Host));
        }
    }

    private void Place(SwarmMember member, PeerAddress address)
    {
        member.Address = address;
        if (address.Port != 0 && member.Index < 0)
        {
            member.Index = _raining.Count;
            _raining.Add(member);
            Volatile.Write(ref _changes, _changes + 1);
        }
        else if (address.Port == 0 && member.Index >= 0)
        {
            var last = _raining[^1];
            _raining[member.Index] = last;
            last.Index = member.Index;
            _raining.RemoveAt(_raining.Count - 1);
            member.Index = -1;
        }
    }
}
