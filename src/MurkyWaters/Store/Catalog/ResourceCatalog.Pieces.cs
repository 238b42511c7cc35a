using System.Collections.Concurrent;
using PouringRain.Coding.Erasure;
using PouringRain.Protocol;

namespace MurkyWaters.Store.Catalog;

/// <summary>Resources whose bytes are in pieces, and the pieces that are here.</summary>
internal sealed partial class ResourceCatalog
{
    /// <summary>Of what there are, or have been, pieces here. It is for those who ask after every change of anything.</summary>
    private readonly ConcurrentDictionary<ResourceId, byte> _parents = new();

    /// <summary>Whether there may be pieces of a resource here. Does not ask the disk.</summary>
    public bool MayHavePiecesOf(ResourceId parent) => _parents.ContainsKey(parent);

    /// <summary>Reads what is known of a resource whose bytes are in pieces; null when it is none.</summary>
    /// <exception cref="StoreException">The catalog cannot be read.</exception>
    public (StoredResource Resource, string Coding)? FindInPieces(ResourceId id) =>
        !Has(id) ? null : _readers.Read<(StoredResource, string)?>(connection =>
    {
        using var reader = connection.Prepare("SELECT retention, manifest, coding FROM resources WHERE id = $1 AND coding IS NOT NULL")
            .Read(CatalogChange.KeyOf(id));
        return reader.Read() && Manifest.TryParse(reader.GetFieldValue<byte[]>(1), out var manifest)
            ? (new StoredResource(
                id, manifest, reader.GetString(0) == CatalogRow.Kept ? Retention.Kept : Retention.Cached), reader.GetString(2))
            : null;
    });

    /// <summary>Ids of the pieces of a resource that are here, of whatever version and coding.</summary>
    /// <exception cref="StoreException">The catalog cannot be read.</exception>
    public IReadOnlyList<ResourceId> FindPiecesOf(ResourceId parent) => !MayHavePiecesOf(parent) ? [] : FindIds(
        "SELECT id FROM resources WHERE parent = $1 ORDER BY id LIMIT $2", CatalogChange.KeyOf(parent), 1024);

    /// <summary>Resources whose bytes are in pieces, in the order of the catalog, behind one.</summary>
    /// <exception cref="StoreException">The catalog cannot be read.</exception>
    public IReadOnlyList<ResourceId> FindInPiecesAfter(ResourceId? after, int limit) => _readers.Read(connection =>
    {
        var found = new List<ResourceId>();
        var key = after is { } id ? CatalogChange.KeyOf(id) : long.MinValue;
        using var reader = connection.Prepare(
            "SELECT id FROM resources INDEXED BY resources_in_pieces WHERE coding IS NOT NULL AND (id > $1 OR $2) ORDER BY id LIMIT $3")
            .Read(key, after is null ? 1 : 0, limit);
        while (reader.Read())
        {
            found.Add(IdOf(reader.GetInt64(0)));
        }

        return found;
    });

    /// <summary>Kept resources that are whole and have not been read since a time: a page in the order of the catalog, behind
    /// one.</summary>
    /// <exception cref="StoreException">The catalog cannot be read.</exception>
    public IReadOnlyList<(ResourceId Id, long Length, long LastReadUnixMs, string? FileName)> FindCold(
        long beforeUnixMs, ResourceId? after, int limit) => _readers.Read(connection =>
    {
        var found = new List<(ResourceId, long, long, string?)>();
        using var reader = connection.Prepare(
            """
            SELECT id, length, last_read, file_name FROM resources
            WHERE id > $1 AND retention = 'kept' AND coding IS NULL AND parent IS NULL AND last_read < $2 ORDER BY id LIMIT $3
            """).Read(after is { } id ? CatalogChange.KeyOf(id) : long.MinValue, beforeUnixMs, limit);
        while (reader.Read())
        {
            found.Add((IdOf(reader.GetInt64(0)), reader.GetInt64(1), reader.GetInt64(2), reader.IsDBNull(3) ? null : reader.GetString(3)));
        }

        return found;
    });

    /// <summary>How many resources known here have their bytes in pieces, and how many pieces are here, with their bytes.</summary>
    /// <exception cref="StoreException">The catalog cannot be read.</exception>
    public (long InPieces, long Pieces, long PieceBytes) SumPieces() => _readers.Read(connection =>
    {
        var inPieces = connection.Prepare("SELECT count(*) FROM resources WHERE coding IS NOT NULL").ReadInt64();
        using var reader = connection.Prepare("SELECT count(*), sum(length) FROM resources WHERE parent IS NOT NULL AND retention = 'kept'")
            .Read();
        return reader.Read() ? (inPieces, reader.GetInt64(0), reader.IsDBNull(1) ? 0 : reader.GetInt64(1)) : (inPieces, 0, 0);
    });

    /// <summary>The versions of a version's pieces, by their indices, as far as they were ever seen; null when none was.</summary>
    /// <exception cref="StoreException">The catalog cannot be read.</exception>
    public Sha256Digest?[]? FindPieceVersions(ResourceId id, Sha256Digest version, ErasureCode code) => _readers.Read(connection =>
    {
        using var reader = connection.Prepare("SELECT version, coding, pieces FROM piece_versions WHERE id = $1")
            .Read(CatalogChange.KeyOf(id));
        if (!reader.Read() || reader.GetFieldValue<byte[]>(0) is not { Length: Sha256Digest.SizeBytes } of
            || Sha256Digest.Read(of) != version || reader.GetString(1) != code.Name
            || reader.GetFieldValue<byte[]>(2) is not { } bytes || bytes.Length != code.PieceCount * Sha256Digest.SizeBytes)
        {
            return null;
        }

        return Enumerable.Range(0, code.PieceCount).Select(i => Sha256Digest.Read(bytes.AsSpan(i * Sha256Digest.SizeBytes)))
            .Select(digest => digest == default ? (Sha256Digest?)null : digest).ToArray();
    });

    /// <summary>Notes the versions of a version's pieces, in place of what was noted before of the resource.</summary>
    /// <exception cref="StoreException">The disk did not take it.</exception>
    public Task NotePieceVersionsAsync(ResourceId id, Sha256Digest version, string coding, IReadOnlyList<Sha256Digest?> pieces) =>
        _writer.WriteAsync(new PieceVersionsChange(id, version, coding, pieces));

    private void LoadParents(CatalogConnection connection)
    {
        using var reader = connection.Prepare("SELECT DISTINCT parent FROM resources WHERE parent IS NOT NULL").Read();
        while (reader.Read())
        {
            _parents[IdOf(reader.GetInt64(0))] = 0;
        }
    }

    private void NoteParent(ResourceChange change)
    {
        if (change is PutChange { Parent: { } parent })
        {
            _parents[parent] = 0;
        }
    }
}
