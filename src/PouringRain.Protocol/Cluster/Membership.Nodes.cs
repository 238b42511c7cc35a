using System.Collections.Immutable;
using PouringRain.Protocol.Cluster.Messages;

namespace PouringRain.Protocol.Cluster;

// What is known of the others, what they are told, and what comes of it.
public sealed partial class Membership
{
    /// <summary>Answers a question of another node (of kind <see cref="ConsultKind.Hello"/>); thread-safe.</summary>
    /// <param name="now">The time.</param>
    /// <param name="wallMs">This node's clock, milliseconds of Unix time.</param>
    /// <param name="from">The address that asks.</param>
    /// <param name="isTrusted">Whether somebody who rains at an address is to be believed; all are when everything is sealed.</param>
    /// <param name="request">The question; any bytes at all.</param>
    /// <param name="answer">At least <see cref="ConsultAnswer.BytesMax"/> bytes; never longer than the question until the asking address
    /// has shown a token.</param>
    /// <returns>The answer's length; 0 when there is none.</returns>
    public int Answer(
        Instant now, long wallMs, PeerAddress from, Func<PeerAddress, bool> isTrusted, ReadOnlySpan<byte> request, Span<byte> answer)
    {
        ArgumentNullException.ThrowIfNull(isTrusted);
        if (!ConsultRequest.TryParse(request, out var question, out var body) || question.Kind != ConsultKind.Hello)
        {
            return 0;
        }

        if (!_desk.TryReceive(now, from, question, out var reply))
        {
            return reply.Write(answer, 0);
        }

        if (!HelloMessage.TryParse(body, from, out _, out var status))
        {
            reply.Status = ConsultStatus.Unknown;
            return reply.Write(answer, 0);
        }

        if (!isTrusted(new PeerAddress(from.Address, status.Rain[0].Port, from.ScopeId)))
        {
            reply.Status = ConsultStatus.NotTrusted;
            return reply.Write(answer, 0);
        }

        lock (_gate)
        {
            reply.Start = _start;
            if (question.Node != _options.Node && question.Node != default)
            {
                Introduce(now, question.Node, status);
            }

            return reply.Write(answer, HelloMessage.Write(answer[ConsultAnswer.FixedBytes..], wallMs, _self));
        }
    }

    /// <summary>Somebody has come by himself: he is asked from now on, where he says that he rains.</summary>
    private void Introduce(Instant now, NodeId id, NodeStatus status)
    {
        if (Hear(now, id, status) is null)
        {
            return;
        }

        var place = status.Rain[0];
        if (_contacts.TryGetValue(place, out var contact))
        {
            contact.IsIntroduced = true;
            contact.Node = contact.Node == default ? id : contact.Node;
        }
        else if (_contacts.Values.Count(known => known.IsIntroduced) < _options.IntroducedCountMax)
        {
            _contacts.Add(place, new Contact { IsIntroduced = true, Node = id, Next = now });
        }

        Look(now);
    }

    private Node? Hear(Instant now, NodeId id, NodeStatus status)
    {
        if (!_nodes.TryGetValue(id, out var node))
        {
            if (_nodes.Count >= _options.NodeCountMax)
            {
                return null;
            }

            _nodes.Add(id, node = new Node(id));
        }

        node.LastHeard = now;
        node.IsRemembered = false;
        node.Status = status;
        return node;
    }

    /// <summary>Makes the view anew, and sees whether a node has fallen silent. A node that introduced itself and is down is asked on, for
    /// it may come back; of those that were named the list decides.</summary>
    private void Look(Instant now)
    {
        foreach (var node in _nodes.Values)
        {
            // One that gives away what it holds has no places that it could keep while it is silent.
            var isSilent = node.LastHeard + _options.LateAfter <= now;
            node.State = node.LastHeard + _options.DownAfter <= now || (isSilent && node.Status.IsDraining) ? MemberState.Down
                : isSilent ? MemberState.Late
                : node.Status.IsDraining ? MemberState.Draining
                : MemberState.Up;
        }

        var view = ImmutableArray.CreateBuilder<ClusterNode>(1 + _nodes.Count);
        view.Add(SelfNode());
        foreach (var node in _nodes.Values.OrderBy(node => node.Id.Value))
        {
            view.Add(new ClusterNode
            {
                Id = node.Id,
                State = node.State,
                Status = node.Status,
                Addresses = AddressesOf(node),
                LastHeard = node.IsRemembered ? null : node.LastHeard,
                RoundTrip = node.RoundTrip,
                ClockOffsetMs = node.ClockOffsetMs,
            });
        }

        var isSame = view.Count == _view.Length && view.Zip(_view).All(pair => IsSamePlace(pair.First, pair.Second));
        _view = view.MoveToImmutable();
        ViewNumber += isSame ? 0 : 1;
    }

    /// <summary>Whether nothing has changed that placement or asking depends on.</summary>
    private static bool IsSamePlace(ClusterNode left, ClusterNode right) =>
        left.Id == right.Id && left.State == right.State && left.Status.Zone == right.Status.Zone && left.Status.Host == right.Status.Host
        && left.Status.Weight.Equals(right.Status.Weight) && left.Addresses.SequenceEqual(right.Addresses);

    private static ImmutableArray<PeerAddress> AddressesOf(Node node) =>
        node.Best is { } best ? [best, .. node.Status.Rain.Where(place => place != best)] : node.Status.Rain;

    private ClusterNode SelfNode() => new()
    {
        Id = _options.Node,
        IsSelf = true,
        State = _self.IsDraining ? MemberState.Draining : MemberState.Up,
        Status = _self,
    };

    /// <summary>An address that is asked.</summary>
    private sealed class Contact
    {
        public bool IsNamed { get; set; }

        public bool IsIntroduced { get; set; }

        /// <summary>How often in a row somebody has answered there that he does not speak to this node.</summary>
        public int Refusals { get; set; }

        /// <summary>Whether a node has answered there.</summary>
        public bool HasAnswered { get; set; }

        /// <summary>Who answered there last.</summary>
        public NodeId Node { get; set; }

        /// <summary>What the answer must echo; 0 when none is due.</summary>
        public ulong Nonce { get; set; }

        public Bits128 TokenSent { get; set; }

        public Instant Sent { get; set; }

        public Instant Next { get; set; }

        public TimeSpan Retry { get; set; } = RetryFirst;
    }

    private sealed class Node(NodeId id)
    {
        public NodeId Id { get; } = id;

        public NodeStatus Status { get; set; } = new();

        public MemberState State { get; set; }

        public Instant LastHeard { get; set; }

        public TimeSpan RoundTrip { get; set; }

        public long ClockOffsetMs { get; set; }

        public PeerAddress? Best { get; set; }

        /// <summary>Where it asks from, as it said in an answer.</summary>
        public PeerAddress? AsksFrom { get; set; }

        /// <summary>Whether it was not heard by this process.</summary>
        public bool IsRemembered { get; set; }

        /// <summary>When its silence becomes something else.</summary>
        public Instant ChangesAt(MembershipOptions options) => State switch
        {
            MemberState.Up or MemberState.Draining => LastHeard + options.LateAfter,
            MemberState.Late => LastHeard + options.DownAfter,
            _ => Instant.Never,
        };
    }
}
