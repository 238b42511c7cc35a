using BitFaster.Caching.Lru;
using PouringRain.Protocol;

namespace MurkyWaters.Store.Catalog;

/// <summary>
/// Entries read from the catalog, within a bound of memory. The cache underneath counts entries and not their bytes, so there is one for
/// each size: entries of up to 2 KiB, 8 KiB, 96 KiB and 1 MiB, with a quarter of the bytes each; of larger ones (manifests of more than ten
/// thousand blocks) it keeps three. Thread-safe, but for two changes of one id at once.
/// </summary>
internal sealed class EntryCache
{
    /// <summary>As few as the cache underneath can have.</summary>
    private const int CountMin = 3;

    private static readonly int[] Sizes = [2 * 1024, 8 * 1024, 96 * 1024, 1024 * 1024];
    private readonly ConcurrentLru<ResourceId, StoreEntry>[] _caches;

    /// <summary>Makes one.</summary>
    /// <param name="bytesMax">Bytes of entries, about.</param>
    public EntryCache(long bytesMax) => _caches =
    [
        .. Sizes.Select(size => Make((int)Math.Min(1_000_000, bytesMax / Sizes.Length / size))),
        Make(CountMin),
    ];

    /// <summary>Finds an entry.</summary>
    public StoreEntry? Find(ResourceId id)
    {
        foreach (var cache in _caches)
        {
            if (cache.TryGet(id, out var entry))
            {
                return entry;
            }
        }

        return null;
    }

    /// <summary>Puts an entry in, in place of the one of its id.</summary>
    public void Set(StoreEntry entry)
    {
        var own = ClassOf(entry.MemoryBytes);
        for (var i = 0; i < _caches.Length; i++)
        {
            if (i != own)
            {
                _caches[i].TryRemove(entry.Resource.Id);
            }
        }

        _caches[own].AddOrUpdate(entry.Resource.Id, entry);
    }

    /// <summary>Takes an entry out.</summary>
    public void Remove(ResourceId id)
    {
        foreach (var cache in _caches)
        {
            cache.TryRemove(id);
        }
    }

    private static int ClassOf(long bytes)
    {
        var at = Array.FindIndex(Sizes, size => bytes <= size);
        return at < 0 ? Sizes.Length : at;
    }

    private static ConcurrentLru<ResourceId, StoreEntry> Make(int count) =>
        new(Environment.ProcessorCount, Math.Max(CountMin, count), EqualityComparer<ResourceId>.Default);
}
