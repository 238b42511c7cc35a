using PouringRain.Protocol.Cluster;
using PouringRain.Protocol.Cluster.Messages;

namespace PouringRain.Protocol.Archiving;

/// <summary>Answers the nodes that archive: reads what they order, asks its owner what is there, and says so. Thread-safe as the owner
/// is.</summary>
public sealed class ArchiveDesk
{
    private readonly ConsultDesk _desk;
    private readonly Func<ArchiveOrder, ArchiveReport?> _obey;

    /// <summary>Makes one.</summary>
    /// <param name="node">Who this node is.</param>
    /// <param name="tokenKey">Key of the address tokens, 32 random bytes; the one of the rain servers will do.</param>
    /// <param name="obey">Obeys an order, at once, and says what is there; null while that is being found out: the question comes
    /// again.</param>
    public ArchiveDesk(NodeId node, ReadOnlyMemory<byte> tokenKey, Func<ArchiveOrder, ArchiveReport?> obey)
    {
        ArgumentNullException.ThrowIfNull(obey);
        _desk = new ConsultDesk(node, tokenKey);
        _obey = obey;
    }

    /// <summary>Answers a question of another node (of kind <see cref="ConsultKind.Archive"/>).</summary>
    /// <param name="now">The time.</param>
    /// <param name="from">Where the question came from.</param>
    /// <param name="isTrusted">Whether whoever asks from there may be a node of the cluster; asked only for this kind.</param>
    /// <param name="request">The question; any bytes at all.</param>
    /// <param name="answer">At least <see cref="ConsultAnswer.BytesMax"/> bytes.</param>
    /// <returns>The answer's length; 0 when the question is none of this kind.</returns>
    public int Answer(
        Instant now, PeerAddress from, Func<PeerAddress, bool> isTrusted, ReadOnlySpan<byte> request, Span<byte> answer) =>
        _desk.Answer(ConsultKind.Archive, now, from, isTrusted, request, answer, AnswerBody);

    private ConsultStatus AnswerBody(ReadOnlySpan<byte> body, Span<byte> answer, out int length)
    {
        length = 0;
        if (!ArchiveMessage.TryParse(body, out var order))
        {
            return ConsultStatus.Unknown;
        }

        if (_obey(order) is not { } report)
        {
            return ConsultStatus.NotReady;
        }

        length = ArchiveMessage.WriteAnswer(answer, report);
        return ConsultStatus.Answered;
    }
}
