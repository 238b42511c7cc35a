using MurkyWaters.Raining;
using MurkyWaters.Store.Catalog;
using PouringRain.Protocol;

namespace MurkyWaters.Store;

/// <summary>What is kept in pieces: a resource whose manifest is here and whose bytes are elsewhere, cut and coded.</summary>
internal sealed partial class ResourceStore
{
    /// <summary>Pieces that are made for whoever asks, of what is here whole.</summary>
    public PieceMints Mints { get; } = new();

    /// <summary>What is known of a resource whose bytes are in pieces, and in which coding; null for any other, of which
    /// <see cref="FindEntry"/> knows.</summary>
    /// <exception cref="StoreException">The catalog cannot be read.</exception>
    public (StoredResource Resource, string Coding)? FindInPieces(ResourceId id) =>
        !Catalog.Has(id) || _cache.Find(id) is not null ? null : Catalog.FindInPieces(id);

    /// <summary>What is kept of a resource, be its bytes here or in pieces, or a tombstone.</summary>
    /// <exception cref="StoreException">The catalog cannot be read.</exception>
    public StoredResource? FindResource(ResourceId id) => FindEntry(id)?.Resource ?? FindInPieces(id)?.Resource;

    /// <summary>Keeps the manifest alone: the bytes are in pieces. What was here of them goes. Under the resource's gate.</summary>
    /// <exception cref="StoreException">As <see cref="ChangeAsync"/>'s.</exception>
    public Task CommitInPiecesAsync(StoredResource resource, string coding)
    {
        var row = new CatalogRow(resource.Id, resource.Manifest, resource.Retention, null, [], NowUnixMs) { Coding = coding };
        return ChangeAsync(new PutChange(row) { InPieces = resource }, null);
    }

    /// <summary>Changes whether what is known of a resource in pieces is kept. Under the resource's gate.</summary>
    /// <exception cref="StoreException">As <see cref="ChangeAsync"/>'s.</exception>
    public Task ChangeRetentionInPiecesAsync(StoredResource resource, Retention retention) => ChangeAsync(
        new RetentionChange(resource.Id, CatalogRow.WordOf(retention)) { InPieces = resource with { Retention = retention } }, null);
}
