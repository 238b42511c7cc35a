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
