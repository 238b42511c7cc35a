namespace PouringRain.Protocol;

/// <summary>What a catalog says to being asked for a resource.</summary>
public enum CatalogAnswer
{
    /// <summary>It has it, at hand.</summary>
    Found,

    /// <summary>It does not have it.</summary>
    Missing,

    /// <summary>It cannot say without waiting, for a disk: it has begun to look, and says with
    /// <see cref="IRainCatalog.Loaded"/> when it can.</summary>
    Loading,
}
