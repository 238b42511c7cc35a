using static PouringRain.Protocol.Durations;

namespace PouringRain.Protocol;

/// <summary>Where a propagation to one node stands.</summary>
public enum PropagationState
{
    /// <summary>Asked, not answered.</summary>
    Asked,

    /// <summary>The node said that it will fetch.</summary>
    Accepted,

    /// <summary>The node holds the version, whole, or a newer one.</summary>
    Held,

    /// <summary>The node does not want it.</summary>
    Refused,

    /// <summary>No answer within the limit.</summary>
    Unanswered,
}

/// <summary>Tells one node "fetch this and keep it" and follows it until the node holds the version, refuses, or the limit is
/// reached. Sans-I/O, with the contract of <see cref="Fetch"/>. An owner content with <see cref="PropagationState.Accepted"/> just
/// stops polling.</summary>
public sealed class Propagation
{
    // A lost datagram is asked again after RetryFirst, twice as long each time; a node at work is asked how far it is every PollGap,
    // which a replica count on PUT waits for at most.
    private static readonly TimeSpan RetryFirst = TimeSpan.FromMilliseconds(200), RetryMax = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan PollGap = TimeSpan.FromMilliseconds(100), PollGapMax = TimeSpan.FromSeconds(1);

    private readonly ResourceId _resource;
    private readonly Sha256Digest _version;
    private readonly long _stamp;
    private readonly ushort _rainPort;
    private readonly PeerAddress _node;
    private readonly TokenCache _tokens;
    private readonly Instant _deadline;
    private Bits128 _token;
    private Instant _next;
    private TimeSpan _retry = RetryFirst, _poll = PollGap;

    /// <summary>Makes a propagation.</summary>
    /// <param name="resource">The resource.</param>
    /// <param name="version">The version the node should hold.</param>
    /// <param name="rainPort">The UDP port of this process's rain server.</param>
    /// <param name="node">The node.</param>
    /// <param name="limit">How long to follow it.</param>
    /// <param name="tokens">The tokens servers gave to this process.</param>
    /// <param name="seed">Seeds the random choices.</param>
    /// <param name="now">The time.</param>
    /// <param name="stamp">The version's stamp, by which a node that holds a newer one knows it; unknown by default.</param>
    public Propagation(
        ResourceId resource, Sha256Digest version, ushort rainPort, PeerAddress node, TimeSpan limit, TokenCache tokens, ulong seed,
        Instant now,
        long stamp = long.MinValue)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        _resource = resource;
        _version = version;
        _stamp = stamp;
        _rainPort = rainPort;
        _node = node;
        _tokens = tokens;
        _deadline = now + limit;
        _token = tokens.Find(node, out _);
        _next = now;
        SubscriptionId = new SplitMix(seed).NextUInt32();
    }

    /// <inheritdoc cref="Fetch.SubscriptionId"/>
    public uint SubscriptionId { get; }

    /// <summary>Where it stands.</summary>
    public PropagationState State { get; private set; }

    /// <summary>Who answered; default while nobody has.</summary>
    public NodeId Node { get; private set; }

    /// <summary>Whether the state is final.</summary>
    public bool IsOver { get; private set; }

    /// <inheritdoc cref="Fetch.NextTimeout"/>
    public Instant NextTimeout => IsOver ? Instant.Never : Instant.Min(_next, _deadline);

    /// <summary>Takes one datagram; any bytes at all.</summary>
    public void Handle(Instant now, PeerAddress from, ReadOnlySpan<byte> datagram)
    {
        if (IsOver || from != _node || !PropagateAnswer.TryParse(datagram, out var answer)
            || answer.SubscriptionId != SubscriptionId || answer.Resource != _resource)
        {
            return;
        }

        Node = answer.Node;
        switch (answer.Verdict)
        {
            case PropagateVerdict.TokenNeeded when answer.Token != default && answer.Token != _token:
                _token = answer.Token;
                _tokens.Store(_node, _token);
                _next = now;
                break;
            case PropagateVerdict.Accepted:
                State = PropagationState.Accepted;
                _next = now + _poll;
                _poll = Min(_poll * 1.5, PollGapMax);
                break;
            case PropagateVerdict.Held:
                End(PropagationState.Held);
                break;
            case PropagateVerdict.Refused:
                End(PropagationState.Refused);
                break;
            default:
                break;
        }
    }

    /// <summary>Writes what is to be sent next; false when nothing is due yet.</summary>
    public bool TryPollTransmit(Instant now, Span<byte> buffer, out Transmit transmit)
    {
        transmit = default;
        if (!IsOver && now >= _deadline)
        {
            // A node that accepted and is not done when the limit comes has answered all the same.
            End(State == PropagationState.Asked ? PropagationState.Unanswered : State);
        }

        if (IsOver || now < _next)
        {
            return false;
        }

        var message = new PropagateMessage
        {
            SubscriptionId = SubscriptionId,
            Resource = _resource,
            Version = _version,
            Stamp = _stamp,
            RainPort = _rainPort,
            Token = _token,
        };
        var length = message.Write(buffer);
        transmit = new Transmit(_node, length, length);
        _next = now + _retry;
        _retry = Min(_retry * 2, RetryMax);
        return true;
    }

    private void End(PropagationState state)
    {
        State = state;
        IsOver = true;
    }
}
