using PouringRain.Protocol.Cluster.Messages;

namespace PouringRain.Protocol.Cluster;

// What is newest here is told to those that are to have it, until each says that it has.
public sealed partial class Replication
{
    private static readonly TimeSpan TellFirst = TimeSpan.FromMilliseconds(500), TellMax = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan AcceptedFirst = TimeSpan.FromMilliseconds(100), AcceptedMax = TimeSpan.FromSeconds(10);

    /// <summary>What took this long is told back: by then those that told of it ask seldom, and somebody may wait for them.</summary>
    private static readonly TimeSpan TellBackAfter = TimeSpan.FromMilliseconds(500);

    private readonly List<ToldVerdict> _verdicts = [];

    /// <summary>Tells of what was just committed.</summary>
    private void Spread(Instant now, ResourceId id)
    {
        if (!_index.TryFindEntry(id, out var entry))
        {
            return;
        }

        var version = entry.Replica.Version;
        if (_inquiries.TryGetValue(id, out var inquiry) && !inquiry.Version.IsSameAs(version))
        {
            _inquiries.Remove(id);
        }

        if (NoteMended(now, entry) || entry.IsInDoubt || !entry.Replica.IsKept)
        {
            // Whoever told this node of it tells the others as well, and digests are compared.
            NoteNew(entry);
            return;
        }

        if (!version.IsDeleted && !IsHolder(id))
        {
            Inquire(now, entry, isDoubt: false);
        }

        // Others than holders may have something older cached.
        _peerList.ForEach(peer => Tell(now, peer, id, isFresh: true));
        NoteNew(entry);
    }

    private void Tell(Instant now, ReplicationPeer peer, ResourceId id, bool isFresh = false)
    {
        if (!peer.Tells.TryGetValue(id, out var telling))
        {
            if (peer.Tells.Count >= _options.TellsMax)
            {
                peer.IsCompared[ReplicaIndex.PartitionOf(id)] = false;
                return;
            }

            peer.Tells[id] = telling = new Telling { Due = Instant.Never };
        }

        telling.IsFresh |= isFresh;
        if (isFresh || telling.Due == Instant.Never)
        {
            telling.Attempts = 0;
            telling.Due = now;
            peer.DueTells.Enqueue(id, now.Nanoseconds);
        }
    }

    /// <summary>Tells those that told of what was just made that it is here by now. What is mended is not told back: nobody waits for
    /// it, and it may be a million small ones.</summary>
    private void TellBack(Instant now, Want want)
    {
        if (!want.IsFresh || now - want.Since < TellBackAfter)
        {
            return;
        }

        foreach (var node in want.Sources)
        {
            if (_peers.TryGetValue(node, out var peer))
            {
                Tell(now, peer, want.Id);
            }
        }
    }

    /// <summary>A node tells of what it was told itself: its answer is another now, and it is asked at once.</summary>
    private void HearBack(Instant now, NodeId node, in ToldEntry told)
    {
        if (!told.IsKept || !_peers.TryGetValue(node, out var peer) || !peer.Tells.TryGetValue(told.Id, out var telling))
        {
            return;
        }

        // Of one that is under way the answer may be from before.
        telling.Attempts = 0;
        if (!telling.IsInFlight)
        {
            telling.Due = now;
            peer.DueTells.Enqueue(told.Id, now.Nanoseconds);
        }
    }

    private static void TellAgain(Instant now, ReplicationPeer peer, ResourceId id, TimeSpan pause)
    {
        if (peer.Tells.TryGetValue(id, out var telling))
        {
            telling.IsInFlight = false;
            telling.Attempts++;
            telling.Due = now + pause;
            peer.DueTells.Enqueue(id, telling.Due.Nanoseconds);
        }
    }

    private Outstanding? AskTells(Instant now, ReplicationPeer peer)
    {
        if (peer.TellsInFlight >= TellsInFlightMax)
        {
            return null;
        }

        var told = new List<ToldEntry>();
        var bytes = 1;
        while (told.Count < TellMessage.CountMax && bytes + ToldEntry.BytesMax <= _body.Length
            && peer.DueTells.TryPeek(out var id, out var due) && due <= now.Nanoseconds)
        {
            peer.DueTells.Dequeue();
            if (!peer.Tells.TryGetValue(id, out var telling) || telling.IsInFlight || telling.Due.Nanoseconds != due)
            {
                continue;
            }

            if (!_index.TryFindEntry(id, out var entry))
            {
                peer.Tells.Remove(id);
                continue;
            }

            telling.IsInFlight = true;
            var next = ToldEntry.Of(entry, telling.IsFresh ? ToldFlags.Fresh : 0);
            bytes += next.SizeBytes;
            told.Add(next);
        }

        return told.Count == 0 ? null : Make(now, peer, ConsultKind.Tell, WriteTold(told), told: told);
    }

    private int WriteTold(List<ToldEntry> told)
    {
        _body[0] = (byte)told.Count;
        var bytes = 1;
        foreach (var entry in told)
        {
            bytes += entry.Write(_body.AsSpan(bytes));
        }

        return bytes;
    }

    private bool TakeVerdicts(Instant now, Outstanding asked, ReadOnlySpan<byte> body)
    {
        if (!TellMessage.TryParseAnswer(body, _verdicts) || _verdicts.Count == 0 || _verdicts.Count > asked.Told.Count)
        {
            return false;
        }

        if (asked.Survey > 0)
        {
            TakeSurvey(now, asked, _verdicts[0]);
            return true;
        }

        for (var i = 0; i < asked.Told.Count; i++)
        {
            if (i >= _verdicts.Count)
            {
                TellAgain(now, asked.Peer, asked.Told[i].Id, TimeSpan.Zero);
            }
            else
            {
                Take(now, asked.Peer, asked.Told[i], _verdicts[i]);
            }
        }

        return true;
    }

    private void Take(Instant now, ReplicationPeer peer, in ToldEntry told, in ToldVerdict verdict)
    {
        var id = told.Id;
        if (!peer.Tells.TryGetValue(id, out var telling))
        {
            return;
        }

        telling.IsInFlight = false;
        if (!_index.TryFindEntry(id, out var entry))
        {
            peer.Tells.Remove(id);
            return;
        }

        if (!entry.Replica.Version.IsSameAs(told.Version))
        {
            // There is another version here by now.
            TellAgain(now, peer, id, TimeSpan.Zero);
            return;
        }

        switch (verdict.Kind)
        {
            case TellVerdict.HeldKept:
                peer.Tells.Remove(id);
                ClearDoubt(entry);
                if (verdict.IsMine)
                {
                    Confirm(now, id, peer);
                }

                if (entry.Replica.Version.IsDeleted)
                {
                    Judge(now, peer, entry);
                }

                break;
            case TellVerdict.HeldCached:
                ClearDoubt(entry);
                Settle(now, peer, id, telling);
                break;
            case TellVerdict.Newer when verdict.Newer.Id == id && verdict.Newer.Version > told.Version:
                peer.Tells.Remove(id);
                Consider(now, peer, verdict.Newer);
                break;
            case TellVerdict.Accepted:
                TellAgain(now, peer, id, Pause(AcceptedFirst, telling.Attempts, AcceptedMax));
                break;
            case TellVerdict.Missing:
                Settle(now, peer, id, telling);
                Judge(now, peer, entry);
                break;
            case TellVerdict.Full:
                NoteFailed(id, $"no room on {peer.Id}");
                TellAgain(now, peer, id, Pause(TellFirst * 4, telling.Attempts, TellMax));
                break;
            case TellVerdict.TooFarAhead:
                NoteFailed(id, $"its stamp is too far ahead for {peer.Id}");
                TellAgain(now, peer, id, Pause(TellFirst * 4, telling.Attempts, TellMax));
                break;
            default:
                TellAgain(now, peer, id, Pause(TellFirst, telling.Attempts, TellMax));
                break;
        }
    }

    /// <summary>Who is no holder for itself may become one, if it is one for this node; otherwise that is all.</summary>
    private void Settle(Instant now, ReplicationPeer peer, ResourceId id, Telling telling)
    {
        if (_index.TryFindEntry(id, out var entry) && entry.Replica.IsKept && !entry.IsInDoubt && IsHolder(peer, id))
        {
            TellAgain(now, peer, id, Pause(TellFirst, telling.Attempts, TellMax));
        }
        else
        {
            peer.Tells.Remove(id);
        }
    }
}
