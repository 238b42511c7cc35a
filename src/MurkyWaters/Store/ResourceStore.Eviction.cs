namespace MurkyWaters.Store;

/// <summary>The quota of what was fetched, and the disk that all share.</summary>
internal sealed partial class ResourceStore
{
    private readonly Lock _evictionGate = new();
    private long _fetchedBytes;

    /// <summary>Bytes that count for the quota: fetched resources, whole and in part.</summary>
    public long QuotaUsedBytes => Interlocked.Read(ref _fetchedBytes) + Partials.HeldBytes;

    private bool IsOverQuota(long more) => _options.QuotaBytes > 0 && QuotaUsedBytes + more > _options.QuotaBytes;

    /// <summary>
    /// Makes room for bytes that a fetch is about to write: what was fetched and nobody reads goes, the least recently used first.
    /// The quota bounds what is kept, not what is being read: a reader of something larger than the quota gets it all the same, and it
    /// goes afterwards. The disk's end is a bound for everybody.
    /// </summary>
    /// <returns>Whether the disk has room.</returns>
    public bool TryMakeRoom(long bytes, bool countsForQuota)
    {
        if ((!countsForQuota || !IsOverQuota(bytes)) && Space.HasRoomFor(bytes))
        {
            return true;
        }

        lock (_evictionGate)
        {
            using var candidates = FindCandidates().OrderBy(candidate => candidate.LastUseMs).GetEnumerator();
            while ((countsForQuota && IsOverQuota(bytes)) || !Space.HasRoomFor(bytes))
            {
                if (!candidates.MoveNext())
                {
                    return Space.HasRoomFor(bytes);
                }

                candidates.Current.Evict();
            }
        }

        return true;
    }

    /// <summary>Whether the quota allows to keep what a fetch has brought (and counts already), after all has gone that may go.</summary>
    public bool FitsQuota()
    {
        TryMakeRoom(0, countsForQuota: true);
        return !IsOverQuota(0);
    }

    private IEnumerable<(long LastUseMs, Action Evict)> FindCandidates()
    {
        foreach (var partial in Partials.FindIdle())
        {
            yield return (partial.LastUseMs, () => Partials.TryEvict(partial));
        }

        foreach (var (_, entry) in _entries)
        {
            if (entry.FetchedBytes > 0 && !Blobs.IsLeased(entry.Blob!))
            {
                yield return (entry.LastUseMs, () => TryEvict(entry));
            }
        }
    }

    /// <summary>Forgets what was fetched, without a tombstone; not while it is being changed or read.</summary>
    private void TryEvict(StoreEntry entry)
    {
        if (!_gates.TryEnter(entry.Resource.Id, out var gate))
        {
            return;
        }

        using (gate)
        {
            if (FindEntry(entry.Resource.Id) == entry && !Blobs.IsLeased(entry.Blob!))
            {
                try
                {
                    RemoveEntry(entry);
                }
                catch (StoreException)
                {
                    // It stays, then; whoever wanted its room finds that there is none.
                    return;
                }

                StoreLog.Evicted(_logger, entry.Resource.Id, entry.Blob!.Length);
            }
        }
    }
}
