using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using PouringRain.Protocol;

namespace MurkyWaters.Raining;

/// <summary>Pieces that rain though they are nowhere: they are made, block by block, of resources that are here whole.
/// Thread-safe.</summary>
internal sealed class PieceMints
{
    private readonly ConcurrentDictionary<ResourceId, MintedContent> _contents = new();

    /// <summary>Finds one.</summary>
    /// <param name="id">The piece, as a resource.</param>
    /// <param name="versionTag">The first 8 bytes of the version that is wanted; null for any.</param>
    /// <param name="content">It.</param>
    public bool TryFind(ResourceId id, ulong? versionTag, [NotNullWhen(true)] out IRainContent? content)
    {
        content = _contents.TryGetValue(id, out var minted) && (versionTag is not { } tag || tag == minted.Manifest.Version.Tag)
            ? minted : null;
        return content is not null;
    }

    /// <summary>Lets one rain.</summary>
    public void Add(ResourceId id, MintedContent content) => _contents[id] = content;

    /// <summary>Lets it rain no more.</summary>
    public void Remove(ResourceId id) => _contents.TryRemove(id, out _);

    /// <summary>When somebody last wanted any of some, in milliseconds of the store's clock.</summary>
    public long LastUseMs(IEnumerable<ResourceId> ids) =>
        ids.Max(id => _contents.TryGetValue(id, out var content) ? content.LastUseMs : long.MinValue);
}
