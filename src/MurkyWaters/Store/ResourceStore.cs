using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using MurkyWaters.Raining;
using PouringRain.Protocol;

namespace MurkyWaters.Store;

/// <summary>
/// Resources on disk. One record a resource (the newest version wins), which names a blob by its tree digest. A version comes in
/// in this order, each step on the disk before the next: bytes in a temporary file, the blob's name, the record's temporary file,
/// the record's name. Only the last one makes it visible, so a crash at any moment leaves the old version or the new one; what it
/// leaves besides is removed at the next start. There is no other clean-up: stopping is the same as crashing.
/// </summary>
internal sealed partial class ResourceStore : IRainCatalog, IDisposable
{
    private readonly StoreOptions _options;
    private readonly ILogger _logger;
    private readonly FileStream _lockFile;
    private readonly ConcurrentDictionary<ResourceId, StoreEntry> _entries = new();
    private readonly SortedSet<ResourceId> _liveIds = [];
    private readonly Lock _liveIdsGate = new();
    private readonly Dictionary<Sha256Digest, int> _names = [];
    private readonly ConcurrentDictionary<(ResourceId Id, ulong Tag), Superseded> _superseded = new();
    private readonly KeyedGates<ResourceId> _gates = new();

    private ResourceStore(StoreOptions options, ILogger logger)
    {
        _options = options;
        _logger = logger;
        Files = new StoreFiles(options.Path, options.BeforeStep, logger);
        StoreFiles.CreateFolder(Files.Root);

        // Held by the system for as long as the process lives, whatever its end: two processes in one folder would undo each other.
        _lockFile = StoreFiles.OpenAlone(Path.Combine(Files.Root, "store.lock"));
        Space = options.Space ?? new DiskSpace(Files.Root);
        Encoders = new BlockEncoders(options.EncoderBytesMax);
        Blobs = new BlobTable(Files, Encoders, IsNamed);
        Partials = new PartialTable(Files, options.BootId);
    }

    public StoreOptions Options => _options;

    /// <summary>Who the node is that has this store.</summary>
    public NodeId NodeId { get; private set; }

    public StoreFiles Files { get; }

    public DiskSpace Space { get; }

    public BlobTable Blobs { get; }

    public BlockEncoders Encoders { get; }

    public PartialTable Partials { get; }

    /// <summary>Resources kept, tombstones left out.</summary>
    public int Count
    {
        get
        {
            lock (_liveIdsGate)
            {
                return _liveIds.Count;
            }
        }
    }

    /// <summary>Every entry, in no order.</summary>
    public IEnumerable<StoreEntry> Entries => _entries.Select(pair => pair.Value);

    /// <summary>Opens a store and recovers what is there. No blob is hashed: what a record names was flushed before the record, so its
    /// length tells whether it is whole.</summary>
    /// <exception cref="IOException">The folder is in use by another process, or cannot be written.</exception>
    public static ResourceStore Open(StoreOptions options, ILogger logger)
    {
        var store = new ResourceStore(options, logger);
        try
        {
            store.Recover();
        }
        catch
        {
            store.Dispose();
            throw;
        }

        return store;
    }

    /// <summary>What is kept of a resource, a tombstone too.</summary>
    public StoreEntry? FindEntry(ResourceId id) => _entries.GetValueOrDefault(id);

    /// <summary>Keeps the bytes of an entry, which is no tombstone, where they are; null when it is no more what the store has.</summary>
    public BlobLease? TryLease(StoreEntry entry)
    {
        var lease = Blobs.Lease(entry.Blob!);
        if (FindEntry(entry.Resource.Id) is { } current && current.Blob == entry.Blob)
        {
            return lease;
        }

        lease.Dispose();
        return null;
    }

    /// <summary>Where a fetch of a version puts what it verifies: into a file of its own, or beside what is here whole.</summary>
    /// <param name="id">The resource.</param>
    /// <param name="manifest">The version.</param>
    /// <param name="mustRain">Whether the blocks are to come although they are here; otherwise those that are here under an older version's
    /// manifest need not.</param>
    public BlocksLease LeaseForFetch(ResourceId id, Manifest manifest, bool mustRain)
    {
        VerifiedBlocks? whole = FindEntry(id) is not { IsTombstone: false } entry ? null
            : entry.Resource.Manifest.Version == manifest.Version ? CheckedBlob.TryOpen(this, entry, _logger)
            : mustRain ? null
            : CheckedBlob.TryOpenWhole(this, entry, manifest, _logger);
        return whole is null ? Partials.Lease(id, manifest) : Partials.Lease(whole);
    }

    /// <inheritdoc/>
    public IRainContent? Find(ResourceId id)
    {
        var entry = FindEntry(id);
        entry?.Touch();
        return entry?.Content;
    }

    /// <inheritdoc/>
    public IRainContent? Find(ResourceId id, ulong versionTag)
    {
        var entry = FindEntry(id);
        if (entry is null || entry.Resource.Manifest.Version.Tag != versionTag)
        {
            entry = _superseded.GetValueOrDefault((id, versionTag))?.Entry;
        }

        entry?.Touch();
        return entry?.Content;
    }

    /// <summary>A page in order of ids, without tombstones.</summary>
    public ResourcePage List(ResourceId? after, int limit)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        var items = new List<StoredResource>(Math.Min(limit, 1024));
        if (after == new ResourceId(ulong.MaxValue))
        {
            return new ResourcePage(items, null);
        }

        var first = after is null ? new ResourceId(0) : new ResourceId(after.Value.Value + 1);
        lock (_liveIdsGate)
        {
            foreach (var id in _liveIds.GetViewBetween(first, new ResourceId(ulong.MaxValue)))
            {
                if (!_entries.TryGetValue(id, out var entry) || entry.IsTombstone)
                {
                    continue;
                }

                if (items.Count == limit)
                {
                    return new ResourcePage(items, items[^1].Id);
                }

                items.Add(entry.Resource);
            }
        }

        return new ResourcePage(items, null);
    }

    /// <summary>Lets one change of a resource at a time through.</summary>
    public Task<KeyedGates<ResourceId>.Turn> EnterAsync(ResourceId id, CancellationToken cancellationToken) => _gates.EnterAsync(id, cancellationToken);

    /// <summary>The stamp of a version that is made now, after <paramref name="previous"/>.</summary>
    public long NextStamp(Manifest? previous) =>
        Math.Max(_options.Time.GetUtcNow().ToUnixTimeMilliseconds(), previous is null ? 0 : previous.Stamp + 1);

    /// <summary>Makes a flushed file the newest version. Under the resource's gate.</summary>
    /// <exception cref="StoreException">The disk did not take it. Where nothing has changed, the file is where it was; where the record may be on
    /// the disk, this is the newest version all the same.</exception>
    public void CommitBlob(StoredResource resource, string path)
    {
        var manifest = resource.Manifest;

        // All that takes room or open files comes before the first change that is seen.
        using var record = PrepareRecord(resource);
        using var publication = Blobs.Publish(path, TreeDigest.Of(manifest), manifest.Layout.Length);
        Commit(record, new StoreEntry(resource, publication.Lease.Blob, Encoders), publication.Keep);
    }

    /// <summary>Makes a version whose bytes are here the newest one; the caller has a lease of the blob. Under the resource's gate.</summary>
    /// <exception cref="StoreException">See <see cref="CommitBlob"/>.</exception>
    public void CommitManifest(StoredResource resource, Blob blob)
    {
        using var record = PrepareRecord(resource);
        Commit(record, new StoreEntry(resource, blob, Encoders), static () => { });
    }

    /// <summary>Makes a tombstone the newest version. Under the resource's gate.</summary>
    /// <exception cref="StoreException">See <see cref="CommitBlob"/>.</exception>
    public void CommitTombstone(ResourceId id, Manifest tombstone)
    {
        var resource = new StoredResource(id, tombstone, ResourceOrigin.Put);
        using (var record = Files.PrepareDeletion(RecordPathOf(id), ResourceRecord.Encode(resource)))
        {
            Commit(record, new StoreEntry(resource, null, Encoders), static () => { });
        }

        Files.Reserve.Fill();
    }

    /// <summary>Changes how a resource is said to have come here. Under the resource's gate.</summary>
    /// <exception cref="StoreException">The disk did not take it.</exception>
    public StoredResource ChangeOrigin(StoreEntry entry, ResourceOrigin origin)
    {
        var resource = entry.Resource with { Origin = origin };
        using var record = PrepareRecord(resource);
        record.Put();
        var changed = new StoreEntry(resource, entry.Blob, Encoders);
        _entries[resource.Id] = changed;
        Interlocked.Add(ref _fetchedBytes, changed.FetchedBytes - entry.FetchedBytes);
        record.Flush();
        return resource;
    }

    /// <summary>Once a second: ends what was kept for a while only.</summary>
    public void Tick()
    {
        var now = Environment.TickCount64;
        foreach (var (key, superseded) in _superseded)
        {
            if (now - superseded.Entry.LastUseMs >= _options.SupersededLifetime.TotalMilliseconds && _superseded.TryRemove(key, out _))
            {
                superseded.Lease.Dispose();
            }
        }

        const int handleIdleMs = 30_000;
        Blobs.CloseIdleHandles(now - handleIdleMs);
        Files.Tick();
        Blobs.RemoveLeftovers();
        if (Files.Health.Trouble is null && !Space.IsFull)
        {
            Files.Reserve.Fill();
        }
    }

    /// <summary>Once an hour: forgets tombstones that have done their work.</summary>
    public void RemoveOldTombstones()
    {
        foreach (var entry in _entries.Values.Where(entry => entry.IsTombstone && IsExpired(entry.Resource.Manifest)))
        {
            if (_gates.TryEnter(entry.Resource.Id, out var gate))
            {
                using (gate)
                {
                    if (FindEntry(entry.Resource.Id) == entry)
                    {
                        RemoveEntry(entry);
                    }
                }
            }
        }
    }

    /// <summary>Closes files. Nothing is left to be written.</summary>
    public void Dispose()
    {
        Encoders.Dispose();
        Partials.Dispose();
        Blobs.CloseIdleHandles(long.MaxValue);
        _lockFile.Dispose();
    }

    private string RecordPathOf(ResourceId id) => Path.Combine(Files.Records, id.Value.ToString("x16", null));

    private bool IsExpired(Manifest tombstone) =>
        tombstone.Stamp < (_options.Time.GetUtcNow() - _options.TombstoneLifetime).ToUnixTimeMilliseconds();

    private StoreFiles.Replacement PrepareRecord(StoredResource resource) =>
        Files.Prepare(RecordPathOf(resource.Id), ResourceRecord.Encode(resource));

    /// <summary>
    /// Puts a record in its place, and then the entry. Once the record's name is there, a crash of the process finds the new version and
    /// one of the machine the old or the new: so memory follows the name, and when the name could not be flushed the old version's
    /// bytes stay until the process ends.
    /// </summary>
    private void Commit(StoreFiles.Replacement record, StoreEntry entry, Action onPut)
    {
        try
        {
            record.Put();
            record.Flush();
        }
        catch (StoreException) when (record.IsPut)
        {
            onPut();
            if (FindEntry(entry.Resource.Id) is { Blob: { } old })
            {
                Name(old);
            }

            Replace(entry);
            throw;
        }

        onPut();
        Replace(entry);
    }

    private void Replace(StoreEntry entry)
    {
        var id = entry.Resource.Id;
        var old = _entries.GetValueOrDefault(id);
        lock (_liveIdsGate)
        {
            _entries[id] = entry;
            if (entry.IsTombstone)
            {
                _liveIds.Remove(id);
            }
            else
            {
                _liveIds.Add(id);
            }
        }

        Interlocked.Add(ref _fetchedBytes, entry.FetchedBytes - (old?.FetchedBytes ?? 0));
        if (entry.Blob is not null)
        {
            Name(entry.Blob);
        }

        if (old?.Blob is null)
        {
            return;
        }

        // Whoever is in the middle of the old version may finish it; but what was deleted stops at once.
        if (!entry.IsTombstone)
        {
            var superseded = new Superseded(old, Blobs.Lease(old.Blob));
            if (!_superseded.TryAdd((id, old.Resource.Manifest.Version.Tag), superseded))
            {
                superseded.Lease.Dispose();
            }
        }

        Unname(old.Blob);
    }

    private void Name(Blob blob)
    {
        lock (_names)
        {
            CollectionsMarshal.GetValueRefOrAddDefault(_names, blob.Digest, out _)++;
        }
    }

    private void Unname(Blob blob)
    {
        lock (_names)
        {
            if (--CollectionsMarshal.GetValueRefOrNullRef(_names, blob.Digest) == 0)
            {
                _names.Remove(blob.Digest);
            }
        }

        Blobs.Drop(blob);
    }

    private bool IsNamed(Sha256Digest digest)
    {
        lock (_names)
        {
            return _names.ContainsKey(digest);
        }
    }

    /// <exception cref="StoreException">The disk did not take it; nothing has changed.</exception>
    private void RemoveEntry(StoreEntry entry)
    {
        Files.Delete(RecordPathOf(entry.Resource.Id));
        lock (_liveIdsGate)
        {
            _entries.TryRemove(entry.Resource.Id, out _);
            _liveIds.Remove(entry.Resource.Id);
        }

        Interlocked.Add(ref _fetchedBytes, -entry.FetchedBytes);
        if (entry.Blob is not null)
        {
            Unname(entry.Blob);
        }
    }

    /// <summary>A version that was replaced, and that may still be rained.</summary>
    private sealed record Superseded(StoreEntry Entry, BlobLease Lease);
}
