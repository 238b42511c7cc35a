using System.Collections.Immutable;
using PouringRain.Protocol.Cluster;
using PouringRain.Protocol.Cluster.Messages;

namespace PouringRain.Protocol.Naming;

/// <summary>
/// Asks the other nodes what is in a folder, each datagram by datagram until it has told as much as is wanted or all it has, and is over
/// when all have, or when the time is up. Sans-I/O, with the contract of <see cref="Propagation"/>, but thread-safe.
/// </summary>
public sealed class FolderInquiry
{
    /// <summary>Silence before a question is asked again; the first three times twice as long as the last.</summary>
    private static readonly TimeSpan RetryFirst = TimeSpan.FromMilliseconds(100), RetryMax = TimeSpan.FromMilliseconds(800);

    private readonly Lock _gate = new();
    private readonly FolderQuery _query;
    private readonly NodeId _node;
    private readonly TokenCache _tokens;
    private readonly Asked[] _asked;
    private readonly Instant _end, _trustedBy;
    private SplitMix _random;
    private bool _isUp;

    /// <summary>Makes one.</summary>
    /// <param name="node">Who asks.</param>
    /// <param name="tokens">Tokens that other nodes gave to the socket that asks.</param>
    /// <param name="query">What is wanted of each node.</param>
    /// <param name="others">Whom to ask.</param>
    /// <param name="end">When the time is up.</param>
    /// <param name="trustedBy">Until then who refuses is asked again: a node that has just started is a stranger to the others until they
    /// have heard of it.</param>
    /// <param name="seed">Seeds the random choices; another one every time.</param>
    public FolderInquiry(
        NodeId node, TokenCache tokens, FolderQuery query, IEnumerable<ClusterMember> others, Instant end, Instant trustedBy,
        ulong seed)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        ArgumentNullException.ThrowIfNull(query);
        ArgumentOutOfRangeException.ThrowIfLessThan(query.Limit, 1, nameof(query));
        (_node, _tokens, _query, _end, _trustedBy) = (node, tokens, query, end, trustedBy);
        _asked =
        [
            .. others.Where(other => other.Id != node && !other.Rain.IsDefaultOrEmpty).Select(other => new Asked(other, query.After)),
        ];
        _random = new SplitMix(seed);
        SubscriptionId = _random.NextUInt32();
    }

    /// <inheritdoc cref="Fetch.SubscriptionId"/>
    public uint SubscriptionId { get; }

    /// <summary>Whether nothing more is asked.</summary>
    public bool IsOver
    {
        get
        {
            lock (_gate)
            {
                return _isUp || Array.TrueForAll(_asked, asked => asked.IsDone);
            }
        }
    }

    /// <summary>What the nodes have told, each in order; of those that have not told all that is wanted, what they have.</summary>
    public ImmutableArray<FolderAnswer> Answers
    {
        get
        {
            lock (_gate)
            {
                return [.. _asked.Select(asked => new FolderAnswer(asked.Member.Id, [.. asked.Entries], asked.HasAnswered, asked.IsEnd))];
            }
        }
    }

    /// <inheritdoc cref="Fetch.NextTimeout"/>
    public Instant NextTimeout
    {
        get
        {
            lock (_gate)
            {
                var next = _isUp ? Instant.Never : _end;
                foreach (var asked in _asked)
                {
                    next = asked.IsDone || _isUp ? next : Instant.Min(next, asked.Due);
                }

                return next;
            }
        }
    }

    /// <summary>Takes one datagram; any bytes at all.</summary>
    /// <param name="now">The time.</param>
    /// <param name="from">Whom it is from.</param>
    /// <param name="datagram">The datagram.</param>
    public void Handle(Instant now, PeerAddress from, ReadOnlySpan<byte> datagram)
    {
        if (!ConsultAnswer.TryParse(datagram, out var answer, out var body) || answer.SubscriptionId != SubscriptionId
            || answer.Kind != ConsultKind.Folder)
        {
            return;
        }

        lock (_gate)
        {
            if (_isUp || Array.Find(_asked, other => other.Nonce == answer.Nonce && other.Nonce != 0) is not { IsDone: false } asked
                || !asked.Member.Rain.Contains(from))
            {
                return;
            }

            if (answer.Token != default && answer.Token != asked.TokenSent)
            {
                _tokens.Store(from, answer.Token);
                if (answer.Status == ConsultStatus.TokenNeeded)
                {
                    asked.Due = now;
                }
            }

            if (answer.Node != asked.Member.Id || answer.Status is ConsultStatus.TokenNeeded or ConsultStatus.NotReady)
            {
                return;
            }

            if (answer.Status != ConsultStatus.Answered
                || FolderMessage.TryParseAnswer(body, QueryOf(asked)) is not var (entries, isEnd))
            {
                // It does not trust this node, or its release is one that knows no names: it will not tell.
                asked.IsRefused = now >= _trustedBy;
                return;
            }

            asked.Take(entries, isEnd, _query.Limit);
            asked.Due = now;
        }
    }

    /// <inheritdoc cref="Fetch.TryPollTransmit"/>
    public bool TryPollTransmit(Instant now, Span<byte> buffer, out Transmit transmit)
    {
        lock (_gate)
        {
            transmit = default;
            _isUp |= now >= _end;
            if (_isUp || Array.Find(_asked, other => !other.IsDone && other.Due <= now) is not { } asked)
            {
                return false;
            }

            var addresses = asked.Member.Rain;
            var place = addresses[asked.Unanswered % addresses.Length];
            asked.Nonce = asked.Nonce == 0 ? _random.Next() | 1 : asked.Nonce;
            asked.TokenSent = _tokens.Find(place, out _);
            var retry = RetryFirst * (1 << Math.Min(asked.Unanswered, 3));
            asked.Due = now + (retry < RetryMax ? retry : RetryMax);
            asked.Unanswered++;
            var bodyBytes = FolderMessage.Write(buffer[ConsultRequest.FixedBytes..], QueryOf(asked));
            var length = new ConsultRequest
            {
                SubscriptionId = SubscriptionId,
                Version = ConsultRequest.FormatVersion,
                Kind = ConsultKind.Folder,
                Nonce = asked.Nonce,
                Node = _node,
                ForgottenTo = long.MinValue,
                Token = asked.TokenSent,
            }.Write(buffer, bodyBytes);
            transmit = new Transmit(place, length, length);
            return true;
        }
    }

    private FolderQuery QueryOf(Asked asked) =>
        _query with { After = asked.After, Limit = _query.Limit - asked.Entries.Count, HasVersions = true };

    /// <summary>One node that is asked.</summary>
    private sealed class Asked(ClusterMember member, string after)
    {
        public ClusterMember Member { get; } = member;

        public List<FolderEntry> Entries { get; } = [];

        /// <summary>The last key that it has told.</summary>
        public string After { get; private set; } = after;

        public ulong Nonce { get; set; }

        public Bits128 TokenSent { get; set; }

        public int Unanswered { get; set; }

        public Instant Due { get; set; }

        public bool IsEnd { get; private set; }

        public bool HasAnswered { get; private set; }

        public bool IsRefused { get; set; }

        public bool IsDone => HasAnswered || IsRefused;

        public void Take(IReadOnlyList<FolderEntry> entries, bool isEnd, int limit)
        {
            Entries.AddRange(entries);
            After = entries.Count > 0 ? entries[^1].Key : After;
            (Nonce, Unanswered, IsEnd) = (0, 0, isEnd);
            HasAnswered = isEnd || Entries.Count >= limit;
        }
    }
}

/// <summary>What a node has told of a folder.</summary>
/// <param name="Node">The node.</param>
/// <param name="Entries">In order.</param>
/// <param name="IsWhole">Whether that is as much as was wanted, or all it has.</param>
/// <param name="IsEnd">Whether it is all it has.</param>
public sealed record FolderAnswer(NodeId Node, ImmutableArray<FolderEntry> Entries, bool IsWhole, bool IsEnd);
