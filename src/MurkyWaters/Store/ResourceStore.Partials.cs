using System.Collections.Concurrent;
using MurkyWaters.Raining;
using PouringRain.Protocol;

namespace MurkyWaters.Store;

/// <summary>
/// What is here in part is rained, too: of a fetch that is under way, and of one that ended before it had all. Nothing is made for it
/// before somebody asks, and then not on the loop that does; and it keeps nothing from being sealed, evicted or deleted.
/// </summary>
internal sealed partial class ResourceStore
{
    /// <summary>What is rained of it, or was a moment ago. What has become a whole one stays until nobody asks any more.</summary>
    private readonly ConcurrentDictionary<(ResourceId Id, ulong Tag), PartialContent> _rainingPartials = new();

    /// <summary>As <see cref="_loading"/>.</summary>
    private readonly ConcurrentDictionary<PartialBlob, long> _opening = new();

    /// <summary>What there is to rain in part of one version, or of the newest.</summary>
    private CatalogAnswer AnswerPartial(ResourceId id, ulong? versionTag, out IRainContent? content)
    {
        content = null;
        if (!_options.RainsPartials)
        {
            return CatalogAnswer.Missing;
        }

        var whole = FindEntry(id);
        var partial = Partials.Find(id, versionTag);
        if (whole is not null && partial is not null && versionTag is null && !partial.Manifest.IsNewerThan(whole.Resource.Manifest))
        {
            return CatalogAnswer.Missing;
        }

        if ((versionTag ?? partial?.Manifest.Version.Tag) is { } tag && _rainingPartials.TryGetValue((id, tag), out var raining)
            && !raining.IsClosed)
        {
            // Whoever is in the middle of an older version may finish it; but what was deleted stops at once.
            if (whole is { IsTombstone: true } && !raining.Manifest.IsNewerThan(whole.Resource.Manifest))
            {
                return CatalogAnswer.Missing;
            }

            raining.Touch();
            content = raining;
            return CatalogAnswer.Found;
        }

        return partial is null || (whole is not null && !partial.Manifest.IsNewerThan(whole.Resource.Manifest))
            ? CatalogAnswer.Missing
            : BeginToOpen(partial);
    }

    private CatalogAnswer BeginToOpen(PartialBlob partial)
    {
        if (_opening.TryGetValue(partial, out var failedMs))
        {
            if (failedMs == BeingRead)
            {
                return CatalogAnswer.Loading;
            }

            if (NowMs - failedMs < UnreadableMs)
            {
                return CatalogAnswer.Missing;
            }

            _opening.TryRemove(new KeyValuePair<PartialBlob, long>(partial, failedMs));
        }

        if (_opening.TryAdd(partial, BeingRead))
        {
            ThreadPool.UnsafeQueueUserWorkItem(Open, partial, preferLocal: false);
        }

        return CatalogAnswer.Loading;
    }

    private void Open(PartialBlob partial)
    {
        var id = partial.Resource.Id;
        var content = PartialContent.TryOpen(partial, Encoders, block => ReportWrongBlock(partial, block), _options.Time);
        if (content is not null && Partials.TryAttach(partial, content))
        {
            _rainingPartials.AddOrUpdate(
                (id, partial.Manifest.Version.Tag), content, (_, old) =>
                {
                    old.Close();
                    return content;
                });
            _opening.TryRemove(partial, out _);
            if (_isClosing)
            {
                content.Close();
            }
        }
        else
        {
            content?.Close();
            _opening[partial] = NowMs;
        }

        Loaded?.Invoke(id);
    }

    /// <summary>The rain has found a block that is not what it should be: it has to come again.</summary>
    private void ReportWrongBlock(PartialBlob partial, int blockIndex) => StartRemoval(() =>
    {
        try
        {
            using var lease = Partials.TryLease(partial);
            if (lease is not null && partial.HasBlock(blockIndex))
            {
                partial.Recheck(blockIndex);
                if (!partial.HasBlock(blockIndex))
                {
                    StoreLog.BlockLost(_logger, partial.Resource.Id, blockIndex);
                }
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            StoreLog.BlockNotCompared(_logger, error, partial.Resource.Id, blockIndex);
        }

        return Task.CompletedTask;
    });

    /// <summary>Ends the rain of those that nobody has asked for.</summary>
    private void CloseIdlePartials(long nowMs)
    {
        foreach (var raining in _rainingPartials)
        {
            if (raining.Value.IsClosed || nowMs - raining.Value.LastUseMs >= IdleMs)
            {
                End(raining);
            }
        }
    }

    /// <summary>Ends the rain of what is no longer to be had: of older ones than a tombstone, and where the blob is forgotten.</summary>
    private void ClosePartialsOf(ResourceId id, StoreEntry? tombstone)
    {
        foreach (var raining in _rainingPartials)
        {
            if (raining.Key.Id == id
                && (tombstone is null ? raining.Value.IsPublished : !raining.Value.Manifest.IsNewerThan(tombstone.Resource.Manifest)))
            {
                End(raining);
            }
        }
    }

    private void End(KeyValuePair<(ResourceId Id, ulong Tag), PartialContent> raining)
    {
        _rainingPartials.TryRemove(raining);
        Partials.Detach(raining.Value);
        raining.Value.Close();
    }
}
