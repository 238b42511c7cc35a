using System.Collections.Concurrent;
using PouringRain.Protocol;

namespace MurkyWaters.Store;

/// <summary>The manifests beside the blobs, which follow the catalog's rows.</summary>
internal sealed partial class ResourceStore
{
    /// <summary>Files put right, and flushed, in one go: a second of a slow disk.</summary>
    private const int SettledAtOnce = 500;

    /// <summary>Files that may not say what the rows say.</summary>
    private readonly ConcurrentQueue<(ResourceId Id, Sha256Digest Digest)> _unsettled = new();

    private Task _settling = Task.CompletedTask;

    /// <summary>Ends when what is being put right is.</summary>
    public Task Settling => _settling;

    /// <summary>What is said of the resources beside the blobs.</summary>
    public BlobManifests Manifests { get; }

    /// <summary>Puts a manifest right that may not say what its row says.</summary>
    /// <exception cref="StoreException">The catalog cannot be read.</exception>
    public async Task SettleManifestAsync(ResourceId id, Sha256Digest digest)
    {
        using (await _gates.EnterAsync(id, CancellationToken.None))
        {
            Settle(id, digest);
        }
    }

    /// <summary>Puts right what may be wrong of the manifests, some at once, and waits until they are on the disk.</summary>
    public async Task SettleManifestsAsync()
    {
        if (Files.Health.Trouble is not null)
        {
            return;
        }

        for (var count = Math.Min(_unsettled.Count, SettledAtOnce); count > 0 && !_isClosing; count--)
        {
            if (!_unsettled.TryDequeue(out var manifest))
            {
                break;
            }

            try
            {
                await SettleManifestAsync(manifest.Id, manifest.Digest);
            }
            catch (StoreException)
            {
                // The disk's trouble is told by others; it is tried again when that is over.
                _unsettled.Enqueue(manifest);
                return;
            }
        }

        try
        {
            Manifests.Flush();
        }
        catch (StoreException)
        {
            // What the next start or the scrub finds empty is written again.
        }
    }

    /// <summary>Before the catalog is changed: what is to be named has a manifest, and what is to be deleted has none.</summary>
    /// <returns>The file that the manifest is of, if any.</returns>
    private Sha256Digest? PrepareManifest(ResourceId id, StoreEntry? entry)
    {
        Sha256Digest? digest = entry is { IsTombstone: false } ? entry.Blob is { IsInline: false } blob ? blob.Digest : null
            : _cache.Find(id) is { } old ? old.Blob is { IsInline: false } file ? file.Digest : null
            : Catalog.FindBlob(id);
        if (digest is not { } named)
        {
            return null;
        }

        if (entry is { IsTombstone: false })
        {
            WriteManifest(entry.Resource, named);
        }
        else
        {
            RemoveManifest(id, named);
        }

        return named;
    }

    /// <summary>After a change of the catalog that failed, and that nobody sees.</summary>
    private void TakeManifestBack(ResourceId id, Sha256Digest digest)
    {
        try
        {
            Settle(id, digest);
        }
        catch (StoreException)
        {
            // The catalog cannot be read either. One that is missing is noticed at the next start.
            RemoveManifest(id, digest);
            _unsettled.Enqueue((id, digest));
        }
    }

    /// <summary>Under the resource's gate.</summary>
    private void Settle(ResourceId id, Sha256Digest digest)
    {
        if (FindEntry(id) is not { IsTombstone: false, Blob: { IsInline: false } blob } entry || blob.Digest != digest)
        {
            RemoveManifest(id, digest);
        }
        else if (!Manifests.IsRight(entry.Resource, digest))
        {
            WriteManifest(entry.Resource, digest);
        }
    }

    private void WriteManifest(StoredResource resource, Sha256Digest digest)
    {
        try
        {
            Manifests.Write(resource, digest);
        }
        catch (StoreException)
        {
            // Rather none than one of another version: one that is missing is noticed.
            Manifests.TryRemove(digest, resource.Id);
            _unsettled.Enqueue((resource.Id, digest));
        }
    }

    private void RemoveManifest(ResourceId id, Sha256Digest digest)
    {
        if (!Manifests.TryRemove(digest, id))
        {
            _unsettled.Enqueue((id, digest));
        }
    }

    /// <summary>Once a second: has done in the background what is to be done.</summary>
    private void StartSettling()
    {
        if (_settling.IsCompleted && (Manifests.IsUnflushed || !_unsettled.IsEmpty))
        {
            _settling = Task.Run(SettleManifestsAsync);
        }
    }

    /// <summary>Removes manifests that no row is behind, and sets aside what is none. Those of files that were set aside go with
    /// them.</summary>
    private void CheckManifests(HashSet<Sha256Digest> aside)
    {
        foreach (var path in StoreFiles.Enumerate(Files.Manifests).TakeWhile(_ => !_isClosing))
        {
            var name = Path.GetFileName(path);
            if (!BlobManifests.TryParseName(name, out var digest, out var id))
            {
                if (Files.TryQuarantine(path))
                {
                    NoteQuarantined(name, "it is no manifest");
                }
            }
            else if (!Catalog.IsNamed(digest, id))
            {
                using var gate = _gates.EnterAsync(id, CancellationToken.None).GetAwaiter().GetResult();
                if (!Catalog.IsNamed(digest, id) && (!aside.Contains(digest) || !Files.TryQuarantine(path)))
                {
                    RemoveManifest(id, digest);
                }
            }
        }
    }
}
