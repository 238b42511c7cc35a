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
                _partials.Add(KeyOf(partial), partial);
            }
        }

        var wanted = _partials.Values.Select(partial => Path.GetFileNameWithoutExtension(partial.DataPath)).ToHashSet();
        foreach (var path in StoreFiles.Enumerate(_files.Partials)
            .Where(path => !wanted.Contains(Path.GetFileNameWithoutExtension(path))))
        {
            _files.Delete(path);
        }
    }

    /// <summary>What is here of a resource's versions.</summary>
    public PartialBlob[] FindAll(ResourceId id)
    {
        lock (_gate)
        {
            return [.. _partials.Values.Where(partial => partial.Resource.Id == id)];
        }
    }

    /// <summary>A lease of the version; a new one when nothing of it is here.</summary>
    public BlocksLease Lease(ResourceId id, Manifest manifest)
    {
        lock (_gate)
        {
            if (!_partials.TryGetValue((id, manifest.Version), out var partial))
            {
                partial = PartialBlob.Create(_files, id, manifest, _bootId);
                _partials.Add(KeyOf(partial), partial);
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

    /// <summary>Takes its name away: it is kept elsewhere by now, or not to be kept. Those who have a lease read on.</summary>
    public void Retire(PartialBlob partial)
    {
        lock (_gate)
        {
            RetireLocked(partial);
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

    private void RetireLocked(PartialBlob partial)
    {
        if (!partial.IsRetired)
        {
            partial.IsRetired = true;
            if (partial.LeaseCount > 0)
            {
                partial.KeepOpen();
            }

            _partials.Remove(KeyOf(partial));
            partial.RemoveFiles();
        }
    }
}
