using PouringRain.Protocol.Cluster.Messages;

namespace PouringRain.Protocol.Cluster;

// Others are answered at once, from what is here.
public sealed partial class Replication
{
    private readonly List<ToldEntry> _told = [];

    /// <summary>Answers a question of another node; any bytes at all. May be called by any thread.</summary>
    /// <param name="now">The time.</param>
    /// <param name="from">Where the datagram came from.</param>
    /// <param name="isTrusted">Whether the sender may be a node of the cluster: the datagram was sealed, or came from an address that
    /// somebody named. Whoever is not is told nothing, and changes nothing.</param>
    /// <param name="request">The datagram.</param>
    /// <param name="answer">Room for an answer, at least 1180 bytes.</param>
    /// <returns>The answer's length; 0 when the datagram is no question of a node.</returns>
    public int Answer(Instant now, PeerAddress from, bool isTrusted, ReadOnlySpan<byte> request, Span<byte> answer)
    {
        if (!ConsultRequest.TryParse(request, out var asked, out var body))
        {
            return 0;
        }

        if (!_desk.TryReceive(now, from, isTrusted, asked, out var said))
        {
            return said.Write(answer, 0);
        }

        lock (_gate)
        {
            if (_peers.TryGetValue(asked.Node, out var peer))
            {
                NoteMarks(now, peer, asked.Start, asked.AgreedTo, asked.ForgottenTo);
                if (!peer.IsAnswering)
                {
                    // Whoever asks is there.
                    peer.ProbeAt = Instant.Min(peer.ProbeAt, now + TimeSpan.FromMilliseconds(10));
                }
            }

            if (_gone.Contains(asked.Node))
            {
                // It was taken off the list: it tells nothing, and is told nothing, until it is on it again.
                said.Status = ConsultStatus.NotReady;
                return said.Write(answer, 0);
            }

            Doubt(now);
            said.Start = _start;
            said.AgreedTo = _savedMarks.AgreedTo;
            said.ForgottenTo = Marks.ForgottenTo;
            said.Status = Answer(now, from, asked, body, answer[ConsultAnswer.FixedBytes..ConsultAnswer.BytesMax], out var length);
            return said.Write(answer, said.Status == ConsultStatus.Answered ? length : 0);
        }
    }

    private ConsultStatus Answer(
        Instant now, PeerAddress from, in ConsultRequest asked, ReadOnlySpan<byte> body, Span<byte> room, out int length)
    {
        length = 0;
        if (asked.Version != ConsultRequest.FormatVersion)
        {
            return ConsultStatus.Unknown;
        }

        switch (asked.Kind)
        {
            case ConsultKind.Digests when DigestsMessage.TryParse(body, out var first, out var span, out var digests):
                return AnswerComparison(asked, out var status) ? AnswerDigests(asked, first, span, digests, room, out length) : status;
            case ConsultKind.List when ListMessage.TryParse(body, out var list):
                return AnswerComparison(asked, out status) ? AnswerList(asked, list, room, out length) : status;
            case ConsultKind.Tell when TellMessage.TryParse(body, _told):
                length = _index.IsLoaded && _hasMembers ? AnswerTold(now, from, asked.Node, room) : 0;
                return length > 0 ? ConsultStatus.Answered : ConsultStatus.NotReady;
            default:
                return ConsultStatus.Unknown;
        }
    }

    private bool AnswerComparison(in ConsultRequest asked, out ConsultStatus status)
    {
        status = !_index.IsLoaded || !_hasMembers ? ConsultStatus.NotReady
            : asked.PlacementHash != _placement.Hash ? ConsultStatus.OtherView : ConsultStatus.Answered;
        return status == ConsultStatus.Answered;
    }

    private ConsultStatus AnswerDigests(
        in ConsultRequest asked, int first, int span, ReadOnlySpan<byte> theirs, Span<byte> room, out int length)
    {
        Span<ulong> ours = stackalloc ulong[theirs.Length / 8];
        Span<bool> differ = stackalloc bool[ours.Length];
        var forgotten = Math.Max(Marks.ForgottenTo, asked.ForgottenTo);
        Digest(first, span, asked.Node, _placement.IndexOf(asked.Node), forgotten, ours);
        for (var i = 0; i < ours.Length; i++)
        {
            differ[i] = ours[i] != System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(theirs[(8 * i)..]);
        }

        length = DigestsMessage.WriteAnswer(room, differ);
        return ConsultStatus.Answered;
    }

    private ConsultStatus AnswerList(in ConsultRequest asked, in ListMessage list, Span<byte> room, out int length)
    {
        var forgotten = Math.Max(Marks.ForgottenTo, asked.ForgottenTo);
        var index = _placement.IndexOf(asked.Node);
        length = 2;
        (room[0], room[1]) = (1, 0);
        foreach (var entry in CopyPartition(list.Partition))
        {
            if ((list.After is { } after && entry.Id <= after) || entry.Replica.Version.IsDeleted != list.IsOfTombstones
                || !IsShared(entry, asked.Node, index, forgotten))
            {
                continue;
            }

            var written = ToldEntry.Of(entry).Write(room[length..]);
            if (written == 0)
            {
                room[0] = 0;
                break;
            }

            length += written;
            room[1]++;
        }

        return ConsultStatus.Answered;
    }

    private int AnswerTold(Instant now, PeerAddress from, NodeId node, Span<byte> room)
    {
        var length = 1;
        room[0] = 0;
        foreach (var entry in _told)
        {
            // A newer entry and its verdict must fit, whatever comes of it.
            if (room.Length - length < 1 + ToldEntry.BytesMax)
            {
                break;
            }

            length += TellMessage.Write(room[length..], Judge(now, from, node, entry));
            room[0]++;
        }

        return length;
    }

    /// <summary>What is to be said to what a node tells.</summary>
    private ToldVerdict Judge(Instant now, PeerAddress from, NodeId node, in ToldEntry told)
    {
        var id = told.Id;
        var isHere = _index.TryFindEntry(id, out var entry);
        var isMine = IsHolder(id);
        if (told.Version.IsNone || (told.IsInDoubt && !isHere))
        {
            return told.Version.IsNone ? AnswerSurvey(id, isHere ? entry : null) : new ToldVerdict(TellVerdict.Missing, isMine, default);
        }

        if (isHere && entry.IsInDoubt && (told.IsInDoubt || told.Version < entry.Replica.Version))
        {
            return new ToldVerdict(told.IsInDoubt ? TellVerdict.Missing : TellVerdict.NotReady, isMine, default);
        }

        var order = isHere ? told.Version.CompareTo(entry.Replica.Version) : 1;
        if (order < 0)
        {
            return new ToldVerdict(TellVerdict.Newer, isMine, ToldEntry.Of(entry));
        }

        if (order > 0)
        {
            // An older one would not be here, had what is in doubt there been deleted.
            var kind = told.IsInDoubt ? TellVerdict.HeldCached
                : ConsiderNewer(now, node, from, told, isHere ? entry : null, told.Flags.HasFlag(ToldFlags.Fresh));
            return new ToldVerdict(kind, isMine, default);
        }

        ClearDoubt(entry);
        NoteSource(id, told.Version, node);
        HearBack(now, node, told);
        if (!entry.Replica.IsKept && isMine)
        {
            Act(now, ReplicationActionKind.Promote, id, entry.Replica.Version);
            return new ToldVerdict(TellVerdict.Accepted, isMine, default);
        }

        return new ToldVerdict(entry.Replica.IsKept ? TellVerdict.HeldKept : TellVerdict.HeldCached, isMine, default);
    }

    /// <summary>The newest version that is known here, if only by name.</summary>
    private ToldVerdict AnswerSurvey(ResourceId id, ReplicaEntry? entry)
    {
        var isHere = entry is { IsInDoubt: false };
        if (_wants.TryGetValue(id, out var want) && (!isHere || want.Version > entry!.Value.Replica.Version))
        {
            return new ToldVerdict(TellVerdict.Newer, true, new ToldEntry(id, want.Version, ToldFlags.None, null));
        }

        return isHere
            ? new ToldVerdict(TellVerdict.Newer, IsHolder(id), ToldEntry.Of(entry!.Value))
            : new ToldVerdict(TellVerdict.Missing, IsHolder(id), default);
    }
}
