using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using MurkyWaters.Cluster;
using MurkyWaters.Raining;
using MurkyWaters.Store.Catalog;
using PouringRain.Protocol;

namespace MurkyWaters.Store;

/// <summary>
/// Resources on disk. The catalog has a row for each (the newest version wins) with the bytes of a small one; those of a larger one are a
/// blob, a file that is named by their tree digest. A version comes in in this order, each step on the disk before the next: bytes in a
/// temporary file, the blob's name, the row. Only the last one makes it visible, so a crash at any moment leaves the old version or the new
/// one. There is no other clean-up: stopping is the same as crashing.
/// </summary>
internal sealed partial class ResourceStore : IRainCatalog, IDisposable
{
    /// <summary>After this long without use a file is closed, and what was rained of it is rained no more.</summary>
    private const int IdleMs = 30_000;

    private readonly StoreOptions _options;
    private readonly ILogger _logger;
    private readonly FileStream _lockFile;
    private readonly EntryCache _cache;
    private readonly Stripe[] _stripes = [.. Enumerable.Range(0, 64).Select(_ => new Stripe())];
    private readonly ConcurrentDictionary<(ResourceId Id, ulong Tag), Superseded> _superseded = new();
    private readonly ConcurrentDictionary<StoredContent, BlobLease> _raining = new();
    private readonly KeyedGates<ResourceId> _gates = new();

    private ResourceStore(StoreOptions options, ILogger logger)
    {
        _options = options;
        _logger = logger;
        _readsNotedMs = NowMs;
        Files = new StoreFiles(options.Path, options.BeforeStep, options.Time, logger, options.Disk);
        CatalogSchema.Inspect(Files.Root);
        StoreFiles.CreateFolder(Files.Root);

        // Held by the system for as long as the process lives, whatever its end: two processes in one folder would undo each other.
        _lockFile = StoreFiles.OpenAlone(Path.Combine(Files.Root, "store.lock"));
        Space = options.Space ?? new DiskSpace(Files.Root);
        Encoders = new BlockEncoders(options.EncoderBytesMax, options.Time);
        _cache = new EntryCache(options.CacheBytesMax);
        Blobs = new BlobTable(Files, Encoders, digest => Catalog.IsNamed(digest));
        Manifests = new BlobManifests(Files);
        Partials = new PartialTable(Files, options.BootId);
        Scrub = new Scrub(this, logger);
    }

    public StoreOptions Options => _options;

    /// <summary>Who the node is that has this store.</summary>
    public NodeId NodeId { get; private set; }

    public StoreFiles Files { get; }

    public DiskSpace Space { get; }

    public BlobTable Blobs { get; }

    public BlockEncoders Encoders { get; }

    public PartialTable Partials { get; }

    /// <summary>Reads all bodies now and then; begins when it is told to.</summary>
    public Scrub Scrub { get; }

    /// <summary>What is here; set when the store is open.</summary>
    public ResourceCatalog Catalog { get; private set; } = null!;

    /// <summary>Decides the conditions of writes over all nodes; null where they are decided by what is here. Set by the node.</summary>
    public ConditionalWrites? ConditionalWrites { get; set; }

    /// <summary>Called when something has come to wait for the object store.</summary>
    public Action? BackingQueued { get; set; }

    /// <summary>Called after every change of a resource, under its gate; set by the node.</summary>
    public Action<ResourceId>? Changed { get; set; }

    /// <summary>Asks the other nodes for the newest version that there is of a resource, and answers with its stamp, the least number for
    /// none; set by the node.</summary>
    public Func<ResourceId, CancellationToken, Task<long>>? AskNewest { get; set; }

    /// <summary>Makes the stamp of a new version after the greatest that was seen; null when there is none, so far ahead is that one. Set
    /// by a node that has others.</summary>
    public Func<long, long?>? MakeStamp { get; set; }

    /// <summary>What somebody has taken and not given back.</summary>
    public StoreHoldings Holdings
    {
        get
        {
            var blobs = Blobs.Holdings;
            return new StoreHoldings(blobs.Leases, Partials.LeaseCount, blobs.Mending, blobs.Turns + _gates.Count, Space.PromisedBytes);
        }
    }

    /// <summary>Resources that are here whole, tombstones left out.</summary>
    public long Count => Catalog.Count;

    /// <summary>Opens a store and recovers what is there. No blob is hashed: what a row names was flushed before the row, so its length
    /// tells whether it is whole.</summary>
    /// <exception cref="StoreFormatException">The folder has what this program cannot open. Nothing in it was changed.</exception>
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

    /// <summary>What is kept of a resource, a tombstone too. Of what is not here that is known without the disk.</summary>
    /// <exception cref="StoreException">The catalog cannot be read.</exception>
    public StoreEntry? FindEntry(ResourceId id) => !Catalog.Has(id) ? null : _cache.Find(id) ?? ReadEntry(id);

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

    /// <summary>What there is to rain of a resource, read from the catalog where it is not at hand.</summary>
    public IRainContent? Find(ResourceId id) => Rain(FindEntry(id));

    /// <summary>As above, of one version.</summary>
    public IRainContent? Find(ResourceId id, ulong versionTag)
    {
        var entry = FindEntry(id);
        if (entry is null || entry.Resource.Manifest.Version.Tag != versionTag)
        {
            entry = _superseded.GetValueOrDefault((id, versionTag))?.Entry;
        }

        return Rain(entry);
    }

    /// <summary>A page of what is here, tombstones left out.</summary>
    /// <exception cref="StoreException">The catalog cannot be read.</exception>
    public ResourcePage List(ResourceQuery query) => Catalog.List(query);

    /// <summary>All that is kept and not cached, read page by page.</summary>
    public IEnumerable<StoredResource> EnumerateKept()
    {
        const int pageSize = 1000;
        ResourceId? after = null;
        while (true)
        {
            var page = Catalog.FindKept(after, pageSize);
            foreach (var id in page)
            {
                if (FindEntry(id) is { IsTombstone: false } entry)
                {
                    yield return entry.Resource;
                }
            }

            if (page.Count < pageSize)
            {
                yield break;
            }

            after = page[^1];
        }
    }

    /// <summary>Lets one change of a resource at a time through.</summary>
    public Task<KeyedGates<ResourceId>.Turn> EnterAsync(ResourceId id, CancellationToken cancellationToken) =>
        _gates.EnterAsync(id, cancellationToken);

    /// <summary>The stamp of a version that is made now, after <paramref name="previous"/>.</summary>
    public long NextStamp(Manifest? previous) => StampAfter(previous?.Stamp ?? long.MinValue);

    /// <summary>The stamp of a version that is made now, after what is here and what is elsewhere.</summary>
    /// <param name="previous">What is here.</param>
    /// <param name="elsewhere">The newest stamp that other nodes know of; the least number for none.</param>
    /// <param name="isDeleted">Whether it is a tombstone that is made.</param>
    /// <returns>The stamp; null when no greater one is possible.</returns>
    public long? NextStamp(Manifest? previous, long elsewhere, bool isDeleted = false)
    {
        var seen = Math.Max(elsewhere, previous?.Stamp ?? long.MinValue);
        var stamp = MakeStamp is { } make ? make(seen) : StampAfter(seen);
        return stamp <= (isDeleted ? Manifest.TombstoneStampMax : Manifest.StampMax) ? stamp : null;
    }

    /// <summary>Once a second: ends what was kept for a while only.</summary>
    public void Tick()
    {
        var now = NowMs;
        foreach (var (key, superseded) in _superseded)
        {
            if (now - superseded.Entry.LastUseMs >= _options.SupersededLifetime.TotalMilliseconds && _superseded.TryRemove(key, out _))
            {
                superseded.Lease.Dispose();
            }
        }

        foreach (var (content, lease) in _raining)
        {
            if (now - content.LastUseMs >= IdleMs && _raining.TryRemove(content, out _))
            {
                lease.Dispose();
            }
            else
            {
                content.NoteWritten(lease.Blob.WrittenTicks);
            }
        }

        CloseIdlePartials(now);
        Blobs.CloseIdleHandles(now - IdleMs);
        ForgetUnreadable(now);
        Files.Tick();
        Blobs.RemoveLeftovers();
        if (Files.Health.Trouble is null)
        {
            NoteInCatalog();
            StartSettling();
            if (!Space.IsFull)
            {
                Files.Reserve.Fill();
            }
        }
    }

    /// <summary>Once an hour: forgets tombstones that have done their work.</summary>
    public void RemoveOldTombstones()
    {
        const int countMax = 10_000;
        var before = (_options.Time.GetUtcNow() - _options.TombstoneLifetime).ToUnixTimeMilliseconds();
        Task.WhenAll(Catalog.FindTombstones(before, countMax).Select(async id =>
        {
            using (await _gates.EnterAsync(id, CancellationToken.None))
            {
                if (FindEntry(id) is { IsTombstone: true } entry && entry.Resource.Manifest.Stamp < before)
                {
                    await ChangeAsync(new ForgetChange(id), null);
                }
            }
        })).GetAwaiter().GetResult();
    }

    /// <summary>Closes files. Nothing is left to be written.</summary>
    public void Dispose()
    {
        StopBackground();
        CloseIdlePartials(long.MaxValue);
        Encoders.Dispose();
        Partials.Dispose();
        Blobs.CloseIdleHandles(long.MaxValue);
        Catalog?.Dispose();
        _lockFile.Dispose();
    }

    /// <summary>Alone, a clock that was set back must not stop anybody.</summary>
    private long StampAfter(long seen) => Math.Max(NowUnixMs, seen == long.MinValue ? 0 : seen + 1);

    private long NowMs => _options.Time.GetMilliseconds();

    private long NowUnixMs => _options.Time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>What a rain server asks for has a lease of its bytes as long as it is rained, and a while after.</summary>
    private StoredContent? Rain(StoreEntry? entry)
    {
        if (entry is null)
        {
            return null;
        }

        entry.Touch();
        entry.Content.NoteRain();
        if (entry.Blob is { IsInline: false } blob && !_raining.ContainsKey(entry.Content))
        {
            var lease = Blobs.Lease(blob);
            if (_raining.TryAdd(entry.Content, lease))
            {
                entry.Content.NoteWritten(blob.WrittenTicks);
            }
            else
            {
                lease.Dispose();
            }
        }

        return entry.Content;
    }

    private Stripe StripeOf(ResourceId id) => _stripes[(id.Value * 0x9E37_79B9_7F4A_7C15) >> 58];

    /// <summary>Reads an entry into the cache, unless it changes meanwhile: then the change has put it there.</summary>
    private StoreEntry? ReadEntry(ResourceId id)
    {
        var stripe = StripeOf(id);
        long epoch;
        lock (stripe)
        {
            epoch = stripe.Epoch;
        }

        var found = Catalog.Find(id);
        if (found.Strange is { } strange)
        {
            SetAside(strange);
            return null;
        }

        var entry = found.Row is { } row ? EntryOf(row)
            : found.Tombstone is { } tombstone ? new StoreEntry(this, new StoredResource(id, tombstone, Retention.Kept), null)
            : null;
        if (entry is null)
        {
            return null;
        }

        lock (stripe)
        {
            if (_cache.Find(id) is { } newer)
            {
                return newer;
            }

            if (stripe.Epoch == epoch)
            {
                _cache.Set(entry);
            }

            return entry;
        }
    }

    private StoreEntry EntryOf(CatalogRow row) => new(
        this, new StoredResource(row.Id, row.Manifest, row.Retention),
        row.Blob is { } digest ? Blobs.At(digest, row.Manifest.Layout.Length) : Blobs.Of(TreeDigest.Of(row.Manifest), row.Body));

    /// <summary>Ids that share a lock, and the count of their changes, which stands under it.</summary>
    private sealed class Stripe
    {
        public long Epoch { get; set; }
    }

    /// <summary>A version that was replaced, and that may still be rained.</summary>
    private sealed record Superseded(StoreEntry Entry, BlobLease Lease);
}
