using System.Collections.Immutable;

namespace PouringRain.Protocol.Cluster;

/// <summary>
/// Keeps what this node has, and what the others have, as it is to be: once the network is whole and the members are stable, every holder
/// of every resource has its newest version or its tombstone, nothing deleted comes back, and nobody has dropped what fewer than the wanted
/// number hold. Sans-I/O: it is driven with datagrams and time as <see cref="Fetch"/> is, and asks its owner for what is to be done with
/// bodies (<see cref="TryPollAction"/>). Thread-safe by one lock, so that questions of others may be answered by the threads of all ports.
/// </summary>
/// <remarks>
/// <para>Its ways, in the order of the files: what changes here is told to those that are to have it until each says that it has
/// (Telling); digests of what both are to have are compared with every other member, and what differs is listed (Digests); what is
/// missing here is fetched, in two lanes (Repair); copies whose places are elsewhere are given up when enough holders have them (Strays);
/// tombstones are forgotten when all have had them (Marks); the newest version is asked for (Surveys); others are
/// answered (Answers).</para>
/// <para>The owner begins actions in their order, changes the index when they are done, calls <see cref="Changed"/> for every commit, and
/// then <see cref="Ended(Instant, ReplicationAction, ReplicationOutcome)"/>. All that waits is bounded; what does not fit is found again by
/// comparing.</para>
/// <para>Tombstones are everybody's: each is compared between its resource's holders and every other member. When all members have
/// been found to have the same ones, at a time T, those that are older than T and than the lifetime are forgotten, and only while no
/// member is silent. What is forgotten up to is told with every message. A store that last agreed with the others before that knows that
/// it may have what was deleted: its copies that are older than its last agreement are in doubt, count for nothing and are given to nobody,
/// until somebody else is found to have them, or until all members have answered that they have nothing, upon which they go. A store that
/// has never been part of a cluster brings what it has, and so does one whose copies are newer than its last agreement: of the two
/// mistakes, the one that loses nothing.</para>
/// </remarks>
public sealed partial class Replication
{
    private readonly Lock _gate = new();
    private readonly ReplicationOptions _options;
    private readonly ReplicaIndex _index;
    private readonly ConsultDesk _desk;
    private readonly ClusterClock _clock;
    private readonly Dictionary<NodeId, ReplicationPeer> _peers = [];
    private readonly List<ReplicationPeer> _peerList = [];
    private readonly ulong _start;
    private SplitMix _random;
    private ImmutableArray<ClusterMember> _members = [];
    private Placement _placement = Placement.Of([], 0);
    private readonly HashSet<NodeId> _gone = [];
    private int _ownIndex = -1;
    private long _clusterMs;
    private Instant _clusterAt;
    private bool _hasMembers;

    /// <summary>Makes one.</summary>
    /// <param name="options">Bounds.</param>
    /// <param name="index">What is here.</param>
    /// <param name="seed">Seeds the random choices; another one every time.</param>
    public Replication(ReplicationOptions options, ReplicaIndex index, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(index);
        _options = options;
        _index = index;
        _desk = new ConsultDesk(options.Node, options.TokenKey);
        _clock = new ClusterClock(options.MaxAheadMs);
        _random = new SplitMix(seed);
        _start = _random.Next() | 1;
        SubscriptionId = _random.NextUInt32();
        Marks = options.Marks;
        (_savedMarks, _savingMarks) = (Marks, Marks);
    }

    /// <inheritdoc cref="Fetch.SubscriptionId"/>
    public uint SubscriptionId { get; }

    /// <summary>Whether there are actions or surveys to be taken.</summary>
    public bool HasWork
    {
        get
        {
            lock (_gate)
            {
                return _actions.Count > 0 || _surveyed.Count > 0;
            }
        }
    }

    /// <summary>Where places are, as this node sees it.</summary>
    public Placement Placement
    {
        get
        {
            lock (_gate)
            {
                return _placement;
            }
        }
    }

    /// <summary>Takes the members as they are now, whenever something about them or the cluster's time changes.</summary>
    /// <param name="now">The time.</param>
    /// <param name="clusterTimeMs">The wall clock as the cluster has it, milliseconds of Unix time.</param>
    /// <param name="members">All that are known, this node among them.</param>
    public void SetMembers(Instant now, long clusterTimeMs, ImmutableArray<ClusterMember> members)
    {
        lock (_gate)
        {
            (_clusterMs, _clusterAt) = (clusterTimeMs, now);
            var placement = Placement.Of(members, _options.Replicas);
            var isNew = !_hasMembers || placement.Hash != _placement.Hash;
            var before = _placement;
            _members = members;
            _hasMembers = true;
            _placement = placement;
            _ownIndex = placement.IndexOf(_options.Node);
            _gone.Clear();
            _gone.UnionWith(members.Where(member => member.State == MemberState.Gone).Select(member => member.Id));
            foreach (var member in members)
            {
                if (member.Id == _options.Node || member.State == MemberState.Gone || member.Rain.IsEmpty)
                {
                    continue;
                }

                if (_peers.TryGetValue(member.Id, out var peer))
                {
                    peer.Member = member;
                }
                else
                {
                    peer = new ReplicationPeer(member) { NextDigests = now, ProbeAt = now };
                    _peers[member.Id] = peer;
                    _peerList.Add(peer);
                }
            }

            foreach (var peer in _peerList.ToArray())
            {
                if (!members.Any(member => member.Id == peer.Id && member.State != MemberState.Gone && !member.Rain.IsEmpty))
                {
                    _peers.Remove(peer.Id);
                    _peerList.Remove(peer);
                    Drop(peer);
                }
                else
                {
                    peer.Index = placement.IndexOf(peer.Id);
                    if (isNew)
                    {
                        peer.Reset(now);
                        peer.ProbeAt = Instant.Min(peer.ProbeAt, now + TimeSpan.FromSeconds(1));
                    }
                }
            }

            if (isNew)
            {
                _inquiries.Clear();
                NotePlaces(before);
                StartSweep(now);
            }
        }
    }

    /// <summary>Something was committed, or is gone, and the index says so.</summary>
    public void Changed(Instant now, ResourceId id)
    {
        lock (_gate)
        {
            Spread(now, id);
        }
    }

    /// <summary>Who is to keep a resource, the first first.</summary>
    public ImmutableArray<NodeId> Holders(ResourceId id) => Placement.Holders(id);

    /// <summary>How many are to keep a resource.</summary>
    public int WantedCount(ResourceId id) => Placement.WantedCount;

    /// <summary>Who is known to keep the newest version of a resource that is known here; this node among them. Only nodes that are or may
    /// be holders count.</summary>
    public ImmutableArray<NodeId> KnownHolders(ResourceId id)
    {
        lock (_gate)
        {
            var known = ImmutableArray.CreateBuilder<NodeId>();
            if (!_index.TryFindEntry(id, out var entry))
            {
                return [];
            }

            if (entry.Replica.IsKept && !entry.IsInDoubt && !IsOutdated(id, entry.Replica.Version))
            {
                known.Add(_options.Node);
            }

            var inquiry = _inquiries.GetValueOrDefault(id);
            foreach (var holder in _placement.Holders(id))
            {
                if (_peers.TryGetValue(holder, out var peer)
                    && (IsKnownToHold(peer, entry) || inquiry?.Confirmed.Contains(holder) == true))
                {
                    known.Add(holder);
                }
            }

            return known.ToImmutable();
        }
    }

    /// <summary>How it fares.</summary>
    public ReplicationFigures Figures(Instant now)
    {
        lock (_gate)
        {
            return new ReplicationFigures
            {
                UnderReplicated = _underLast,
                Waiting = _wants.Count,
                BytesLeft = _wants.Values.Sum(want => want.Version.Length),
                RateBytesPerSecond = RateAt(now),
                Failed = [.. _failed],
                Telling = _peerList.Sum(peer => (long)peer.Tells.Count),
                Strays = _straysLast,
                Least = LeastCopies(),
                IsSettled = _isSettled,
                HasPlaces = _ownIndex >= 0,
                LagMs = Marks.AgreedTo == long.MinValue ? long.MaxValue : Math.Max(0, ClusterMs(now) - Marks.AgreedTo),
            };
        }
    }

    private static TimeSpan Least(TimeSpan left, TimeSpan right) => left < right ? left : right;

    /// <summary>Twice as long each time, up to a limit, and not all at the same moment.</summary>
    private TimeSpan Pause(TimeSpan first, int attempts, TimeSpan max)
    {
        var pause = Least(first * Math.Pow(2, Math.Min(attempts, 20)), max);
        return pause * (0.75 + (_random.Below(500) / 1000.0));
    }

    private long ClusterMs(Instant now) => _clusterMs + (long)(now - _clusterAt).TotalMilliseconds;

    private bool IsTooFarAhead(Instant now, long stamp) => !_clock.IsPossible(ClusterMs(now), stamp);

    private bool IsHolder(ResourceId id) => _ownIndex >= 0 && _placement.IsHolder(id, _options.Node);

    private bool IsHolder(ReplicationPeer peer, ResourceId id) => peer.Index >= 0 && _placement.IsHolder(id, peer.Id);

    /// <summary>Whether a newer version is being fetched.</summary>
    private bool IsOutdated(ResourceId id, ReplicaVersion version) => _wants.TryGetValue(id, out var want) && want.Version > version;

    private bool IsKnownToHold(ReplicationPeer peer, in ReplicaEntry entry) =>
        peer.IsCompared[ReplicaIndex.PartitionOf(entry.Id)] && !peer.Tells.ContainsKey(entry.Id)
        && entry.Replica.IsKept && IsHolder(entry.Id) && IsHolder(peer, entry.Id);
}
