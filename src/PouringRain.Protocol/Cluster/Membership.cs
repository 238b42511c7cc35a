using System.Collections.Immutable;
using PouringRain.Protocol.Cluster.Messages;

namespace PouringRain.Protocol.Cluster;

/// <summary>
/// Who there is: asks every address it is given who answers there, learns who introduces himself, and says of every node whether it is up,
/// late or down. A silence is a suspicion at first (<see cref="MemberState.Late"/>), and only a long one changes where copies have their
/// places. Sans-I/O, with the contract of <see cref="Propagation"/>; <see cref="Answer"/> may be called from other threads.
/// </summary>
public sealed partial class Membership
{
    /// <summary>Whoever has refused so often in a row means it; one that has not heard of this node yet may have by then.</summary>
    private const int RefusalsMin = 4;

    private static readonly TimeSpan RetryFirst = TimeSpan.FromMilliseconds(200);

    private readonly MembershipOptions _options;
    private readonly ConsultDesk _desk;
    private readonly Lock _gate = new();
    private readonly Dictionary<PeerAddress, Contact> _contacts = [];
    private readonly Dictionary<NodeId, Node> _nodes = [];
    private readonly ulong _start;
    private SplitMix _random;
    private NodeStatus _self;
    private ImmutableArray<ClusterNode> _view = [];
    private PeerAddress? _twin;

    /// <summary>Makes one that knows nobody.</summary>
    /// <param name="options">Bounds and times.</param>
    /// <param name="self">What this node says of itself.</param>
    /// <param name="seed">Seeds the random choices.</param>
    public Membership(MembershipOptions options, NodeStatus self, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(self);
        _options = options;
        _self = self;
        _desk = new ConsultDesk(options.Node, options.TokenKey);
        _random = new SplitMix(seed);
        SubscriptionId = _random.NextUInt32();
        _start = _random.Next();
        _view = [SelfNode()];
    }

    /// <inheritdoc cref="Fetch.SubscriptionId"/>
    public uint SubscriptionId { get; }

    /// <summary>A number that grows whenever <see cref="Nodes"/> has other nodes or states than before.</summary>
    public long ViewNumber { get; private set; }

    /// <summary>The nodes, this one first, then by id.</summary>
    public ImmutableArray<ClusterNode> Nodes
    {
        get
        {
            lock (_gate)
            {
                return _view;
            }
        }
    }

    /// <summary>By how much the cluster's clock is before this node's, milliseconds: the median of what the nodes that are up say, this one
    /// with them, so that one clock that is wrong makes no difference to anybody.</summary>
    public long ClockOffsetMs
    {
        get
        {
            lock (_gate)
            {
                var offsets = _nodes.Values.Where(node => node.Best is not null && node.State is MemberState.Up or MemberState.Draining)
                    .Select(node => node.ClockOffsetMs).Append(0).Order().ToArray();
                return offsets[(offsets.Length - 1) / 2];
            }
        }
    }

    /// <summary>Where somebody answers under this node's own identity, as a store that was copied makes him; null when nobody
    /// does.</summary>
    public PeerAddress? Twin
    {
        get
        {
            lock (_gate)
            {
                return _twin;
            }
        }
    }

    /// <summary>Whether some addresses, and all others that are asked, have answered, be it that they refuse to.</summary>
    public bool IsSettled(IEnumerable<PeerAddress> addresses)
    {
        lock (_gate)
        {
            return addresses.All(_contacts.ContainsKey)
                && _contacts.Values.All(contact => contact.Refusals >= RefusalsMin || (contact.Node != default && contact.HasAnswered));
        }
    }

    /// <summary>Whether a node that answers where it was asked says that it asks from an address: what comes from there is said by that
    /// node. Thread-safe.</summary>
    public bool IsAskedFrom(PeerAddress address)
    {
        lock (_gate)
        {
            foreach (var node in _nodes.Values)
            {
                if (node.AsksFrom == address)
                {
                    return true;
                }
            }

            return false;
        }
    }

    /// <summary>Takes nodes that were known before this process was started. Until they are heard they are late: they keep their places,
    /// and nothing is asked of them.</summary>
    /// <param name="now">The time.</param>
    /// <param name="nodes">What they said of themselves last; with a place where they rain at least.</param>
    public void Remember(Instant now, IEnumerable<(NodeId Id, NodeStatus Status)> nodes)
    {
        ArgumentNullException.ThrowIfNull(nodes);
        lock (_gate)
        {
            foreach (var (id, status) in nodes)
            {
                if (id == _options.Node || status.Rain.IsEmpty || _nodes.ContainsKey(id) || _nodes.Count >= _options.NodeCountMax)
                {
                    continue;
                }

                _nodes.Add(id, new Node(id) { Status = status, LastHeard = now - _options.LateAfter, IsRemembered = true });
                _contacts.TryAdd(status.Rain[0], new Contact { IsIntroduced = true, Node = id, Next = now });
            }

            Look(now);
        }
    }

    /// <summary>When <see cref="TryPollTransmit"/> has something to do though no datagram came.</summary>
    public Instant NextTimeout
    {
        get
        {
            lock (_gate)
            {
                var next = Instant.Never;
                foreach (var contact in _contacts.Values)
                {
                    next = Instant.Min(next, contact.Next);
                }

                foreach (var node in _nodes.Values)
                {
                    next = Instant.Min(next, node.ChangesAt(_options));
                }

                return next;
            }
        }
    }

    /// <summary>Says what this node says of itself from now on.</summary>
    public void SetSelf(Instant now, NodeStatus self)
    {
        ArgumentNullException.ThrowIfNull(self);
        lock (_gate)
        {
            _self = self;
            Look(now);
        }
    }

    /// <summary>Says which addresses are to be asked, this node's own not among them. A node that was named and is not any more is
    /// forgotten, unless it introduces itself.</summary>
    public void SetContacts(Instant now, IReadOnlyCollection<PeerAddress> addresses)
    {
        ArgumentNullException.ThrowIfNull(addresses);
        lock (_gate)
        {
            var named = addresses.ToHashSet();
            foreach (var (address, contact) in _contacts.ToArray())
            {
                if (named.Contains(address))
                {
                    contact.IsNamed = true;
                }
                else if (contact.IsNamed)
                {
                    _contacts.Remove(address);
                }
            }

            foreach (var address in named)
            {
                if (!_contacts.ContainsKey(address))
                {
                    _contacts.Add(address, new Contact { IsNamed = true, Next = now });
                }
            }

            var asked = _contacts.Values.Select(contact => contact.Node).ToHashSet();
            foreach (var id in _nodes.Keys.Where(id => !asked.Contains(id)).ToArray())
            {
                _nodes.Remove(id);
            }

            Look(now);
        }
    }

    /// <summary>Takes one datagram; any bytes at all.</summary>
    /// <param name="now">The time.</param>
    /// <param name="wallMs">This node's clock, milliseconds of Unix time.</param>
    /// <param name="from">Whom it is from.</param>
    /// <param name="datagram">The datagram.</param>
    public void Handle(Instant now, long wallMs, PeerAddress from, ReadOnlySpan<byte> datagram)
    {
        if (!ConsultAnswer.TryParse(datagram, out var answer, out var body) || answer.SubscriptionId != SubscriptionId
            || answer.Kind != ConsultKind.Hello)
        {
            return;
        }

        lock (_gate)
        {
            if (!_contacts.TryGetValue(from, out var contact) || contact.Nonce != answer.Nonce || contact.Nonce == 0)
            {
                return;
            }

            if (answer.Status == ConsultStatus.TokenNeeded)
            {
                if (answer.Token != default && answer.Token != contact.TokenSent)
                {
                    _options.Tokens.Store(from, answer.Token);
                    contact.Next = now;
                }

                return;
            }

            if (answer.Status != ConsultStatus.Answered || answer.Node == default
                || !HelloMessage.TryParse(body, from, out var theirMs, out var status))
            {
                contact.Refusals++;
                return;
            }

            (contact.Refusals, contact.HasAnswered) = (0, true);
            contact.Nonce = 0;
            contact.Retry = RetryFirst;
            contact.Next = now + _options.Interval;
            if (answer.Token != default)
            {
                _options.Tokens.Store(from, answer.Token);
            }

            if (answer.Node == _options.Node)
            {
                _twin = answer.Start == _start ? _twin : from;
                return;
            }

            var roundTrip = now - contact.Sent;
            contact.Node = answer.Node;
            if (Hear(now, answer.Node, status) is { } node)
            {
                node.RoundTrip = roundTrip;
                node.Best = from;
                node.AsksFrom = status.AskPort == 0 ? null : new PeerAddress(from.Address, status.AskPort, from.ScopeId);
                node.ClockOffsetMs = theirMs + (long)(roundTrip.TotalMilliseconds / 2) - wallMs;
                Look(now);
            }
        }
    }

    /// <summary>Writes what is to be sent next; false when nothing is due yet.</summary>
    /// <param name="now">The time.</param>
    /// <param name="wallMs">This node's clock, milliseconds of Unix time.</param>
    /// <param name="buffer">At least <see cref="ConsultRequest.BytesMax"/> bytes.</param>
    /// <param name="transmit">What was written.</param>
    public bool TryPollTransmit(Instant now, long wallMs, Span<byte> buffer, out Transmit transmit)
    {
        lock (_gate)
        {
            if (_nodes.Values.Any(node => node.ChangesAt(_options) <= now))
            {
                Look(now);
            }

            foreach (var (address, contact) in _contacts)
            {
                if (contact.Next > now)
                {
                    continue;
                }

                contact.Nonce = contact.Nonce == 0 ? _random.Next() | 1 : contact.Nonce;
                contact.TokenSent = _options.Tokens.Find(address, out _);
                contact.Sent = now;
                contact.Next = now + contact.Retry;
                contact.Retry = contact.Retry * 2 < _options.Interval ? contact.Retry * 2 : _options.Interval;
                var bodyBytes = HelloMessage.Write(buffer[ConsultRequest.FixedBytes..], wallMs, _self);
                var length = new ConsultRequest
                {
                    SubscriptionId = SubscriptionId,
                    Version = ConsultRequest.FormatVersion,
                    Kind = ConsultKind.Hello,
                    Nonce = contact.Nonce,
                    Node = _options.Node,
                    Start = _start,
                    ForgottenTo = long.MinValue,
                    Token = contact.TokenSent,
                }.Write(buffer, bodyBytes);
                transmit = new Transmit(address, length, length);
                return true;
            }
        }

        transmit = default;
        return false;
    }
}
