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
}
