namespace MurkyWaters.Store.Catalog;

/// <summary>For which object store the queue is.</summary>
internal sealed class BackingMarkChange(string key, long? mark) : CatalogChange
{
    /// <inheritdoc/>
    public override void Apply(CatalogConnection connection)
    {
        if (mark is { } value)
        {
            connection.Prepare("INSERT OR REPLACE INTO node VALUES ($1, $2)").Run(key, value);
        }
        else
        {
            connection.Prepare("DELETE FROM node WHERE key = $1").Run(key);
            connection.Prepare("DELETE FROM backing").Run();
        }
    }
}

/// <summary>All that is kept comes to wait, some at a time.</summary>
internal sealed class BackingSeedChange(long key, int limit, long dueUnixMs) : CatalogChange
{
    /// <summary>Where to go on; null when those were all. Set when the change is done.</summary>
    public long? Next { get; private set; }

    /// <inheritdoc/>
    public override void Apply(CatalogConnection connection)
    {
        const string ids = "(SELECT id FROM resources WHERE id >= $1 UNION ALL SELECT id FROM tombstones WHERE id >= $1)";
        long? last;
        using (var reader = connection.Prepare($"SELECT max(id), count(*) FROM (SELECT id FROM {ids} ORDER BY id LIMIT $2)")
            .Read(key, limit))
        {
            last = reader.Read() && !reader.IsDBNull(0) ? reader.GetInt64(0) : null;
            Next = last is { } end && reader.GetInt64(1) >= limit && end < long.MaxValue ? end + 1 : null;
        }

        if (last is { } to)
        {
            // What waits already stays as it is.
            connection.Prepare(
                """
                INSERT OR IGNORE INTO backing (id, due, stamp, tries, bytes)
                SELECT id, $3, stamp, 0, length FROM resources WHERE id BETWEEN $1 AND $2 AND retention = 'kept' AND coding IS NULL
                """).Run(key, to, dueUnixMs);
            connection.Prepare(
                """
                INSERT OR IGNORE INTO backing (id, due, stamp, tries, bytes)
                SELECT id, $3, stamp, 0, 0 FROM tombstones WHERE id BETWEEN $1 AND $2
                """).Run(key, to, dueUnixMs);
        }
    }
}

/// <summary>Nothing waits for longer than until a time.</summary>
internal sealed class BackingHurryChange(long dueUnixMs) : CatalogChange
{
    /// <inheritdoc/>
    public override void Apply(CatalogConnection connection) =>
        connection.Prepare("UPDATE backing SET due = $1 WHERE due > $1").Run(dueUnixMs);
}

/// <summary>Something is in the object store.</summary>
internal sealed class BackedChange(BackingItem item) : CatalogChange
{
    /// <inheritdoc/>
    public override bool MakesRoom => true;

    /// <inheritdoc/>
    public override void Apply(CatalogConnection connection) =>
        connection.Prepare("DELETE FROM backing WHERE id = $1 AND stamp <= $2").Run(KeyOf(item.Id), item.Stamp);
}

/// <summary>Something could not be put into the object store.</summary>
internal sealed class NotBackedChange(BackingItem item, long dueUnixMs, string reason) : CatalogChange
{
    /// <inheritdoc/>
    public override void Apply(CatalogConnection connection) =>
        connection.Prepare("UPDATE backing SET due = $3, tries = tries + 1, reason = $4 WHERE id = $1 AND stamp = $2")
            .Run(KeyOf(item.Id), item.Stamp, dueUnixMs, reason);
}
