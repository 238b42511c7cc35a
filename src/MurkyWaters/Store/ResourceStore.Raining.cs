using System.Collections.Concurrent;
using PouringRain.Protocol;

namespace MurkyWaters.Store;

/// <summary>What there is to rain, as the loops of the network ask for it: they never wait for the catalog's file.</summary>
internal sealed partial class ResourceStore
{
    /// <summary>How long what could not be read is said to be missing, before it is tried again.</summary>
    private const int UnreadableMs = 2000;

    /// <summary>In place of a time: it is being read.</summary>
    private const long BeingRead = -1;

    /// <summary>What is being read, and when what could not be read was tried, in milliseconds of the store's clock.</summary>
    private readonly ConcurrentDictionary<ResourceId, long> _loading = new();

    /// <inheritdoc/>
    public event Action<ResourceId>? Loaded;

    /// <inheritdoc/>
    CatalogAnswer IRainCatalog.Find(ResourceId id, out IRainContent? content) =>
        Mints.TryFind(id, null, out content) ? CatalogAnswer.Found
            : TryAnswer(id, out content) ?? ((content = Find(id)) is null ? CatalogAnswer.Missing : CatalogAnswer.Found);

    /// <inheritdoc/>
    CatalogAnswer IRainCatalog.Find(ResourceId id, ulong versionTag, out IRainContent? content) =>
        Mints.TryFind(id, versionTag, out content) ? CatalogAnswer.Found
            : TryAnswer(id, out content)
            ?? ((content = Find(id, versionTag)) is null ? AnswerPartial(id, versionTag, out content) : CatalogAnswer.Found);

    /// <inheritdoc/>
    CatalogAnswer IRainCatalog.FindPartial(ResourceId id, out IRainContent? content) =>
        TryAnswer(id, out content) ?? AnswerPartial(id, null, out content);

    /// <summary>What to say when it is not at hand; null when it is, or is known not to be here.</summary>
    private CatalogAnswer? TryAnswer(ResourceId id, out IRainContent? content)
    {
        content = null;
        if (!Catalog.Has(id) || _cache.Find(id) is not null)
        {
            return null;
        }

        if (_loading.TryGetValue(id, out var failedMs))
        {
            if (failedMs == BeingRead)
            {
                return CatalogAnswer.Loading;
            }

            if (NowMs - failedMs < UnreadableMs)
            {
                return CatalogAnswer.Missing;
            }

            _loading.TryRemove(new KeyValuePair<ResourceId, long>(id, failedMs));
        }

        if (_loading.TryAdd(id, BeingRead))
        {
            ThreadPool.UnsafeQueueUserWorkItem(Load, id, preferLocal: false);
        }

        return CatalogAnswer.Loading;
    }

    private void Load(ResourceId id)
    {
        StoreEntry? entry = null;
        try
        {
            entry = FindEntry(id);
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException or InvalidOperationException)
        {
            // Said to be missing for a while. The store may have been closed meanwhile.
        }

        if (entry is null)
        {
            _loading[id] = NowMs;
        }
        else
        {
            _loading.TryRemove(id, out _);
        }

        Loaded?.Invoke(id);
    }

    /// <summary>Forgets what could not be read long ago.</summary>
    private void ForgetUnreadable(long nowMs)
    {
        foreach (var loading in _loading)
        {
            if (loading.Value != BeingRead && nowMs - loading.Value >= UnreadableMs)
            {
                _loading.TryRemove(loading);
            }
        }

        foreach (var opening in _opening)
        {
            if (opening.Value != BeingRead && nowMs - opening.Value >= UnreadableMs)
            {
                _opening.TryRemove(opening);
            }
        }
    }
}
