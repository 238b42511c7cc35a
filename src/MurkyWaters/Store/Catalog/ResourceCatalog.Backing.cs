using PouringRain.Protocol;

namespace MurkyWaters.Store.Catalog;

/// <summary>What waits to be put into the object store under the node.</summary>
internal sealed partial class ResourceCatalog
{
    private const string BackingKey = "backing";

    /// <summary>By what the object store is known for which the queue is; null when there is none.</summary>
    /// <exception cref="StoreException">The catalog cannot be read.</exception>
    public long? ReadBackingMark() => _readers.Read<long?>(connection =>
    {
        using var reader = connection.Prepare("SELECT value FROM node WHERE key = $1").Read(BackingKey);
        return reader.Read() ? reader.GetInt64(0) : null;
    });

    /// <summary>Notes for which object store the queue is; with null it is emptied.</summary>
    /// <exception cref="StoreException">The disk did not take it.</exception>
    public Task NoteBackingMarkAsync(long? mark) => _writer.WriteAsync(new BackingMarkChange(BackingKey, mark));

    /// <summary>Queues the kept resources from an id on, in the order of the catalog, and the next deletions.</summary>
    /// <returns>Where to go on, as SQLite has ids; null when those were all.</returns>
    /// <exception cref="StoreException">The disk did not take it.</exception>
    public async Task<long?> SeedBackingAsync(long key, int limit, long dueUnixMs)
    {
        var change = new BackingSeedChange(key, limit, dueUnixMs);
        await _writer.WriteAsync(change);
        return change.Next;
    }

    /// <summary>Lets all that waits be tried from a time on, if it was to be tried later: clocks may have been set.</summary>
    /// <exception cref="StoreException">The disk did not take it.</exception>
    public Task HurryBackingAsync(long dueUnixMs) => _writer.WriteAsync(new BackingHurryChange(dueUnixMs));

    /// <summary>It is in the object store, unless another version has come to wait meanwhile.</summary>
    /// <exception cref="StoreException">The disk did not take it.</exception>
    public Task NoteBackedAsync(BackingItem item) => _writer.WriteAsync(new BackedChange(item));

    /// <summary>It could not be put for what it is, and is tried again at a time.</summary>
    /// <exception cref="StoreException">The disk did not take it.</exception>
    public Task NoteNotBackedAsync(BackingItem item, long dueUnixMs, string reason) =>
        _writer.WriteAsync(new NotBackedChange(item, dueUnixMs, reason));

    /// <summary>What is to be put now, in the order in which it came.</summary>
    /// <param name="nowUnixMs">What is to be tried later is left out.</param>
    /// <param name="bytesMax">What has more bytes is left out.</param>
    /// <param name="limit">How many at most.</param>
    /// <exception cref="StoreException">The catalog cannot be read.</exception>
    public IReadOnlyList<BackingItem> FindBackingDue(long nowUnixMs, long bytesMax, int limit) => _readers.Read(connection =>
    {
        var found = new List<BackingItem>();
        using var reader = connection.Prepare(
            "SELECT id, stamp, bytes, tries FROM backing WHERE due <= $1 AND bytes <= $2 ORDER BY due LIMIT $3")
            .Read(nowUnixMs, bytesMax, limit);
        while (reader.Read())
        {
            found.Add(new BackingItem(IdOf(reader.GetInt64(0)), reader.GetInt64(1), reader.GetInt64(2), reader.GetInt32(3)));
        }

        return found;
    });

    /// <summary>How many wait, their bytes, and when the next is to be tried, in Unix milliseconds; null when nothing waits.</summary>
    /// <exception cref="StoreException">The catalog cannot be read.</exception>
    public (long Count, long Bytes, long? NextUnixMs) SumBacking() => _readers.Read<(long, long, long?)>(connection =>
    {
        using var reader = connection.Prepare("SELECT count(*), sum(bytes), min(due) FROM backing").Read();
        return !reader.Read() || reader.IsDBNull(2) ? (0, 0, null) : (reader.GetInt64(0), reader.GetInt64(1), reader.GetInt64(2));
    });

    /// <summary>Whether the object store has yet to be told of a resource.</summary>
    /// <exception cref="StoreException">The catalog cannot be read.</exception>
    public bool IsWaitingForBacking(ResourceId id) => _readers.Read(
        connection => connection.Prepare("SELECT count(*) FROM backing WHERE id = $1").ReadInt64(CatalogChange.KeyOf(id)) > 0);

    /// <summary>Some of what was tried and could not be put.</summary>
    /// <exception cref="StoreException">The catalog cannot be read.</exception>
    public IReadOnlyList<BackingFailure> FindNotBacked(int limit) => _readers.Read(connection =>
    {
        var found = new List<BackingFailure>();
        using var reader = connection.Prepare("SELECT id, tries, reason FROM backing WHERE reason IS NOT NULL LIMIT $1").Read(limit);
        while (reader.Read())
        {
            found.Add(new BackingFailure(IdOf(reader.GetInt64(0)), reader.GetInt32(1), reader.GetString(2)));
        }

        return found;
    });
}

/// <summary>Something that waits to be put into the object store.</summary>
/// <param name="Id">The resource.</param>
/// <param name="Stamp">Of the version with which it came to wait.</param>
/// <param name="Bytes">How many that version has.</param>
/// <param name="Tries">How often it was tried.</param>
internal sealed record BackingItem(ResourceId Id, long Stamp, long Bytes, int Tries);
