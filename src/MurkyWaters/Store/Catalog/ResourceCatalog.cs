using System.Diagnostics.CodeAnalysis;
using Microsoft.Data.Sqlite;
using PouringRain.Protocol;

namespace MurkyWaters.Store.Catalog;

/// <summary>What the store has, in a SQLite file (<see cref="CatalogSchema"/>): found by id, listed and counted there, so that memory does
/// not grow with it but for the ids. Thread-safe.</summary>
internal sealed partial class ResourceCatalog : IDisposable
{
    private readonly CatalogReaders _readers;
    private readonly CatalogWriter _writer;
    private readonly IdSet _ids = new();
    private long _count;
    private long _cachedBytes;

    private ResourceCatalog(CatalogConnection connection, StoreFiles files)
    {
        _readers = new CatalogReaders(connection.Path);
        _writer = new CatalogWriter(connection, files);
        files.SettleCatalog = _writer.Settle;
    }

    /// <summary>Resources that are here whole.</summary>
    public long Count => Interlocked.Read(ref _count);

    /// <summary>Bytes of those that are cached.</summary>
    public long CachedBytes => Interlocked.Read(ref _cachedBytes);

    /// <summary>Transactions so far, and changes in them.</summary>
    public (long Transactions, long Changes) Figures => _writer.Figures;

    /// <summary>Opens the catalog of a store's folder, or makes it.</summary>
    /// <exception cref="StoreFormatException">It is of a newer version, or damaged.</exception>
    /// <exception cref="IOException">It cannot be opened.</exception>
    public static ResourceCatalog Open(StoreFiles files)
    {
        var path = Path.Combine(files.Root, CatalogSchema.FileName);
        CatalogConnection? connection = null;
        try
        {
            if (!StoreFiles.Exists(path))
            {
                // SQLite's own files have the modes of this one.
                files.Create(path).Dispose();
                files.FlushFolder(files.Root);
            }

            connection = CatalogConnection.Open(path, isWriter: true);
            CatalogSchema.Migrate(connection);
            var catalog = new ResourceCatalog(connection, files);
            connection = null;
            try
            {
                catalog.Load();
                return catalog;
            }
            catch
            {
                catalog.Dispose();
                throw;
            }
        }
        catch (SqliteException error)
        {
            throw CatalogErrors.IsDamage(error)
                ? CatalogSchema.Malformed(path, $"{error.Message.TrimEnd('.')}", error)
                : new IOException($"{path}: {error.Message}", error);
        }
        catch (StoreReadOnlyException error) when (error.InnerException is SqliteException cause && CatalogErrors.IsDamage(cause))
        {
            throw CatalogSchema.Malformed(path, cause.Message, cause);
        }
        finally
        {
            connection?.Dispose();
        }
    }

    /// <summary>Whether there is something of a resource, its deletion included. Does not ask the disk.</summary>
    public bool Has(ResourceId id) => _ids.Contains(id);

    /// <summary>Reads what there is of a resource.</summary>
    /// <exception cref="StoreException">The catalog cannot be read.</exception>
    public CatalogFound Find(ResourceId id) => !Has(id) ? default : _readers.Read(connection =>
    {
        using (var reader = connection.Prepare(
            "SELECT retention, version, manifest, blob, body, last_read, length FROM resources WHERE id = $1 AND coding IS NULL")
            .Read(CatalogChange.KeyOf(id)))
        {
            if (reader.Read())
            {
                var manifestBytes = reader.GetFieldValue<byte[]>(2);
                var blob = reader.IsDBNull(3) ? null : reader.GetFieldValue<byte[]>(3);
                var body = reader.IsDBNull(4) ? null : reader.GetFieldValue<byte[]>(4);
                return TryReadRow(
                    id, reader.GetString(0), reader.GetFieldValue<byte[]>(1), manifestBytes, blob, body, reader.GetInt64(5), out var row)
                    ? new CatalogFound(row, null, null)
                    : new CatalogFound(null, null, new StrangeRow(id, manifestBytes, body, IsKept: reader.GetString(0) == CatalogRow.Kept));
            }
        }

        using (var reader = connection.Prepare("SELECT manifest FROM tombstones WHERE id = $1").Read(CatalogChange.KeyOf(id)))
        {
            if (reader.Read())
            {
                var bytes = reader.GetFieldValue<byte[]>(0);
                return Manifest.TryParse(bytes, out var tombstone) && tombstone.IsDeleted
                    ? new CatalogFound(null, tombstone, null)
                    : new CatalogFound(null, null, new StrangeRow(id, bytes, null, IsKept: false));
            }
        }

        return default;
    });

    /// <summary>Whether a resource has a file as its bytes.</summary>
    public bool IsNamed(Sha256Digest blob) => _readers.Read(connection =>
        connection.Prepare("SELECT EXISTS (SELECT 1 FROM resources WHERE blob = $1)").ReadInt64(CatalogChange.BytesOf(blob)) != 0);

    /// <summary>Changes a resource; ends when that is on the disk.</summary>
    /// <exception cref="StoreException">It is not; see <see cref="CatalogWriter.WriteAsync"/>.</exception>
    public async Task ChangeAsync(ResourceChange change)
    {
        try
        {
            await _writer.WriteAsync(change);
        }
        finally
        {
            if (change.IsSeen)
            {
                NoteSeen(change);
            }
        }
    }

    private void NoteSeen(ResourceChange change)
    {
        var (before, after) = (change.Before, change.After);
        Interlocked.Add(ref _count, (after.IsThere ? 1 : 0) - (before.IsThere ? 1 : 0));
        Interlocked.Add(ref _cachedBytes, after.CachedBytes - (before.IsCached ? before.Length : 0));
        Interlocked.Add(ref _bytes, change.BytesAfter - before.Length);
        NoteParent(change);
        if (change is ForgetChange)
        {
            _ids.Remove(change.Id);
        }
        else
        {
            _ids.Add(change.Id);
        }
    }

    /// <summary>Notes when cached copies were read.</summary>
    public Task NoteReadsAsync(IReadOnlyList<KeyValuePair<ResourceId, long>> reads) => _writer.WriteAsync(new ReadChange(reads));

    /// <summary>Notes that files which no resource names are gone.</summary>
    public Task NoteGoneAsync(IReadOnlyList<Sha256Digest> blobs) => _writer.WriteAsync(new GoneChange(blobs));

    /// <summary>Keeps what is known of an upload in several requests.</summary>
    /// <exception cref="StoreException">The disk did not take it.</exception>
    public Task SaveUploadAsync(string token, long savedUnixMs, string record) =>
        _writer.WriteAsync(new UploadChange(token, savedUnixMs, record));

    /// <summary>Forgets an upload in several requests.</summary>
    /// <exception cref="StoreException">The disk did not take it.</exception>
    public Task ForgetUploadAsync(string token) => _writer.WriteAsync(new UploadGoneChange(token));

    /// <summary>The uploads in several requests.</summary>
    public IReadOnlyList<(string Token, long SavedUnixMs, string Record)> FindUploads() => _readers.Read(connection =>
    {
        var found = new List<(string, long, string)>();
        using var reader = connection.Prepare("SELECT token, saved, record FROM uploads").Read();
        while (reader.Read())
        {
            found.Add((reader.GetString(0), reader.GetInt64(1), reader.GetString(2)));
        }

        return found;
    });

    /// <summary>Files that no resource names any more and that may still be there.</summary>
    public IReadOnlyList<Sha256Digest> FindDropped() => _readers.Read(connection =>
    {
        var found = new List<Sha256Digest>();
        using var reader = connection.Prepare("SELECT blob FROM dropped").Read();
        while (reader.Read())
        {
            found.Add(Sha256Digest.Read(reader.GetFieldValue<byte[]>(0)));
        }

        return found;
    });

    /// <summary>Files that resources name, and how long they are said to be: a page in the order of digests.</summary>
    public IReadOnlyList<(Sha256Digest Blob, long Length, ResourceId Id)> FindBlobs(Sha256Digest? after, int limit) =>
        _readers.Read(connection =>
    {
        var found = new List<(Sha256Digest, long, ResourceId)>();
        using var reader = connection.Prepare("SELECT blob, length, id FROM resources WHERE blob > $1 ORDER BY blob LIMIT $2")
            .Read(after is { } digest ? CatalogChange.BytesOf(digest) : Array.Empty<byte>(), limit);
        while (reader.Read())
        {
            found.Add((Sha256Digest.Read(reader.GetFieldValue<byte[]>(0)), reader.GetInt64(1), IdOf(reader.GetInt64(2))));
        }

        return found;
    });

    /// <summary>Cached copies that have not been read for longest, at most <paramref name="limit"/>.</summary>
    /// <param name="isInFile">Whether only those count whose bytes are in a file: to remove others gives the disk nothing back.</param>
    /// <param name="limit">How many.</param>
    public IReadOnlyList<(ResourceId Id, long LastReadUnixMs)> FindLeastRead(bool isInFile, int limit) => _readers.Read(connection =>
    {
        var found = new List<(ResourceId, long)>();
        using var reader = connection.Prepare(
            $"SELECT id, last_read FROM resources WHERE retention = 'cached' AND {(isInFile ? "blob IS NOT NULL" : "coding IS NULL")} "
            + "ORDER BY last_read LIMIT $1").Read(limit);
        while (reader.Read())
        {
            found.Add((IdOf(reader.GetInt64(0)), reader.GetInt64(1)));
        }

        return found;
    });

    /// <summary>Deletions that were made before a time, at most <paramref name="limit"/>, without those of which the object store has yet
    /// to be told.</summary>
    public IReadOnlyList<ResourceId> FindTombstones(long beforeStamp, int limit) => FindIds(
        "SELECT id FROM tombstones WHERE stamp < $1 AND NOT EXISTS (SELECT 1 FROM backing WHERE backing.id = tombstones.id) "
        + "ORDER BY stamp LIMIT $2", beforeStamp, limit);

    /// <summary>Ids of the resources that are kept, in no order that means anything: a page behind the last one's last.</summary>
    public IReadOnlyList<ResourceId> FindKept(ResourceId? after, int limit) => FindIds(
        "SELECT id FROM resources WHERE id > $1 AND retention = 'kept' ORDER BY id LIMIT $2",
        after is { } id ? CatalogChange.KeyOf(id) : long.MinValue, limit);

    /// <summary>Deletions that are remembered.</summary>
    public long TombstoneCount => _readers.Read(connection => connection.Prepare("SELECT count(*) FROM tombstones").ReadInt64());

    /// <inheritdoc/>
    public void Dispose()
    {
        // The last connection to be closed puts the log into the file.
        _readers.Dispose();
        _writer.Dispose();
    }

    internal static ResourceId IdOf(long key) => new(unchecked((ulong)key));

    /// <summary>Reads a row of a resource, whose manifest and bytes must be what it says.</summary>
    internal static bool TryReadRow(
        ResourceId id, string retention, byte[] version, byte[] manifestBytes, byte[]? blob, byte[]? body, long lastRead,
        [NotNullWhen(true)] out CatalogRow? row)
    {
        row = null;
        if (!Manifest.TryParse(manifestBytes, out var manifest) || manifest.IsDeleted || version.Length != Sha256Digest.SizeBytes
            || manifest.Version != Sha256Digest.Read(version) || (blob is not null && blob.Length != Sha256Digest.SizeBytes)
            || (body is not null && !IsBodyOf(manifest, body)))
        {
            return false;
        }

        row = new CatalogRow(
            id, manifest, retention == CatalogRow.Kept ? Retention.Kept : Retention.Cached,
            blob is null ? null : Sha256Digest.Read(blob), body, lastRead);
        return true;
    }

    /// <summary>Block by block: that the whole has the digest which its manifest claims
    /// is the claim of whoever made the manifest.</summary>
    private static bool IsBodyOf(Manifest manifest, byte[] body)
    {
        var layout = manifest.Layout;
        if (body.Length != layout.Length)
        {
            return false;
        }

        for (var i = 0; i < layout.BlockCount; i++)
        {
            if (BlockDigest.Of(
                manifest.BlockDigestAlgorithm, body.AsSpan((int)layout.OffsetOf(i), layout.BytesOf(i))) != manifest.BlockDigests[i])
            {
                return false;
            }
        }

        return true;
    }

    private List<ResourceId> FindIds(string sql, long from, int limit) => _readers.Read(connection =>
    {
        var found = new List<ResourceId>();
        using var reader = connection.Prepare(sql).Read(from, limit);
        while (reader.Read())
        {
            found.Add(IdOf(reader.GetInt64(0)));
        }

        return found;
    });

    /// <summary>Takes the ids into memory, from the narrowest index, and what is counted.</summary>
    private void Load() => _readers.Read(connection =>
    {
        using (var resources = connection.Prepare("SELECT id, length FROM resources INDEXED BY resources_by_length ORDER BY length").Read())
        {
            while (resources.Read())
            {
                _ids.Add(IdOf(resources.GetInt64(0)));
                _bytes += resources.GetInt64(1);
            }
        }

        _count = _ids.Count;
        using (var tombstones = connection.Prepare("SELECT id FROM tombstones INDEXED BY tombstones_by_stamp ORDER BY stamp").Read())
        {
            while (tombstones.Read())
            {
                _ids.Add(IdOf(tombstones.GetInt64(0)));
            }
        }

        _cachedBytes = connection.Prepare(
            "SELECT sum(length) FROM resources INDEXED BY resources_by_use WHERE retention = 'cached'").ReadInt64();

        // The bytes of those in pieces are not here.
        _bytes -= connection.Prepare("SELECT sum(length) FROM resources WHERE coding IS NOT NULL").ReadInt64();
        _cachedBytes -= connection.Prepare(
            "SELECT sum(length) FROM resources WHERE coding IS NOT NULL AND retention = 'cached'").ReadInt64();
        LoadParents(connection);
        return true;
    });
}

/// <summary>What the catalog has of a resource: at most one of the three.</summary>
/// <param name="Row">It is here whole.</param>
/// <param name="Tombstone">It was deleted.</param>
/// <param name="Strange">There is something that cannot be understood.</param>
internal readonly record struct CatalogFound(CatalogRow? Row, Manifest? Tombstone, StrangeRow? Strange);

/// <summary>A row that cannot be understood, or whose bytes are not what it says.</summary>
internal sealed record StrangeRow(ResourceId Id, byte[] Manifest, byte[]? Body, bool IsKept);
