namespace PouringRain.Protocol.Cluster;

// How many copies there are of what has fewest. Everything is looked through again and again (Strays); what was found to have fewer copies
// than it is to have, and what is new, is counted anew whenever somebody asks.
public sealed partial class Replication
{
    /// <summary>Resources that are counted anew; of more the least is known.</summary>
    private const int ThinMax = 1024;

    private readonly HashSet<ResourceId> _thin = [];
    private CopyCount? _leastOfOthers;
    private CopyCount _thinLeft = CopyCount.Most, _thinLeftLast = CopyCount.Most;
    private bool _hasNewStrays, _isSettled;

    /// <summary>What a resource has whose holders all have it: the holders are of as many zones as there are.</summary>
    private CopyCount Whole => new(_placement.WantedCount, Math.Min(_placement.WantedCount, _placement.ZoneCount));

    /// <summary>The least copies that anything has that is kept here; null before all was looked through.</summary>
    private CopyCount? LeastCopies()
    {
        if (_leastOfOthers is not { } least)
        {
            return null;
        }

        least = CopyCount.Least(least, _thinLeftLast);
        foreach (var id in _thin.ToArray())
        {
            if (FindThin(id) is { } copies)
            {
                least = CopyCount.Least(least, copies);
            }
            else
            {
                _thin.Remove(id);
            }
        }

        return least;
    }

    /// <summary>The copies of what has too few; null for what is not kept here, or has as many as it is to have, or is looked after by
    /// its holders.</summary>
    private CopyCount? FindThin(ResourceId id)
    {
        if (!_index.TryFindEntry(id, out var entry) || entry.Replica.Version.IsDeleted || !entry.Replica.IsKept || entry.IsInDoubt)
        {
            return null;
        }

        if (!IsHolder(id))
        {
            return _inquiries.TryGetValue(id, out var inquiry) && inquiry.Version.IsSameAs(entry.Replica.Version)
                && inquiry.Confirmed.Count > 0 ? null : new CopyCount(1, 1);
        }

        var copies = CountCopies(entry, out _);
        return copies.Nodes < _placement.WantedCount ? copies : null;
    }

    /// <summary>The copies that are known.</summary>
    /// <param name="entry">Of a resource whose place is here.</param>
    /// <param name="isFirst">Whether no holder before this node answers.</param>
    private CopyCount CountCopies(in ReplicaEntry entry, out bool isFirst)
    {
        Span<int> holders = stackalloc int[_placement.WantedCount];
        Span<bool> zones = stackalloc bool[_placement.ZoneCount];
        zones.Clear();
        _placement.FindHolders(entry.Id, holders);
        isFirst = true;
        var isBefore = true;
        var nodes = 0;
        foreach (var holder in holders)
        {
            bool isKept;
            if (holder == _ownIndex)
            {
                isBefore = false;
                isKept = entry.Replica.IsKept;
            }
            else if (_peers.TryGetValue(_placement.Members[holder], out var peer))
            {
                isFirst &= !isBefore || !peer.IsAnswering;
                isKept = peer.IsCompared[ReplicaIndex.PartitionOf(entry.Id)] && !peer.Tells.ContainsKey(entry.Id);
            }
            else
            {
                isKept = false;
            }

            nodes += isKept ? 1 : 0;
            zones[_placement.ZoneOf(holder)] |= isKept;
        }

        return new CopyCount(nodes, zones.Count(true));
    }

    private void NoteThin(ResourceId id, CopyCount copies)
    {
        if (_thin.Count < ThinMax || _thin.Contains(id))
        {
            _thin.Add(id);
        }
        else
        {
            _thinLeft = CopyCount.Least(_thinLeft, copies);
        }
    }

    /// <summary>Something was committed, and those that are to have it are told.</summary>
    private void NoteNew(in ReplicaEntry entry)
    {
        if (entry.Replica.Version.IsDeleted || !entry.Replica.IsKept || entry.IsInDoubt)
        {
            return;
        }

        var isStray = !IsHolder(entry.Id);
        _hasNewStrays |= isStray;
        _isSettled &= !isStray;
        if (FindThin(entry.Id) is { } copies)
        {
            NoteThin(entry.Id, copies);
            _thinLeftLast = CopyCount.Least(_thinLeftLast, _thinLeft);
        }
    }

    /// <summary>Places have changed: who has none any more may have been one of those that had a copy.</summary>
    private void NotePlaces(Placement before)
    {
        var left = before.Members.Count(member => _placement.IndexOf(member) < 0);
        _leastOfOthers = _leastOfOthers?.Without(left, left);
        _thinLeftLast = _thinLeftLast == CopyCount.Most ? _thinLeftLast : _thinLeftLast.Without(left, left);
        _isSettled = false;
    }

    private void BeginCounting()
    {
        _thinLeft = CopyCount.Most;
        _hasNewStrays = false;
    }

    private void EndCounting()
    {
        _leastOfOthers = Whole;
        _thinLeftLast = _thinLeft;
        _isSettled = !_hasNewStrays && !_hasDoubts;
    }
}
