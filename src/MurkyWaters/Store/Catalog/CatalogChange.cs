using PouringRain.Protocol;
using PouringRain.Protocol.Naming;

namespace MurkyWaters.Store.Catalog;

/// <summary>Something that is to be written into the catalog, by <see cref="CatalogWriter"/> and together with others. It may be applied
/// more than once before it stays.</summary>
internal abstract class CatalogChange
{
    /// <summary>Ends when it is on the disk, or will not be.</summary>
    public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Whether it is written, so that it is seen by whoever reads, now and at the next start; though it may be that the disk could
    /// not be waited for, and that a machine which stops loses it.</summary>
    public bool IsSeen { get; set; }

    /// <summary>Whether room comes of it, so that it may use what is kept for that on a full disk.</summary>
    public virtual bool MakesRoom => false;

    /// <summary>Writes it, in a transaction.</summary>
    public abstract void Apply(CatalogConnection connection);

    /// <summary>An id as SQLite has it.</summary>
    public static long KeyOf(ResourceId id) => unchecked((long)id.Value);

    /// <summary>The name of a version, if its id is that of the name.</summary>
    public static string? NameOf(ResourceId id, Manifest manifest) => ResourcePath.IsNamed(id, manifest.Path) ? manifest.Path : null;

    /// <summary>A digest's bytes.</summary>
    public static byte[] BytesOf(Sha256Digest digest)
    {
        var bytes = new byte[Sha256Digest.SizeBytes];
        digest.Write(bytes);
        return bytes;
    }
}

/// <summary>What a resource was before a change.</summary>
/// <param name="IsThere">Whether it was here whole.</param>
/// <param name="IsTombstone">Whether its deletion was noted.</param>
/// <param name="IsCached">Whether it was a cached copy.</param>
/// <param name="Length">Its bytes.</param>
/// <param name="Blob">The file that it had as its bytes.</param>
internal readonly record struct CatalogBefore(bool IsThere, bool IsTombstone, bool IsCached, long Length, Sha256Digest? Blob);

/// <summary>A change of one resource.</summary>
internal abstract class ResourceChange(ResourceId id) : CatalogChange
{
    public ResourceId Id { get; } = id;

    /// <summary>What it was before; set when the change is done.</summary>
    public CatalogBefore Before { get; private set; }

    /// <summary>When what it makes the newest is to be put into the object store, in Unix milliseconds; null for never. Queued in the same
    /// transaction, so that a process which is killed does not forget it.</summary>
    public long? BackingDueUnixMs { get; set; }

    /// <summary>Whether it is here whole after the change, and how many bytes of a cached copy that makes.</summary>
    public abstract (bool IsThere, long CachedBytes) After { get; }

    /// <summary>Bytes of it that are here whole after the change.</summary>
    public virtual long BytesAfter => 0;

    /// <summary>What there is after it of a resource whose bytes are in pieces; null for any other.</summary>
    public StoredResource? InPieces { get; init; }

    protected void ReadBefore(CatalogConnection connection)
    {
        using (var reader = connection.Prepare(
            "SELECT retention, CASE WHEN coding IS NULL THEN length ELSE 0 END, blob FROM resources WHERE id = $1").Read(KeyOf(Id)))
        {
            if (reader.Read())
            {
                Before = new CatalogBefore(
                    true, false, reader.GetString(0) == CatalogRow.Cached, reader.GetInt64(1),
                    reader.IsDBNull(2) ? null : Sha256Digest.Read(reader.GetFieldValue<byte[]>(2)));
                return;
            }
        }

        Before = new CatalogBefore(
            false, connection.Prepare("SELECT count(*) FROM tombstones WHERE id = $1").ReadInt64(KeyOf(Id)) > 0, false, 0, null);
    }

    /// <summary>Has it wait to be put into the object store, if it is to be.</summary>
    protected void QueueBacking(CatalogConnection connection, long stamp, long bytes)
    {
        if (BackingDueUnixMs is { } due)
        {
            connection.Prepare("INSERT OR REPLACE INTO backing (id, due, stamp, tries, bytes) VALUES ($1, $2, $3, 0, $4)")
                .Run(KeyOf(Id), due, stamp, bytes);
        }
    }

    /// <summary>Notes that the file which the resource had is named by none any more, if so.</summary>
    protected void DropBlobBefore(CatalogConnection connection)
    {
        if (Before.Blob is { } blob)
        {
            connection.Prepare(
                "INSERT OR IGNORE INTO dropped SELECT $1 WHERE NOT EXISTS (SELECT 1 FROM resources WHERE blob = $1)").Run(BytesOf(blob));
        }
    }
}

/// <summary>A version becomes the newest.</summary>
internal sealed class PutChange(CatalogRow row) : ResourceChange(row.Id)
{
    /// <summary>What it is a piece of, if it is one.</summary>
    public ResourceId? Parent => row.Manifest.Piece?.Parent;

    /// <inheritdoc/>
    public override (bool IsThere, long CachedBytes) After => (true, row.Retention == Retention.Cached ? BytesAfter : 0);

    /// <inheritdoc/>
    public override long BytesAfter => row.Coding is null ? row.Manifest.Layout.Length : 0;

    /// <inheritdoc/>
    public override void Apply(CatalogConnection connection)
    {
        ReadBefore(connection);
        var manifest = row.Manifest;
        connection.Prepare(
            """
            INSERT OR REPLACE INTO resources (id, version, stamp, retention, length, code, block_size, symbol_size,
                sha256, media_type, file_name, name_key, last_read, blob, manifest, body, parent, coding, path)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
            """).Run(
            KeyOf(Id), BytesOf(manifest.Version), manifest.Stamp, row.RetentionWord, manifest.Layout.Length, manifest.Code,
            manifest.Layout.ToldBlockBytes, manifest.Layout.SymbolSize, BytesOf(manifest.Sha256), manifest.ContentType, manifest.FileName,
            CatalogRow.NameKeyOf(manifest.FileName), row.LastReadUnixMs, row.Blob is { } blob ? BytesOf(blob) : null,
            manifest.Bytes.ToArray(), row.Body, manifest.Piece is { } piece ? KeyOf(piece.Parent) : null, row.Coding,
            NameOf(Id, manifest));
        if (Before.IsTombstone)
        {
            connection.Prepare("DELETE FROM tombstones WHERE id = $1").Run(KeyOf(Id));
        }

        if (row.Blob is { } named)
        {
            connection.Prepare("DELETE FROM dropped WHERE blob = $1").Run(BytesOf(named));
        }

        if (Before.Blob != row.Blob)
        {
            DropBlobBefore(connection);
        }

        QueueBacking(connection, manifest.Stamp, manifest.Layout.Length);
    }
}

/// <summary>A resource is deleted, which is remembered.</summary>
internal sealed class TombstoneChange(ResourceId id, Manifest tombstone) : ResourceChange(id)
{
    /// <inheritdoc/>
    public override (bool IsThere, long CachedBytes) After => (false, 0);

    /// <inheritdoc/>
    public override bool MakesRoom => true;

    /// <inheritdoc/>
    public override void Apply(CatalogConnection connection)
    {
        ReadBefore(connection);
        connection.Prepare("DELETE FROM resources WHERE id = $1").Run(KeyOf(Id));
        connection.Prepare("INSERT OR REPLACE INTO tombstones (id, stamp, manifest) VALUES ($1, $2, $3)")
            .Run(KeyOf(Id), tombstone.Stamp, tombstone.Bytes.ToArray());
        DropBlobBefore(connection);
        QueueBacking(connection, tombstone.Stamp, 0);
    }
}

/// <summary>All that is known of a resource is forgotten.</summary>
internal sealed class ForgetChange(ResourceId id) : ResourceChange(id)
{
    /// <inheritdoc/>
    public override (bool IsThere, long CachedBytes) After => (false, 0);

    /// <inheritdoc/>
    public override bool MakesRoom => true;

    /// <inheritdoc/>
    public override void Apply(CatalogConnection connection)
    {
        ReadBefore(connection);
        connection.Prepare("DELETE FROM resources WHERE id = $1").Run(KeyOf(Id));
        connection.Prepare("DELETE FROM tombstones WHERE id = $1").Run(KeyOf(Id));
        DropBlobBefore(connection);
    }
}

/// <summary>A copy is kept from now on, or cached.</summary>
internal sealed class RetentionChange(ResourceId id, string retention) : ResourceChange(id)
{
    /// <inheritdoc/>
    public override (bool IsThere, long CachedBytes) After => (Before.IsThere, retention == CatalogRow.Cached ? Before.Length : 0);

    /// <inheritdoc/>
    public override long BytesAfter => Before.Length;

    /// <inheritdoc/>
    public override void Apply(CatalogConnection connection)
    {
        ReadBefore(connection);
        connection.Prepare("UPDATE resources SET retention = $2 WHERE id = $1").Run(KeyOf(Id), retention);
        QueueBacking(connection, connection.Prepare("SELECT stamp FROM resources WHERE id = $1").ReadInt64(KeyOf(Id)), Before.Length);
    }
}

/// <summary>Cached copies were read.</summary>
internal sealed class ReadChange(IReadOnlyList<KeyValuePair<ResourceId, long>> reads) : CatalogChange
{
    /// <inheritdoc/>
    public override void Apply(CatalogConnection connection)
    {
        var statement = connection.Prepare("UPDATE resources SET last_read = $2 WHERE id = $1 AND last_read < $2");
        foreach (var (id, unixMs) in reads)
        {
            statement.Run(KeyOf(id), unixMs);
        }
    }
}

/// <summary>Files that no resource names are gone.</summary>
internal sealed class GoneChange(IReadOnlyList<Sha256Digest> blobs) : CatalogChange
{
    /// <inheritdoc/>
    public override void Apply(CatalogConnection connection)
    {
        foreach (var blob in blobs)
        {
            connection.Prepare("DELETE FROM dropped WHERE blob = $1").Run(BytesOf(blob));
        }
    }
}

/// <summary>What is known of an upload in several requests.</summary>
internal sealed class UploadChange(string token, long savedUnixMs, string record) : CatalogChange
{
    /// <inheritdoc/>
    public override void Apply(CatalogConnection connection) =>
        connection.Prepare("INSERT OR REPLACE INTO uploads (token, saved, record) VALUES ($1, $2, $3)").Run(token, savedUnixMs, record);
}

/// <summary>An upload in several requests is forgotten.</summary>
internal sealed class UploadGoneChange(string token) : CatalogChange
{
    /// <inheritdoc/>
    public override bool MakesRoom => true;

    /// <inheritdoc/>
    public override void Apply(CatalogConnection connection) => connection.Prepare("DELETE FROM uploads WHERE token = $1").Run(token);
}

/// <summary>Numbers that the node keeps by name.</summary>
internal sealed class NodeValuesChange(IReadOnlyList<(string Key, long Value)> values) : CatalogChange
{
    /// <inheritdoc/>
    public override void Apply(CatalogConnection connection)
    {
        foreach (var (key, value) in values)
        {
            connection.Prepare("INSERT OR REPLACE INTO node (key, value) VALUES ($1, $2)").Run(key, value);
        }
    }
}

/// <summary>Who the other nodes are.</summary>
internal sealed class MembersChange(IReadOnlyList<(NodeId Id, string Document)> members) : CatalogChange
{
    /// <inheritdoc/>
    public override void Apply(CatalogConnection connection)
    {
        connection.Prepare("DELETE FROM members").Run();
        foreach (var (id, document) in members)
        {
            connection.Prepare("INSERT INTO members (id, document) VALUES ($1, $2)").Run(id.ToString(), document);
        }
    }
}

/// <summary>The versions of the pieces of a version.</summary>
internal sealed class PieceVersionsChange(ResourceId id, Sha256Digest version, string coding, IReadOnlyList<Sha256Digest?> pieces)
    : CatalogChange
{
    /// <inheritdoc/>
    public override void Apply(CatalogConnection connection)
    {
        var bytes = new byte[pieces.Count * Sha256Digest.SizeBytes];
        for (var i = 0; i < pieces.Count; i++)
        {
            pieces[i]?.Write(bytes.AsSpan(i * Sha256Digest.SizeBytes));
        }

        connection.Prepare("INSERT OR REPLACE INTO piece_versions (id, version, coding, pieces) VALUES ($1, $2, $3, $4)")
            .Run(KeyOf(id), BytesOf(version), coding, bytes);
    }
}
