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
        Instant now, PeerAddress from, Func<PeerAddress, bool> isTrusted, ReadOnlySpan<byte> request, Span<byte> answer)
    {
        ArgumentNullException.ThrowIfNull(isTrusted);
        if (!ConsultRequest.TryParse(request, out var asked, out var body) || asked.Kind != ConsultKind.Folder)
        {
            return 0;
        }

        if (!_desk.TryReceive(now, from, isTrusted(from), asked, out var said))
        {
            return said.Write(answer, 0);
        }

        if (asked.Version != ConsultRequest.FormatVersion || FolderMessage.TryParse(body) is not { } query)
        {
            said.Status = ConsultStatus.Unknown;
            return said.Write(answer, 0);
        }

        if (_list(query with { Limit = Math.Min(query.Limit, FolderMessage.EntryCountMax) }) is not var (entries, isEnd))
        {
            said.Status = ConsultStatus.NotReady;
            return said.Write(answer, 0);
        }

        return said.Write(answer, FolderMessage.WriteAnswer(answer[ConsultAnswer.FixedBytes..], entries, isEnd));
    }
}
