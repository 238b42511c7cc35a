using System.Collections.Concurrent;
using MurkyWaters.Store.Catalog;
using PouringRain.Protocol;

namespace MurkyWaters.Store;

/// <summary>The quota of what was fetched, and the disk that all share.</summary>
internal sealed partial class ResourceStore
{
    /// <summary>Cached copies that are looked at, and evicted, at once.</summary>
    private const int EvictionBatch = 64;

    /// <summary>Reads that are noted at once; those of a minute, or as many.</summary>
    private const int ReadsMax = 10_000, ReadsEveryMs = 60_000;

    private readonly SemaphoreSlim _evicting = new(1);
    private readonly ConcurrentDictionary<ResourceId, long> _reads = new();
    private long _readsNotedMs;

    /// <summary>Bytes that count for the quota: fetched resources, whole and in part.</summary>
    public long QuotaUsedBytes => Catalog.CachedBytes + Partials.HeldBytes;

    private bool IsOverQuota(long more) => _options.QuotaBytes > 0 && QuotaUsedBytes + more > _options.QuotaBytes;

    /// <summary>
    /// Makes room for bytes that are about to be written: what was fetched and nobody reads goes, the least recently used first.
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

        _evicting.Wait();
        try
        {
            NoteReads();
            var passed = new HashSet<ResourceId>();
            while (countsForQuota && IsOverQuota(bytes) && TryEvictSome(bytes, isForDisk: false, passed))
            {
            }

            while (!Space.HasRoomFor(bytes) && TryEvictSome(bytes, isForDisk: true, passed))
            {
            }

            return Space.HasRoomFor(bytes);
        }
        catch (StoreException)
        {
            // The catalog takes nothing just now. What there is of room counts.
            return Space.HasRoomFor(bytes);
        }
        finally
        {
            _evicting.Release();
        }
    }

    /// <summary>Sets room on the disk aside for what is put; what was fetched gives way to it.</summary>
    /// <returns>Whether there is as much.</returns>
    public bool TryReserve(long bytes) =>
        Space.TryReserve(bytes) || (TryMakeRoom(bytes, countsForQuota: false) && Space.TryReserve(bytes));

    /// <summary>Whether the quota allows to keep what a fetch has brought (and counts already), after all has gone that may go.</summary>
    public bool FitsQuota()
    {
        TryMakeRoom(0, countsForQuota: true);
        return !IsOverQuota(0);
    }

    /// <summary>Remembers that a cached copy was read.</summary>
    internal void NoteRead(ResourceId id) => _reads[id] = NowUnixMs;

    /// <summary>Has the catalog know of all reads up to now.</summary>
    /// <exception cref="StoreException">The disk did not take it.</exception>
    internal void SettleReads() => NoteReads();

    /// <summary>Evicts as many as make the room, of those that were read least recently; false when there are none.</summary>
    private bool TryEvictSome(long bytes, bool isForDisk, HashSet<ResourceId> passed)
    {
        var (now, nowMs) = (NowUnixMs, NowMs);
        var copies = Catalog.FindLeastRead(isForDisk, EvictionBatch + passed.Count)
            .Where(copy => !passed.Contains(copy.Id))
            .Select(
                copy => (LastUse: Math.Max(copy.LastReadUnixMs, _reads.GetValueOrDefault(copy.Id)), Copy: (ResourceId?)copy.Id,
                    Partial: (PartialBlob?)null));
        var partials = Partials.FindIdle().Select(
            partial => (LastUse: now - (nowMs - partial.LastUseMs), Copy: (ResourceId?)null, Partial: (PartialBlob?)partial));
        var isAny = false;
        foreach (var (_, copy, partial) in copies.Concat(partials).OrderBy(candidate => candidate.LastUse).Take(EvictionBatch))
        {
            if (isForDisk ? Space.HasRoomFor(bytes) : !IsOverQuota(bytes))
            {
                return true;
            }

            if (partial is not null)
            {
                isAny |= Partials.TryEvict(partial);
            }
            else if (copy is { } id)
            {
                passed.Add(id);
                isAny |= true;
                Evict(id);
            }
        }

        return isAny;
    }

    /// <summary>Forgets what was fetched, without a tombstone; not while it is being changed or read.</summary>
    private void Evict(ResourceId id)
    {
        if (!_gates.TryEnter(id, out var gate))
        {
            return;
        }

        using (gate)
        {
            if (FindEntry(id) is { Resource.Retention: Retention.Cached, Blob: { } blob } && !Blobs.IsLeased(blob))
            {
                ChangeAsync(new ForgetChange(id), null).GetAwaiter().GetResult();
                _reads.TryRemove(id, out _);
                StoreLog.Evicted(_logger, id, blob.Length);
            }
        }
    }

    /// <summary>Now and then: has the catalog note what was read and which files have gone.</summary>
    private void NoteInCatalog()
    {
        var now = NowMs;
        if (_reads.Count >= ReadsMax || now - _readsNotedMs >= ReadsEveryMs)
        {
            _readsNotedMs = now;
            NoteReads();
        }

        var gone = Blobs.TakeGone();
        if (gone.Count > 0)
        {
            // Else a machine that stops might have the file again and nothing that says why.
            try
            {
                Files.FlushFolder(Files.Blobs);
                Catalog.NoteGoneAsync(gone).GetAwaiter().GetResult();
            }
            catch (StoreException)
            {
                Blobs.ReturnGone(gone);
                throw;
            }
        }
    }

    private void NoteReads()
    {
        KeyValuePair<ResourceId, long>[] reads = [.. _reads];
        if (reads.Length == 0)
        {
            return;
        }

        Catalog.NoteReadsAsync(reads).GetAwaiter().GetResult();
        foreach (var read in reads)
        {
            _reads.TryRemove(read);
        }
    }
}
