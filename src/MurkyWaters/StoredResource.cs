using PouringRain.Protocol;

namespace MurkyWaters;

/// <summary>One version kept here.</summary>
/// <param name="Id">The resource.</param>
/// <param name="Manifest">Its manifest; a tombstone has <see cref="Manifest.IsDeleted"/>.</param>
/// <param name="Origin">Whether it was put here or fetched.</param>
public sealed record StoredResource(ResourceId Id, Manifest Manifest, ResourceOrigin Origin);

/// <summary>How a resource came here.</summary>
public enum ResourceOrigin
{
    /// <summary>By PUT, or because a node propagated it: kept until deleted.</summary>
    Put,

    /// <summary>Fetched for a reader: may be evicted.</summary>
    Fetched,
}
