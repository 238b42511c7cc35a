namespace MurkyWaters;

/// <summary>What making a catalog anew came to.</summary>
/// <param name="IsMade">Whether one was made; false when there was nothing wrong with the one there is, and nothing was changed.</param>
/// <param name="Files">Resources found again whose bytes are in files.</param>
/// <param name="Rows">Resources found again whose bytes stood in the old catalog.</param>
/// <param name="Deletions">Deletions that are remembered.</param>
/// <param name="Lost">Resources that are known to be lost here.</param>
public sealed record StoreRebuild(bool IsMade, long Files, long Rows, long Deletions, long Lost)
{
    /// <summary>Makes the catalog of a store anew, of the manifests beside its blobs and of what can be read of the old one, which is
    /// moved aside. No process may have the store open.</summary>
    /// <param name="path">The store's folder.</param>
    /// <param name="say">Told in lines what is found and what is not.</param>
    /// <exception cref="StoreFormatException">There is no store, or one of a version that this program does not know. Nothing was
    /// changed.</exception>
    /// <exception cref="IOException">It is in use, or the disk fails; begun again it goes on.</exception>
    public static StoreRebuild Run(string path, Action<string> say)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(say);
        using var rebuild = new Store.Rebuilding.CatalogRebuild(path, say);
        return rebuild.Run();
    }
}
