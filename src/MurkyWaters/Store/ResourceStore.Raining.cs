using PouringRain.Protocol;

namespace MurkyWaters.Store;

// What there is to rain: all of it is in memory, so the answer is there at once.
internal sealed partial class ResourceStore
{
    /// <inheritdoc/>
    CatalogAnswer IRainCatalog.Find(ResourceId id, out IRainContent? content) =>
        (content = Find(id)) is null ? CatalogAnswer.Missing : CatalogAnswer.Found;

    /// <inheritdoc/>
    CatalogAnswer IRainCatalog.Find(ResourceId id, ulong versionTag, out IRainContent? content) =>
        (content = Find(id, versionTag)) is null ? CatalogAnswer.Missing : CatalogAnswer.Found;
}
