using System.Collections.Immutable;
using PouringRain.Protocol.Cluster.Messages;

namespace PouringRain.Protocol.Archiving;

/// <summary>
/// Asks one node one thing about pieces, until it answers or the time is up. Sans-I/O, driven with datagrams and time as
/// <see cref="Fetch"/> is. Not thread-safe but for <see cref="IsOver"/>.
/// </summary>
public sealed class ArchiveQuestion
{
    /// <summary>One that is finding it out is asked again soon, one that is silent less and less often.</summary>
    private static readonly TimeSpan Again = TimeSpan.FromMilliseconds(20), RetryFirst = TimeSpan.FromMilliseconds(250),
        RetryMax = TimeSpan.FromSeconds(1);

    private readonly NodeId _self;
    private readonly NodeId _node;
    private readonly ImmutableArray<PeerAddress> _addresses;
    private readonly ArchiveOrder _order;
    private readonly TokenCache _tokens;
    private readonly Instant _deadline;
    private Bits128 _tokenSent;
    private Instant _due;
    private int _unanswered;
    private int _address;
    private volatile bool _isOver;

    /// <summary>Makes one.</summary>
    /// <param name="self">Who asks.</param>
    /// <param name="node">Who is asked.</param>
    /// <param name="addresses">Where, the best first; at least one.</param>
    /// <param name="order">What. Its serial is the question's.</param>
    /// <param name="tokens">The tokens that other nodes gave to this process.</param>
    /// <param name="now">The time.</param>
    /// <param name="patience">When it is given up.</param>
    public ArchiveQuestion(
        NodeId self, NodeId node, ImmutableArray<PeerAddress> addresses, ArchiveOrder order, TokenCache tokens, Instant now,
        TimeSpan patience)
    {
        ArgumentNullException.ThrowIfNull(order);
        ArgumentOutOfRangeException.ThrowIfZero(addresses.Length);
        (_self, _node, _addresses, _order, _tokens) = (self, node, addresses, order, tokens);
        (_due, _deadline) = (now, now + patience);
        SubscriptionId = (uint)(order.Serial ^ (order.Serial >> 32));
    }

    /// <inheritdoc cref="Fetch.SubscriptionId"/>
    public uint SubscriptionId { get; }

    /// <summary>Whether it was answered, or given up.</summary>
    public bool IsOver => _isOver;

    /// <summary>The answer; null when none came.</summary>
    public ArchiveReport? Report { get; private set; }

    /// <summary>When there is something to do though no datagram came.</summary>
    public Instant NextTimeout => _isOver ? Instant.Never : Instant.Min(_due, _deadline);

    /// <summary>Takes one datagram; any bytes at all.</summary>
    public void Handle(Instant now, PeerAddress from, ReadOnlySpan<byte> datagram)
    {
        if (_isOver || !ConsultAnswer.TryParse(datagram, out var answer, out var body) || answer.SubscriptionId != SubscriptionId
            || answer.Kind != ConsultKind.Archive || answer.Nonce != _order.Serial || !_addresses.Contains(from))
        {
            return;
        }

        if (answer.Token != default && answer.Token != _tokenSent)
        {
            _tokens.Store(from, answer.Token);
        }

        if (answer.Node != _node)
        {
            return;
        }

        switch (answer.Status)
        {
            case ConsultStatus.TokenNeeded:
                _due = now;
                break;
            case ConsultStatus.NotReady:
                (_due, _unanswered) = (now + Again, 0);
                break;
            case ConsultStatus.Answered:
                Report = ArchiveMessage.TryParseAnswer(body);
                _isOver = true;
                break;
            default:
                // It does not know what this is, or whom it talks to: it has nothing.
                _isOver = true;
                break;
        }
    }

    /// <inheritdoc cref="Fetch.TryPollTransmit"/>
    public bool TryPollTransmit(Instant now, Span<byte> buffer, out Transmit transmit)
    {
        transmit = default;
        if (_isOver || now >= _deadline)
        {
            _isOver = true;
            return false;
        }

        if (_due > now)
        {
            return false;
        }

        if (_unanswered > 1)
        {
            _address = (_address + 1) % _addresses.Length;
        }

        var place = _addresses[_address];
        _tokenSent = _tokens.Find(place, out _);
        var retry = RetryFirst * (1 << Math.Min(_unanswered++, 3));
        _due = now + (retry < RetryMax ? retry : RetryMax);
        var length = new ConsultRequest
        {
            SubscriptionId = SubscriptionId,
            Version = ConsultRequest.FormatVersion,
            Kind = ConsultKind.Archive,
            Nonce = _order.Serial,
            Node = _self,
            ForgottenTo = long.MinValue,
            Token = _tokenSent,
        }.Write(buffer, ArchiveMessage.Write(buffer[ConsultRequest.FixedBytes..], _order));
        transmit = new Transmit(place, length, length);
        return true;
    }
}
