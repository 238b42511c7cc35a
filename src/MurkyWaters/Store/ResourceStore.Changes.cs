using MurkyWaters.Store.Catalog;
using PouringRain.Protocol;

namespace MurkyWaters.Store;

/// <summary>What changes a resource. All of it under the resource's gate.</summary>
internal sealed partial class ResourceStore
{
    /// <summary>Whether bytes of this length are kept in the catalog.</summary>
    public bool IsInline(long length) => _options.InlineBytes > 0 && length <= _options.InlineBytes;

    /// <summary>Makes a flushed file the newest version.</summary>
    /// <exception cref="StoreException">As <see cref="ChangeAsync"/>'s. Where nothing has changed, the file is where it was.</exception>
    public void CommitBlob(StoredResource resource, string path) =>
        CommitBlobAsync(resource, path, isFetched: true).GetAwaiter().GetResult();

    /// <inheritdoc cref="CommitBlob"/>
    public async Task CommitBlobAsync(StoredResource resource, string path, bool isFetched = false)
    {
        var manifest = resource.Manifest;
        if (IsInline(manifest.Layout.Length))
        {
            await CommitBytesAsync(resource, await StoreFiles.ReadBytesAsync(path), isFetched);
            return;
        }

        using var publication = Blobs.Publish(path, manifest);
        var blob = publication.Lease.Blob;
        if (publication.IsReplaced)
        {
            NoteQuarantined($"blob {blob.Digest}", "it was not what it should be, and the right bytes came");
        }

        var put = Put(resource, blob, areCompared: true);
        try
        {
            await ChangeAsync(put.Change, put.Entry, isFetched);
            publication.Keep(isSettled: true);
        }
        catch (StoreException) when (put.Change.IsSeen)
        {
            // It is the newest now, and may be no more after the machine has stopped: the note stays.
            publication.Keep(isSettled: false);
            throw;
        }
    }

    /// <summary>Makes bytes that are kept in the catalog the newest version.</summary>
    /// <exception cref="StoreException">As <see cref="ChangeAsync"/>'s.</exception>
    public async Task CommitBytesAsync(StoredResource resource, byte[] bytes, bool isFetched = false)
    {
        if (!Space.HasRoomFor(bytes.Length) && !TryMakeRoom(bytes.Length, countsForQuota: false))
        {
            throw new StoreFullException($"The disk has no room for {bytes.Length} bytes.");
        }

        var (change, entry) = Put(resource, Blobs.Of(TreeDigest.Of(resource.Manifest), bytes));
        await ChangeAsync(change, entry, isFetched);
    }

    /// <summary>Makes a version whose bytes are here the newest one; the caller has a lease of the blob.</summary>
    /// <exception cref="StoreException">As <see cref="ChangeAsync"/>'s.</exception>
    public void CommitManifest(StoredResource resource, Blob blob)
    {
        var (change, entry) = Put(resource, blob);
        ChangeAsync(change, entry, isFetched: true).GetAwaiter().GetResult();
    }

    /// <summary>As <see cref="CommitManifest"/>, of a version that is made here.</summary>
    /// <exception cref="StoreException">As <see cref="ChangeAsync"/>'s.</exception>
    public Task CommitCopyAsync(StoredResource resource, Blob blob)
    {
        if (blob.IsInline)
        {
            return CommitBytesAsync(resource, blob.InlineBytes.ToArray());
        }

        var (change, entry) = Put(resource, blob);
        return ChangeAsync(change, entry);
    }

    /// <summary>Makes a tombstone the newest version.</summary>
    /// <exception cref="StoreException">As <see cref="ChangeAsync"/>'s.</exception>
    public void CommitTombstone(ResourceId id, Manifest tombstone) => CommitTombstoneAsync(id, tombstone).GetAwaiter().GetResult();

    /// <inheritdoc cref="CommitTombstone"/>
    public async Task CommitTombstoneAsync(ResourceId id, Manifest tombstone)
    {
        var entry = new StoreEntry(this, new StoredResource(id, tombstone, Retention.Kept), null);
        await ChangeAsync(new TombstoneChange(id, tombstone), entry);
        Files.Reserve.Fill();
    }

    /// <summary>Forgets all that is here of a resource, whatever it is.</summary>
    /// <exception cref="StoreException">As <see cref="ChangeAsync"/>'s.</exception>
    public Task ForgetAsync(ResourceId id) => ChangeAsync(new ForgetChange(id), null);

    /// <summary>Changes whether a resource is kept or cached.</summary>
    /// <exception cref="StoreException">As <see cref="ChangeAsync"/>'s.</exception>
    public StoredResource ChangeRetention(StoreEntry entry, Retention retention) =>
        ChangeRetentionAsync(entry, retention).GetAwaiter().GetResult();

    /// <inheritdoc cref="ChangeRetention"/>
    public async Task<StoredResource> ChangeRetentionAsync(StoreEntry entry, Retention retention)
    {
        var resource = entry.Resource with { Retention = retention };
        var change = new RetentionChange(resource.Id, CatalogRow.WordOf(retention));
        await ChangeAsync(change, new StoreEntry(this, resource, entry.Blob), isFetched: true);
        return resource;
    }

    private (PutChange Change, StoreEntry Entry) Put(StoredResource resource, Blob blob, bool areCompared = false)
    {
        var row = new CatalogRow(
            resource.Id, resource.Manifest, resource.Retention, blob.IsInline ? null : blob.Digest,
            blob.IsInline ? blob.InlineBytes.ToArray() : null, NowUnixMs);
        var entry = new StoreEntry(this, resource, blob);
        if (areCompared)
        {
            entry.Checks?.NoteAllGood(blob.WrittenTicks);
        }

        return (new PutChange(row), entry);
    }

    /// <summary>Has a change written, and then seen.</summary>
    /// <param name="change">The change.</param>
    /// <param name="entry">What there is of the resource then; null for nothing.</param>
    /// <param name="isFetched">Whether others have it: then one of those puts it into the object store, as far as is known.</param>
    /// <exception cref="StoreException">The disk did not take it, and nothing has changed; or it did not say that it has
    /// (<see cref="CatalogChange.IsSeen"/>), and the change is seen.</exception>
    private async Task ChangeAsync(ResourceChange change, StoreEntry? entry, bool isFetched = false)
    {
        if (_options.IsBacked && entry is { Resource.Retention: Retention.Kept })
        {
            change.BackingDueUnixMs = NowUnixMs + (isFetched ? (long)_options.BackingDelay.TotalMilliseconds : 0);
        }

        var old = _cache.Find(change.Id);
        var prepared = PrepareManifest(change.Id, entry);
        try
        {
            await Catalog.ChangeAsync(change);
        }
        catch (StoreException) when (change.IsSeen)
        {
            See(change, entry, old);

            // A machine that stops now may come back with what was there before: its bytes stay until the disk has what came after.
            if (LetGoOf(change, entry) is { } kept)
            {
                Blobs.DropLater(kept.Digest);
                _unsettled.Enqueue((change.Id, kept.Digest));
            }

            throw;
        }
        catch (StoreException) when (prepared is not null)
        {
            TakeManifestBack(change.Id, prepared.Value);
            throw;
        }

        See(change, entry, old);
        if (change.BackingDueUnixMs is not null)
        {
            BackingQueued?.Invoke();
        }

        if (LetGoOf(change, entry) is { } blob)
        {
            if (blob.Digest != prepared)
            {
                RemoveManifest(change.Id, blob.Digest);
            }

            Blobs.Drop(blob);
        }
    }

    /// <summary>The file that a resource had as its bytes before a change, and has no more.</summary>
    private Blob? LetGoOf(ResourceChange change, StoreEntry? entry) =>
        change.Before.Blob is { } blob && (entry?.Blob is not { IsInline: false } now || now.Digest != blob)
            ? Blobs.At(blob, change.Before.Length)
            : null;

    private void See(ResourceChange change, StoreEntry? entry, StoreEntry? old)
    {
        if (entry is not null)
        {
            _lost.TryRemove(change.Id, out _);
        }

        // Whoever is in the middle of the old version may finish it; but what was deleted stops at once.
        if (old is { Blob: not null, Content.IsRained: true } && entry is { IsTombstone: false }
            && old.Resource.Manifest.Version != entry.Resource.Manifest.Version)
        {
            var superseded = new Superseded(old, Blobs.Lease(old.Blob));
            if (!_superseded.TryAdd((change.Id, old.Resource.Manifest.Version.Tag), superseded))
            {
                superseded.Lease.Dispose();
            }
        }

        var resource = entry?.Resource ?? change.InPieces;
        Catalog.NoteReplica(change.Id, resource?.Manifest, resource?.Retention == Retention.Kept);
        var stripe = StripeOf(change.Id);
        lock (stripe)
        {
            stripe.Epoch++;
            if (entry is null)
            {
                _cache.Remove(change.Id);
            }
            else
            {
                _cache.Set(entry);
            }
        }

        if (old is not null && entry is not { IsTombstone: false } && _raining.TryRemove(old.Content, out var rained))
        {
            rained.Dispose();
        }

        if (entry is not { IsTombstone: false })
        {
            ClosePartialsOf(change.Id, entry);
        }

        Changed?.Invoke(change.Id);
    }
}
