namespace PouringRain.Protocol.Cluster;

// All that is here is looked through now and then: copies whose places are elsewhere are told to their holders, and given up when enough of
// those keep them; cached copies whose place is here are kept; cached ones are asked about; old tombstones go.
public sealed partial class Replication
{
    private const int SweepSteps = 64, SweepPartitions = ReplicaIndex.PartitionCount / SweepSteps;

    private readonly Dictionary<ResourceId, Inquiry> _inquiries = [];
    private Instant _nextSweep = Instant.Never;
    private int _sweepAt;
    private long _under, _underLast, _strayCount, _strayBytes;
    private (long Count, long Bytes) _straysLast;
    private ReplicaEntry[] _swept = [];
    private bool _mayDrop = true;

    private void StartSweep(Instant now)
    {
        // A view is seldom alone: the next one comes at once.
        _sweepAt = 0;
        _doubts = 0;
        (_under, _strayCount, _strayBytes) = (0, 0, 0);
        _nextSweep = now + TimeSpan.FromMilliseconds(500);
    }

    private void Sweep(Instant now)
    {
        if (_nextSweep > now || !_index.IsLoaded)
        {
            _nextSweep = _index.IsLoaded ? _nextSweep : now + TimeSpan.FromSeconds(1);
            return;
        }

        _nextSweep = now + (_options.SweepInterval / SweepSteps);
        _mayDrop = true;
        if (_sweepAt == 0)
        {
            UpdateMarks(now);
            BeginCounting();
        }

        for (var i = 0; i < SweepPartitions; i++, _sweepAt++)
        {
            if (_index.ChangesIn(_sweepAt) == 0)
            {
                continue;
            }

            _swept = CopyPartition(_sweepAt).ToArray();
            foreach (var entry in _swept)
            {
                Look(now, entry);
            }
        }

        if (_sweepAt == ReplicaIndex.PartitionCount)
        {
            (_underLast, _straysLast) = (_under, (_strayCount, _strayBytes));
            _hasDoubts = _doubts > 0;
            EndCounting();
            _sweepAt = 0;
            _doubts = 0;
            (_under, _strayCount, _strayBytes) = (0, 0, 0);
        }
    }

    private void Look(Instant now, in ReplicaEntry entry)
    {
        var version = entry.Replica.Version;
        if (version.IsDeleted)
        {
            LookAtTombstone(now, entry);
            return;
        }

        if (entry.IsInDoubt)
        {
            _doubts++;
            Inquire(now, entry, isDoubt: true);
            return;
        }

        if (!IsHolder(entry.Id))
        {
            if (entry.Replica.IsKept)
            {
                _strayCount++;
                _strayBytes += version.Length;
                if (_inquiries.TryGetValue(entry.Id, out var inquiry) && inquiry.Version.IsSameAs(version) && inquiry.Confirmed.Count == 0)
                {
                    // Its holders were asked the last time, and none has said that it has it.
                    NoteThin(entry.Id, new CopyCount(1, 1));
                }

                Inquire(now, entry, isDoubt: false);
            }
            return;
        }

        if (!entry.Replica.IsKept)
        {
            Act(now, ReplicationActionKind.Promote, entry.Id, version);
        }

        CountUnder(entry);
    }

    private void LookAtTombstone(Instant now, in ReplicaEntry entry)
    {
        var version = entry.Replica.Version;
        if (version.Stamp <= Marks.ForgottenTo)
        {
            if (!_lateTombstones.TryGetValue(entry.Id, out var until) || until <= now)
            {
                _lateTombstones.Remove(entry.Id);
                Act(now, ReplicationActionKind.Forget, entry.Id, version);
            }
        }
        else if (version.Stamp > Marks.AgreedTo && version.Stamp <= _othersForgottenTo && !IsDecided(entry))
        {
            // Others do not compare what is that old, and it may be that they have never heard of it.
            _doubts++;
            _hasDoubts = true;
            Inquire(now, entry, isDoubt: true);
        }
    }

    private void CountUnder(in ReplicaEntry entry)
    {
        var copies = CountCopies(entry, out var isFirst);
        if (copies.Nodes < _placement.WantedCount)
        {
            _under += isFirst ? 1 : 0;
            if (entry.Replica.IsKept)
            {
                NoteThin(entry.Id, copies);
            }
        }
    }

    /// <summary>Asks others about a copy: of a stray its holders, of one in doubt all members.</summary>
    private void Inquire(Instant now, in ReplicaEntry entry, bool isDoubt)
    {
        var id = entry.Id;
        if (!_inquiries.TryGetValue(id, out var inquiry) || !inquiry.Version.IsSameAs(entry.Replica.Version)
            || inquiry.IsDoubt != isDoubt)
        {
            if (inquiry is null && _inquiries.Count >= _options.InquiriesMax && !DropInquiries())
            {
                return;
            }

            _inquiries[id] = inquiry = new Inquiry(entry.Replica.Version, isDoubt);
        }
        else
        {
            // Answers are of one round: those from before count no more.
            inquiry.Confirmed.Clear();
            inquiry.Missing.Clear();
        }

        foreach (var peer in _peerList)
        {
            if (isDoubt || IsHolder(peer, id))
            {
                Tell(now, peer, id);
            }
        }
    }

    private void Confirm(Instant now, ResourceId id, ReplicationPeer peer)
    {
        if (!_inquiries.TryGetValue(id, out var inquiry) || inquiry.IsDoubt || !IsHolder(peer, id)
            || !_index.TryFindEntry(id, out var entry) || !entry.Replica.Version.IsSameAs(inquiry.Version))
        {
            return;
        }

        inquiry.Confirmed.Add(peer.Id);
        if (entry.Replica.IsKept && !IsHolder(id) && inquiry.Confirmed.Count >= _placement.WantedCount)
        {
            Act(now, ReplicationActionKind.Demote, id, inquiry.Version);
        }
    }

    /// <summary>Drops those that are over, which are kept for <see cref="KnownHolders"/>; once a step of looking through all.</summary>
    private bool DropInquiries()
    {
        if (!_mayDrop)
        {
            return false;
        }

        _mayDrop = false;
        foreach (var (id, inquiry) in _inquiries)
        {
            if (!_index.TryFindEntry(id, out var entry) || !entry.Replica.Version.IsSameAs(inquiry.Version)
                || (!inquiry.IsDoubt && (!entry.Replica.IsKept || IsHolder(id))) || (inquiry.IsDoubt && IsDecided(entry)))
            {
                _inquiries.Remove(id);
            }
        }

        return _inquiries.Count < _options.InquiriesMax;
    }
}
