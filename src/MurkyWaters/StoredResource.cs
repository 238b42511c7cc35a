using PouringRain.Protocol;

namespace MurkyWaters;

/// <summary>One version that is here.</summary>
/// <param name="Id">The resource.</param>
/// <param name="Manifest">Its manifest; a tombstone has <see cref="Manifest.IsDeleted"/>.</param>
/// <param name="Retention">Whether it is kept or cached.</param>
public sealed record StoredResource(ResourceId Id, Manifest Manifest, Retention Retention);
