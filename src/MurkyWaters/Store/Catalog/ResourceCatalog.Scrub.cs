using PouringRain.Protocol;

namespace MurkyWaters.Store.Catalog;

/// <summary>Sums that are kept, and what reading all bodies needs.</summary>
internal sealed partial class ResourceCatalog
{
    private long _bytes;

    /// <summary>Bytes of the resources that are here whole.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>Deletions that are remembered, without asking the disk.</summary>
    public long KnownTombstones => Math.Max(0, _ids.Count - Count);

    /// <summary>The file that a resource has as its bytes.</summary>
    /// <exception cref="StoreException">The catalog cannot be read.</exception>
    public Sha256Digest? FindBlob(ResourceId id) => !Has(id) ? null : _readers.Read<Sha256Digest?>(connection =>
    {
        using var reader = connection.Prepare("SELECT blob FROM resources WHERE id = $1 AND length(blob) = 32")
            .Read(CatalogChange.KeyOf(id));
        return reader.Read() ? Sha256Digest.Read(reader.GetFieldValue<byte[]>(0)) : null;
    });

    /// <summary>Whether a resource has a file as its bytes.</summary>
    /// <exception cref="StoreException">The catalog cannot be read.</exception>
    public bool IsNamed(Sha256Digest blob, ResourceId id) => _readers.Read(connection =>
        connection.Prepare("SELECT EXISTS (SELECT 1 FROM resources WHERE id = $1 AND blob = $2)")
            .ReadInt64(CatalogChange.KeyOf(id), CatalogChange.BytesOf(blob)) != 0);

    /// <summary>Files that resources name, each as often as it is named, and how long they are said to be: a page behind the last one's
    /// last.</summary>
    /// <exception cref="StoreException">The catalog cannot be read.</exception>
    public IReadOnlyList<NamedBlob> FindNamed(NamedBlob? after, int limit) => _readers.Read(connection =>
    {
        var found = new List<NamedBlob>();
        var (blob, length, key) = after is { } last
            ? (CatalogChange.BytesOf(last.Blob), last.Length, CatalogChange.KeyOf(last.Id)) : ([], 0L, 0L);
        using var reader = connection.Prepare(
            """
            SELECT blob, length, id, length(manifest) FROM resources WHERE blob IS NOT NULL AND (blob, length, id) > ($1, $2, $3)
            ORDER BY blob, length, id LIMIT $4
            """)
            .Read(blob, length, key, limit);
        while (reader.Read())
        {
            found.Add(new NamedBlob(
                Sha256Digest.Read(reader.GetFieldValue<byte[]>(0)), reader.GetInt64(1), IdOf(reader.GetInt64(2)), reader.GetInt64(3)));
        }

        return found;
    });

    /// <summary>Ids from one on, in the order of the catalog.</summary>
    /// <exception cref="StoreException">The catalog cannot be read.</exception>
    public IReadOnlyList<ResourceId> FindFrom(long key, int limit) =>
        FindIds("SELECT id FROM resources WHERE id >= $1 ORDER BY id LIMIT $2", key, limit);

    /// <summary>The first and the last id, as SQLite has them; null when there is none.</summary>
    /// <exception cref="StoreException">The catalog cannot be read.</exception>
    public (long First, long Last)? FindEnds() => _readers.Read<(long, long)?>(connection =>
    {
        using var reader = connection.Prepare("SELECT (SELECT min(id) FROM resources), (SELECT max(id) FROM resources)").Read();
        return reader.Read() && !reader.IsDBNull(0) ? (reader.GetInt64(0), reader.GetInt64(1)) : null;
    });

    /// <summary>How far the reading of all bodies had come.</summary>
    /// <exception cref="StoreException">The catalog cannot be read.</exception>
    public ScrubProgress ReadScrub() => _readers.Read(connection =>
    {
        var values = new Dictionary<string, long>(StringComparer.Ordinal);
        using var reader = connection.Prepare("SELECT key, value FROM node WHERE key >= 'scrub' AND key < 'scruc'").Read();
        while (reader.Read())
        {
            values[reader.GetString(0)] = reader.GetInt64(1);
        }

        return ScrubProgress.Of(values);
    });

    /// <summary>Keeps how far the reading of all bodies has come.</summary>
    /// <exception cref="StoreException">The disk did not take it.</exception>
    public Task NoteScrubAsync(ScrubProgress progress) => _writer.WriteAsync(new ScrubChange(progress));
}

/// <summary>A file that a resource has as its bytes.</summary>
/// <param name="Blob">Its name.</param>
/// <param name="Length">Its bytes.</param>
/// <param name="Id">The resource.</param>
/// <param name="ManifestBytes">Bytes of the resource's manifest.</param>
internal sealed record NamedBlob(Sha256Digest Blob, long Length, ResourceId Id, long ManifestBytes);
