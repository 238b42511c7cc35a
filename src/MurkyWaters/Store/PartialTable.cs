using System.Collections.Concurrent;
using MurkyWaters.Raining;
using PouringRain.Protocol;

namespace MurkyWaters.Store;

/// <summary>The versions that are here in part. The fetches and readers that are at one have leases; between them it stays on
/// disk, so that a later fetch goes on where the last one ended, also in another process.</summary>
internal sealed class PartialTable : IDisposable
{
    /// <summary>A fetch that nobody has continued for a week is not continued any more.</summary>
    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(7);

    private readonly Lock _gate = new();
    private readonly Dictionary<(ResourceId Id, Sha256Digest Version), PartialBlob> _partials = [];

    /// <summary>The same by resource, for those who must not wait for the lock: the disk may work under it. The arrays do not
    /// change.</summary>
    private readonly ConcurrentDictionary<ResourceId, PartialBlob[]> _byResource = new();
    private readonly StoreFiles _files;
    private readonly string _bootId;

    public PartialTable(StoreFiles files, string bootId)
    {
        _files = files;
        _bootId = bootId;
    }

    /// <summary>Bytes of blocks held, all together, without what is exempt from the quota.</summary>
    public long HeldBytes
    {
        get
        {
            lock (_gate)
            {
                return _partials.Values.Sum(partial => partial.IsExempt ? 0 : partial.HeldBytes);
            }
        }
    }

    /// <summary>Leases that somebody has of what is here in part.</summary>
    public int LeaseCount
    {
        get
        {
            lock (_gate)
            {
                return _partials.Values.Sum(partial => partial.LeaseCount);
            }
        }
    }

    /// <summary>Takes in what is on disk; <paramref name="isWanted"/> tells whether a version is worth it.</summary>
    public void Recover(Func<StoredResource, bool> isWanted)
    {
        foreach (var recordPath in StoreFiles.Enumerate(_files.Partials, "*.record"))
        {
            if (StoreFiles.WrittenAt(Path.ChangeExtension(recordPath, ".journal")) > (_files.Time.GetUtcNow() - Lifetime).UtcDateTime
                && PartialBlob.TryRecover(_files, recordPath, _bootId) is { } partial
                && isWanted(partial.Resource))
            {
                AddLocked(partial);
            }
        }

        var wanted = _partials.Values.Select(partial => Path.GetFileNameWithoutExtension(partial.DataPath)).ToHashSet();
        foreach (var path in StoreFiles.Enumerate(_files.Partials)
            .Where(path => !wanted.Contains(Path.GetFileNameWithoutExtension(path))))
        {
            _files.Delete(path);
        }
    }

    /// <summary>What is here of a resource's versions. Waits for nobody.</summary>
    public PartialBlob[] FindAll(ResourceId id) => _byResource.GetValueOrDefault(id) ?? [];

    /// <summary>One version of a resource, or the newest. Waits for nobody.</summary>
    /// <param name="id">The resource.</param>
    /// <param name="versionTag">The first 8 bytes of the version; null for the newest.</param>
    public PartialBlob? Find(ResourceId id, ulong? versionTag)
    {
        PartialBlob? found = null;
        foreach (var partial in _byResource.GetValueOrDefault(id) ?? [])
        {
            if (versionTag is { } tag ? partial.Manifest.Version.Tag == tag
                : found is null || partial.Manifest.IsNewerThan(found.Manifest))
            {
                found = partial;
            }
        }

        return found;
    }

    /// <summary>A lease of the version; a new one when nothing of it is here.</summary>
    public BlocksLease Lease(ResourceId id, Manifest manifest)
    {
        lock (_gate)
        {
            if (!_partials.TryGetValue((id, manifest.Version), out var partial))
            {
                partial = PartialBlob.Create(_files, id, manifest, _bootId);
                AddLocked(partial);
            }

            return LeaseLocked(partial);
        }
    }

    /// <summary>A lease of blocks that are in no table: the first, or one more.</summary>
    public BlocksLease Lease(VerifiedBlocks blocks)
    {
        lock (_gate)
        {
            return LeaseLocked(blocks);
        }
    }

    /// <summary>A lease of what is here in part; null when it is retired.</summary>
    public BlocksLease? TryLease(PartialBlob partial)
    {
        lock (_gate)
        {
            return partial.IsRetired ? null : LeaseLocked(partial);
        }
    }

    /// <summary>Says as what it is rained; false when it is retired.</summary>
    public bool TryAttach(PartialBlob partial, PartialContent content)
    {
        lock (_gate)
        {
            if (!partial.IsRetired)
            {
                partial.Content = content;
            }

            return !partial.IsRetired;
        }
    }

    /// <summary>Nobody asks for its rain any more.</summary>
    public void Detach(PartialContent content)
    {
        lock (_gate)
        {
            if (content.Partial.Content == content)
            {
                content.Partial.NoteUse(content.LastUseMs);
                content.Partial.Content = null;
            }
        }
    }

    /// <summary>Takes its name away: it is kept elsewhere by now, or not to be kept. Those who have a lease read on.</summary>
    /// <param name="partial">What is here in part.</param>
    /// <param name="isPublished">Whether its file has become a blob: then rain that is under way goes on; otherwise it ends.</param>
    public void Retire(PartialBlob partial, bool isPublished = false)
    {
        lock (_gate)
        {
            RetireLocked(partial, isPublished);
        }
    }

    /// <summary>Those without a lease, for eviction.</summary>
    public PartialBlob[] FindIdle()
    {
        lock (_gate)
        {
            return [.. _partials.Values.Where(partial => partial.LeaseCount == 0)];
        }
    }

    /// <summary>Removes one without a lease; false when there is one.</summary>
    public bool TryEvict(PartialBlob partial)
    {
        lock (_gate)
        {
            if (partial.LeaseCount > 0 || partial.IsRetired)
            {
                return false;
            }

            RetireLocked(partial);
            partial.Close();
            return true;
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            foreach (var partial in _partials.Values)
            {
                partial.Close();
            }
        }
    }

    /// <summary>Ends a lease. The last one closes the files, and removes them when there is nothing in them.</summary>
    internal void Release(VerifiedBlocks blocks)
    {
        lock (_gate)
        {
            if (--blocks.LeaseCount > 0)
            {
                return;
            }

            if (blocks is PartialBlob { IsRetired: false } partial)
            {
                if (partial.HeldCount > 0)
                {
                    partial.Close();
                    return;
                }

                RetireLocked(partial);
            }
        }

        // Nobody can find it any more. Giving the space of a large file back takes a while, for which nobody else need wait.
        blocks.Close();
    }

    private BlocksLease LeaseLocked(VerifiedBlocks blocks)
    {
        blocks.LeaseCount++;
        return new BlocksLease(this, blocks);
    }

    private static (ResourceId Id, Sha256Digest Version) KeyOf(PartialBlob partial) => (partial.Resource.Id, partial.Manifest.Version);

    private void AddLocked(PartialBlob partial)
    {
        _partials.Add(KeyOf(partial), partial);
        _byResource.AddOrUpdate(
            partial.Resource.Id, static (_, added) => [added], static (_, others, added) => [.. others, added], partial);
    }

    private void RetireLocked(PartialBlob partial, bool isPublished = false)
    {
        if (!partial.IsRetired)
        {
            partial.IsRetired = true;
            if (partial.LeaseCount > 0)
            {
                partial.KeepOpen();
            }

            _partials.Remove(KeyOf(partial));
            PartialBlob[] others = [.. FindAll(partial.Resource.Id).Where(other => other != partial)];
            if (others.Length > 0)
            {
                _byResource[partial.Resource.Id] = others;
            }
            else
            {
                _byResource.TryRemove(partial.Resource.Id, out _);
            }

            if (isPublished)
            {
                partial.Content?.NotePublished();
            }
            else
            {
                // Its room is to be free when its name is gone.
                partial.Content?.Close();
            }

            partial.Content = null;
            partial.RemoveFiles();
        }
    }
}
