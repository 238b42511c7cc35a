using PouringRain.Protocol.Cluster.Messages;

namespace PouringRain.Protocol.Cluster;

// Anti-entropy: digests of what both are to have are compared, groups of partitions first, then partitions; what differs is listed,
// tombstones first, and every entry that is not the same is considered.
public sealed partial class Replication
{
    private static readonly TimeSpan CompareAgain = TimeSpan.FromSeconds(2);

    private readonly PartitionDigests?[] _digests = new PartitionDigests?[ReplicaIndex.PartitionCount];
    private readonly List<ToldEntry> _listed = [];
    private ReplicaEntry[] _entries = new ReplicaEntry[256];

    private Outstanding? AskDigests(Instant now, ReplicationPeer peer)
    {
        if (!_index.IsLoaded || peer.DigestsInFlight > 0)
        {
            return null;
        }

        if (peer.Groups.TryDequeue(out var group))
        {
            return AskDigests(now, peer, group * ReplicationPeer.GroupSize, 1, ReplicationPeer.GroupSize);
        }

        return peer.NextDigests <= now && !peer.HasLists && peer.ListsInFlight == 0 ? AskGroups(now, peer) : null;
    }

    private Outstanding? AskGroups(Instant now, ReplicationPeer peer)
    {
        if (!_index.IsLoaded)
        {
            return null;
        }

        peer.NextDigests = now + _options.DigestInterval;
        return AskDigests(now, peer, 0, ReplicationPeer.GroupSize, ReplicationPeer.GroupCount);
    }

    private Outstanding AskDigests(Instant now, ReplicationPeer peer, int first, int span, int count)
    {
        Span<ulong> digests = stackalloc ulong[count];
        Digest(first, span, peer.Id, peer.Index, Math.Max(Marks.ForgottenTo, peer.ForgottenTo), digests);
        return Make(now, peer, ConsultKind.Digests, DigestsMessage.Write(_body, first, span, digests), first, span, count);
    }

    private bool TakeDigests(Instant now, Outstanding asked, ReadOnlySpan<byte> body)
    {
        var peer = asked.Peer;
        Span<bool> differ = stackalloc bool[asked.Count];
        if (asked.PlacementHash != _placement.Hash || !DigestsMessage.TryParseAnswer(body, differ))
        {
            return false;
        }

        for (var i = 0; i < differ.Length; i++)
        {
            var first = asked.FirstPartition + (i * asked.Span);
            if (!differ[i])
            {
                peer.IsCompared.AsSpan(first, asked.Span).Fill(true);
                if (asked.Span == ReplicationPeer.GroupSize)
                {
                    peer.AgreedAt[i] = asked.ClusterMs;
                }
            }
            else if (asked.Span == 1)
            {
                peer.TombstoneLists.Enqueue((first, null));
                peer.VersionLists.Enqueue((first, null));
            }
            else
            {
                peer.Groups.Enqueue(i);
            }
        }

        if (asked.Span > 1)
        {
            peer.Differences = peer.Groups.Count == 0 ? 0 : peer.Differences + 1;
            if (peer.Groups.Count > 0)
            {
                // What is found is told and fetched meanwhile.
                peer.NextDigests = now + Least(Pause(CompareAgain, peer.Differences - 1, _options.DigestInterval), _options.DigestInterval);
            }

            Agree(now);
        }

        return true;
    }

    private bool MayList(ReplicationPeer peer) =>
        peer.HasLists && peer.ListsInFlight < ListsInFlightMax && (peer.TombstoneLists.Count > 0 || _wants.Count < _options.WantedMax / 2);

    private Outstanding? AskList(Instant now, ReplicationPeer peer)
    {
        if (!_index.IsLoaded || !MayList(peer))
        {
            return null;
        }

        var isOfTombstones = peer.TombstoneLists.TryDequeue(out var next);
        if (!isOfTombstones)
        {
            next = peer.VersionLists.Dequeue();
        }

        var list = new ListMessage { Partition = next.Partition, IsOfTombstones = isOfTombstones, After = next.After };
        return Make(now, peer, ConsultKind.List, list.Write(_body), list: list);
    }

    private bool TakeList(Instant now, Outstanding asked, ReadOnlySpan<byte> body)
    {
        var (peer, list) = (asked.Peer, asked.List);
        if (asked.PlacementHash != _placement.Hash || !ListMessage.TryParseAnswer(body, list.After, _listed, out var isEnd))
        {
            return false;
        }

        var theirs = _listed.ToArray();
        foreach (var entry in theirs)
        {
            if (ReplicaIndex.PartitionOf(entry.Id) == list.Partition && entry.Version.IsDeleted == list.IsOfTombstones)
            {
                Consider(now, peer, entry);
            }
        }

        // What is here and not there, as far as the list goes.
        var forgotten = Math.Max(Marks.ForgottenTo, peer.ForgottenTo);
        var at = 0;
        foreach (var entry in CopyPartition(list.Partition))
        {
            if ((list.After is { } after && entry.Id <= after) || (!isEnd && entry.Id > theirs[^1].Id))
            {
                continue;
            }

            while (at < theirs.Length && theirs[at].Id < entry.Id)
            {
                at++;
            }

            if ((at == theirs.Length || theirs[at].Id != entry.Id) && entry.Replica.Version.IsDeleted == list.IsOfTombstones
                && IsShared(entry, peer.Id, peer.Index, forgotten))
            {
                Tell(now, peer, entry.Id);
            }
        }

        if (!isEnd)
        {
            (list.IsOfTombstones ? peer.TombstoneLists : peer.VersionLists).Enqueue((list.Partition, theirs[^1].Id));
        }
        else if (!list.IsOfTombstones)
        {
            peer.IsCompared[list.Partition] = true;
        }

        return true;
    }

    /// <summary>Looks at what another node has.</summary>
    private void Consider(Instant now, ReplicationPeer peer, in ToldEntry theirs)
    {
        var id = theirs.Id;
        var isHere = _index.TryFindEntry(id, out var entry);
        var order = isHere ? theirs.Version.CompareTo(entry.Replica.Version) : 1;
        if (order < 0)
        {
            if (!entry.IsInDoubt && (entry.Replica.Version.IsDeleted || (entry.Replica.IsKept && IsHolder(peer, id))))
            {
                Tell(now, peer, id);
            }
        }
        else if (theirs.IsInDoubt)
        {
            // It finds out by itself, and then says so.
        }
        else if (order == 0)
        {
            ClearDoubt(entry);
            if (theirs.IsKept)
            {
                peer.Tells.Remove(id);
            }
            else if (entry.Replica.IsKept && IsHolder(peer, id))
            {
                Tell(now, peer, id);
            }

            NoteSource(id, theirs.Version, peer.Id);
        }
        else
        {
            ConsiderNewer(now, peer.Id, null, theirs, isHere ? entry : null, isFresh: false);
        }
    }

    /// <summary>Something that is newer than what is here, or of which nothing is here.</summary>
    /// <returns>What is to be said to it.</returns>
    private TellVerdict ConsiderNewer(
        Instant now, NodeId node, PeerAddress? teller, in ToldEntry theirs, ReplicaEntry? entry, bool isFresh)
    {
        if (IsTooFarAhead(now, theirs.Version.Stamp))
        {
            NoteFailed(theirs.Id, $"its stamp on {node} is too far ahead");
            return TellVerdict.TooFarAhead;
        }

        if (theirs.Version.IsDeleted)
        {
            if (entry is null && theirs.Version.Stamp <= Marks.ForgottenTo)
            {
                return TellVerdict.HeldKept;
            }

            return Bury(now, theirs) ? TellVerdict.Accepted : TellVerdict.NotReady;
        }

        if (IsHolder(theirs.Id))
        {
            return Want(now, theirs.Id, theirs.Version, node, teller, isFresh) ? TellVerdict.Accepted : TellVerdict.NotReady;
        }

        if (entry is { } outdated && theirs.IsKept)
        {
            Act(now, ReplicationActionKind.Forget, theirs.Id, outdated.Replica.Version);
        }

        return TellVerdict.Missing;
    }

    /// <summary>Whether both are to have something: a version that both are holders of, a tombstone of which one is.</summary>
    private bool IsShared(in ReplicaEntry entry, NodeId node, int index, long forgottenTo)
    {
        if (entry.IsInDoubt || !entry.Replica.IsKept || (entry.Replica.Version.IsDeleted && entry.Replica.Version.Stamp <= forgottenTo))
        {
            return false;
        }

        var isTheirs = index >= 0 && _placement.IsHolder(entry.Id, node);
        return entry.Replica.Version.IsDeleted ? isTheirs || IsHolder(entry.Id) : isTheirs && IsHolder(entry.Id);
    }

    private void Digest(int first, int span, NodeId node, int index, long forgottenTo, Span<ulong> digests)
    {
        for (var i = 0; i < digests.Length; i++)
        {
            var sum = 0UL;
            for (var partition = first + (i * span); partition < first + ((i + 1) * span); partition++)
            {
                sum = unchecked(sum + Digest(partition, node, index, forgottenTo));
            }

            digests[i] = sum;
        }
    }

    /// <summary>What is shared with one node of a partition. Computed for all at once, and again only when the partition or the places have
    /// changed.</summary>
    private ulong Digest(int partition, NodeId node, int index, long forgottenTo)
    {
        var changes = _index.ChangesIn(partition);
        if (changes == 0)
        {
            return 0;
        }

        var digests = _digests[partition];
        if (digests is null || digests.Changes != changes || digests.PlacementHash != _placement.Hash || !digests.IsFor(forgottenTo))
        {
            _digests[partition] = digests = Compute(partition, changes, forgottenTo);
        }

        return unchecked(digests.Common + (index >= 0 ? digests.Shared[index] : 0));
    }

    private PartitionDigests Compute(int partition, long changes, long forgottenTo)
    {
        var digests = new PartitionDigests(changes, _placement.Hash, new ulong[_placement.Members.Length]);
        Span<int> holders = stackalloc int[_placement.WantedCount];
        foreach (var entry in CopyPartition(partition))
        {
            var version = entry.Replica.Version;
            if (version.IsDeleted && !digests.Includes(version.Stamp, forgottenTo))
            {
                continue;
            }

            if (entry.IsInDoubt || !entry.Replica.IsKept)
            {
                continue;
            }

            _placement.FindHolders(entry.Id, holders);
            var isOwn = holders.Contains(_ownIndex);
            var hash = ClusterHash.Of(entry.Id, version);
            if (version.IsDeleted && isOwn)
            {
                digests.Common = unchecked(digests.Common + hash);
            }
            else if (version.IsDeleted || isOwn)
            {
                foreach (var holder in holders)
                {
                    digests.Shared[holder] = unchecked(digests.Shared[holder] + hash);
                }
            }
        }

        return digests;
    }

    /// <summary>All of a partition, until the next call.</summary>
    private ReadOnlySpan<ReplicaEntry> CopyPartition(int partition)
    {
        for (; ; )
        {
            var count = _index.CopyAfter(partition, null, _entries);
            if (count < _entries.Length)
            {
                return _entries.AsSpan(0, count);
            }

            _entries = new ReplicaEntry[_entries.Length * 2];
        }
    }

    private sealed class PartitionDigests(long changes, ulong placementHash, ulong[] shared)
    {
        // The newest tombstone that was left out, and the oldest that was not: up to where others have forgotten differs.
        private long _leftOut = long.MinValue, _included = long.MaxValue;

        public long Changes => changes;

        public ulong PlacementHash => placementHash;

        public bool IsFor(long forgottenTo) => forgottenTo >= _leftOut && forgottenTo < _included;

        public bool Includes(long stamp, long forgottenTo)
        {
            var isIncluded = stamp > forgottenTo;
            _included = isIncluded ? Math.Min(_included, stamp) : _included;
            _leftOut = isIncluded ? _leftOut : Math.Max(_leftOut, stamp);
            return isIncluded;
        }

        /// <summary>Tombstones that this node is to have as a holder: shared with everybody.</summary>
        public ulong Common { get; set; }

        /// <summary>What else is shared with each member that has places.</summary>
        public ulong[] Shared => shared;
    }
}
