using PouringRain.Protocol.Cluster;
using PouringRain.Protocol.Cluster.Messages;

namespace PouringRain.Protocol.Naming;

/// <summary>Answers the nodes that list a folder with what of it is kept here. Thread-safe as its owner is.</summary>
public sealed class FolderDesk
{
    private readonly ConsultDesk _desk;
    private readonly Func<FolderQuery, (IReadOnlyList<FolderEntry> Entries, bool IsEnd)?> _list;

    /// <summary>Makes one.</summary>
    /// <param name="node">Who this node is.</param>
    /// <param name="tokenKey">Key of the address tokens, 32 random bytes; the one of the rain servers will do.</param>
    /// <param name="list">Lists what is here, in order, and says whether that is all; null while that cannot be told.</param>
    public FolderDesk(
        NodeId node, ReadOnlyMemory<byte> tokenKey, Func<FolderQuery, (IReadOnlyList<FolderEntry> Entries, bool IsEnd)?> list)
    {
        ArgumentNullException.ThrowIfNull(list);
        _desk = new ConsultDesk(node, tokenKey);
        _list = list;
    }

    /// <summary>Answers a question of another node (of kind <see cref="ConsultKind.Folder"/>).</summary>
    /// <param name="now">The time.</param>
    /// <param name="from">Where the question came from.</param>
    /// <param name="isTrusted">Whether whoever asks from there may be a node of the cluster; asked only for this kind.</param>
    /// <param name="request">The question; any bytes at all.</param>
    /// <param name="answer">At least <see cref="ConsultAnswer.BytesMax"/> bytes.</param>
    /// <returns>The answer's length; 0 when the question is none of this kind.</returns>
    public int Answer(
        Instant now, PeerAddress from, Func<PeerAddress, bool> isTrusted, ReadOnlySpan<byte> request, Span<byte> answer) =>
        _desk.Answer(ConsultKind.Folder, now, from, isTrusted, request, answer, AnswerBody);

    private ConsultStatus AnswerBody(ReadOnlySpan<byte> body, Span<byte> answer, out int length)
    {
        length = 0;
        if (FolderMessage.TryParse(body) is not { } query)
        {
            return ConsultStatus.Unknown;
        }

        if (_list(query with { Limit = Math.Min(query.Limit, FolderMessage.EntryCountMax) }) is not var (entries, isEnd))
        {
            return ConsultStatus.NotReady;
        }

        length = FolderMessage.WriteAnswer(answer, entries, isEnd, query.HasVersions);
        return ConsultStatus.Answered;
    }
}
