using PouringRain.Protocol.Cluster.Messages;

namespace PouringRain.Protocol.Cluster;

/// <summary>What all do alike who answer the questions of other nodes: whoever has not shown that he hears at his address is given a token
/// and told nothing else, in fewer bytes than he sent, and whoever is not trusted is told nothing. Thread-safe.</summary>
/// <param name="node">Who answers.</param>
/// <param name="tokenKey">Key of the address tokens, 32 random bytes.</param>
internal sealed class ConsultDesk(NodeId node, ReadOnlyMemory<byte> tokenKey)
{
    private readonly AddressTokens _tokens = new(tokenKey);

    /// <summary>Looks at who asks.</summary>
    /// <param name="now">The time.</param>
    /// <param name="from">Where the question came from.</param>
    /// <param name="asked">The question.</param>
    /// <param name="said">What is to be answered, with a fresh token where one is due; the status says why, if the question is not to be
    /// looked at.</param>
    /// <returns>Whether the asker hears at that address.</returns>
    public bool TryReceive(Instant now, PeerAddress from, in ConsultRequest asked, out ConsultAnswer said)
    {
        var isHeard = _tokens.IsValid(asked.Token, from, now, out var isCurrent);
        said = new ConsultAnswer
        {
            SubscriptionId = asked.SubscriptionId,
            Version = ConsultRequest.FormatVersion,
            Kind = asked.Kind,
            Status = isHeard ? ConsultStatus.Answered : ConsultStatus.TokenNeeded,
            Nonce = asked.Nonce,
            Node = node,
            Token = isCurrent ? default : _tokens.Make(from, now),
        };
        return isHeard;
    }

    /// <summary>As above, where whoever asks is a node of the cluster or nobody.</summary>
    /// <param name="now">The time.</param>
    /// <param name="from">Where the question came from.</param>
    /// <param name="isTrusted">Whether somebody there may be a node of the cluster.</param>
    /// <param name="asked">The question.</param>
    /// <param name="said">As above.</param>
    /// <returns>Whether the question is to be looked at.</returns>
    public bool TryReceive(Instant now, PeerAddress from, bool isTrusted, in ConsultRequest asked, out ConsultAnswer said)
    {
        if (!TryReceive(now, from, asked, out said))
        {
            return false;
        }

        if (!isTrusted || asked.Node == node)
        {
            said.Status = ConsultStatus.NotTrusted;
            return false;
        }

        return true;
    }

    /// <summary>Answers a question whole.</summary>
    /// <param name="kind">The kind that is answered here.</param>
    /// <param name="now">The time.</param>
    /// <param name="from">Where the question came from.</param>
    /// <param name="isTrusted">Whether whoever asks from there may be a node of the cluster; asked only for this kind.</param>
    /// <param name="request">The question; any bytes at all.</param>
    /// <param name="answer">At least <see cref="ConsultAnswer.BytesMax"/> bytes.</param>
    /// <param name="answerBody">Makes the answer to what is to be looked at.</param>
    /// <returns>The answer's length; 0 when the question is none of this kind.</returns>
    public int Answer(
        ConsultKind kind, Instant now, PeerAddress from, Func<PeerAddress, bool> isTrusted, ReadOnlySpan<byte> request, Span<byte> answer,
        ConsultBodyAnswerer answerBody)
    {
        ArgumentNullException.ThrowIfNull(isTrusted);
        if (!ConsultRequest.TryParse(request, out var asked, out var body) || asked.Kind != kind)
        {
            return 0;
        }

        var length = 0;
        if (TryReceive(now, from, isTrusted(from), asked, out var said))
        {
            said.Status = asked.Version == ConsultRequest.FormatVersion
                ? answerBody(body, answer[ConsultAnswer.FixedBytes..], out length) : ConsultStatus.Unknown;
        }

        return said.Write(answer, length);
    }
}

/// <summary>Answers the body of a question.</summary>
/// <param name="body">The body; any bytes at all.</param>
/// <param name="answer">Takes the answer's body.</param>
/// <param name="length">Its bytes; 0 unless it is answered.</param>
internal delegate ConsultStatus ConsultBodyAnswerer(ReadOnlySpan<byte> body, Span<byte> answer, out int length);
