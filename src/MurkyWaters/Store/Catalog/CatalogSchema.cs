using System.Buffers.Binary;
using System.Globalization;
using PouringRain.Protocol;

namespace MurkyWaters.Store.Catalog;

/// <summary>
/// The tables of <c>catalog.db</c>, and how an older one becomes one of now: <c>user_version</c> is the number of steps of
/// <see cref="Migrations"/> that were taken, and a step that was released is never changed.
/// Ids are their 64 bits as SQLite's signed number: those from 2^63 on are negative there, and come after the others in the order of ids.
/// </summary>
internal static class CatalogSchema
{
    /// <summary>The file's name in the store's folder.</summary>
    public const string FileName = "catalog.db";

    /// <summary>A file in the store's folder while a catalog that was made anew takes its place; has the name of the old one in
    /// quarantine.</summary>
    public const string RebuildingName = "catalog.rebuilding";

    private const int HeaderBytes = 100, VersionOffset = 60;

    private static readonly string[] Migrations =
    [
        """
        CREATE TABLE node (
            key TEXT PRIMARY KEY,
            value INTEGER NOT NULL
        ) WITHOUT ROWID;
        INSERT INTO node VALUES ('repairs', 0);

        -- A resource that is here whole: its newest version.
        CREATE TABLE resources (
            id INTEGER PRIMARY KEY,
            version BLOB NOT NULL,
            stamp INTEGER NOT NULL,
            retention TEXT NOT NULL CHECK (retention IN ('kept', 'cached')),
            length INTEGER NOT NULL,
            code TEXT NOT NULL,
            block_size INTEGER NOT NULL,
            symbol_size INTEGER NOT NULL,
            sha256 BLOB NOT NULL,
            media_type TEXT NOT NULL,
            file_name TEXT,
            name_key TEXT NOT NULL,
            last_read INTEGER NOT NULL,
            blob BLOB,
            manifest BLOB NOT NULL,
            body BLOB,
            CHECK ((blob IS NULL) <> (body IS NULL))
        );
        CREATE INDEX resources_by_length ON resources (length);
        CREATE INDEX resources_by_stamp ON resources (stamp);
        CREATE INDEX resources_by_name ON resources (name_key, media_type);
        CREATE INDEX resources_by_use ON resources (last_read, length) WHERE retention = 'cached';
        CREATE INDEX resources_by_blob ON resources (blob, length) WHERE blob IS NOT NULL;

        -- A resource that was deleted, as long as that may have to be told.
        CREATE TABLE tombstones (
            id INTEGER PRIMARY KEY,
            stamp INTEGER NOT NULL,
            manifest BLOB NOT NULL
        );
        CREATE INDEX tombstones_by_stamp ON tombstones (stamp);

        -- An upload in several requests: its bytes are in uploads/, what it is to become is told here in JSON.
        CREATE TABLE uploads (
            token TEXT PRIMARY KEY,
            saved INTEGER NOT NULL,
            record TEXT NOT NULL
        ) WITHOUT ROWID;

        -- A file in blobs/ that no resource names any more and that may still be there.
        CREATE TABLE dropped (
            blob BLOB PRIMARY KEY
        ) WITHOUT ROWID;
        """,
        """
        -- A version or a deletion that is kept here and that the object store under the node may not have: to be tried from a time on.
        CREATE TABLE backing (
            id INTEGER PRIMARY KEY,
            due INTEGER NOT NULL,
            stamp INTEGER NOT NULL,
            tries INTEGER NOT NULL,
            bytes INTEGER NOT NULL,
            reason TEXT
        );
        CREATE INDEX backing_by_due ON backing (due, bytes);
        """,
        """
        -- Another node of the cluster, as it was known last: what it said of itself, in JSON.
        CREATE TABLE members (
            id TEXT PRIMARY KEY,
            document TEXT NOT NULL
        ) WITHOUT ROWID;
        """,
        """
        -- Of a piece: what it is a piece of. Of a resource whose bytes are in pieces: the coding; its body is empty then.
        ALTER TABLE resources ADD COLUMN parent INTEGER;
        ALTER TABLE resources ADD COLUMN coding TEXT;
        CREATE INDEX resources_by_parent ON resources (parent) WHERE parent IS NOT NULL;
        CREATE INDEX resources_in_pieces ON resources (length) WHERE coding IS NOT NULL;
        """,
        """
        -- The name under /files/ of what has one, whose hash is the id.
        ALTER TABLE resources ADD COLUMN path TEXT;
        UPDATE resources SET path = name_in_manifest(id, manifest);
        CREATE INDEX resources_by_path ON resources (path) WHERE path IS NOT NULL;
        """,
        """
        -- Lists by type; and a search that reads the index of names alone finds what is in paths too.
        CREATE INDEX resources_by_type ON resources (media_type, name_key);
        DROP INDEX resources_by_name;
        CREATE INDEX resources_by_name ON resources (name_key, media_type, id, path);
        """,
        """
        -- Of a version whose bytes are in pieces: the versions of its pieces, 32 bytes each, zeros where one was never seen. By them a
        -- piece that is made anew is known to be what it was.
        CREATE TABLE piece_versions (
            id INTEGER PRIMARY KEY,
            version BLOB NOT NULL,
            coding TEXT NOT NULL,
            pieces BLOB NOT NULL
        );
        CREATE TRIGGER piece_versions_gone AFTER DELETE ON resources
        BEGIN
            DELETE FROM piece_versions WHERE id = old.id;
        END;
        """,
    ];

    /// <summary>The version of now.</summary>
    public static int Version => Migrations.Length;

    /// <summary>Looks at a store's folder without changing anything in it.</summary>
    /// <param name="folder">The folder, which need not be there.</param>
    /// <exception cref="StoreFormatException">It has a store that this program cannot open.</exception>
    public static void Inspect(string folder)
    {
        InspectVersion(folder);
        if (StoreFiles.Exists(Path.Combine(folder, RebuildingName)))
        {
            throw new StoreFormatException(
                $"{folder}: making the catalog anew was stopped half way. Nothing was changed: --rebuild-catalog goes on with it.");
        }

        if (FindDamage(folder) is { } why)
        {
            throw Malformed(Path.Combine(folder, FileName), why);
        }
    }

    /// <summary>As <see cref="Inspect"/>, of what this program does not know at all.</summary>
    /// <exception cref="StoreFormatException">The folder has a store of another version.</exception>
    public static void InspectVersion(string folder)
    {
        var records = Path.Combine(folder, "records");
        if (StoreFiles.HasEntries(records))
        {
            throw new StoreFormatException(
                $"{folder} has a store of an earlier format ({records}), which this version cannot read. Nothing in it was changed: "
                + "move it away or give another folder, and upload what it has from its sources again.");
        }

        var path = Path.Combine(folder, FileName);
        if (TryReadHeader(path, out var header) && header.Version > Version)
        {
            throw Newer(path, header.Version);
        }
    }

    /// <summary>What is wrong with the catalog of a folder, as far as that shows from outside; null for nothing, or when there is no
    /// store.</summary>
    public static string? FindDamage(string folder)
    {
        var path = Path.Combine(folder, FileName);
        if (StoreFiles.LengthOf(path) is not ({ } length and > 0))
        {
            var blobs = Path.Combine(folder, "blobs");
            return StoreFiles.FolderExists(blobs) && StoreFiles.Enumerate(blobs).Any(IsBlob)
                ? $"it is {(StoreFiles.Exists(path) ? "empty" : "not there")}, and {blobs} has files" : null;
        }

        if (!TryReadHeader(path, out var header))
        {
            return "it is no SQLite database";
        }

        return header.IsSizeKnown && length < header.Bytes
            ? string.Create(CultureInfo.InvariantCulture, $"it has {length} bytes of {header.Bytes}") : null;
    }

    /// <summary>Makes a database that was cut as long as it says it is: its missing pages are then damaged ones.</summary>
    public static void Extend(string path)
    {
        if (TryReadHeader(path, out var header) && header.IsSizeKnown)
        {
            StoreFiles.Extend(path, header.Bytes);
        }
    }

    /// <summary>Others may be left of a start that failed before there was a catalog.</summary>
    private static bool IsBlob(string path) => Sha256Digest.TryParseHex(Path.GetFileName(path), out _);

    private static bool TryReadHeader(string path, out Header read)
    {
        read = default;
        Span<byte> header = stackalloc byte[HeaderBytes];
        if (StoreFiles.ReadStart(path, header) < HeaderBytes || !header.StartsWith("SQLite format 3\0"u8))
        {
            return false;
        }

        // The size in pages that the header tells counts when it was written together with the last change (offsets 24 and 92).
        var pageBytes = BinaryPrimitives.ReadUInt16BigEndian(header[16..]) is var size && size == 1 ? 65536 : size;
        read = new Header(
            BinaryPrimitives.ReadInt32BigEndian(header[VersionOffset..]), header.Slice(24, 4).SequenceEqual(header.Slice(92, 4)),
            (long)BinaryPrimitives.ReadUInt32BigEndian(header[28..]) * pageBytes);
        return true;
    }

    /// <summary>The log that SQLite keeps beside a catalog while that is open.</summary>
    public static string LogOf(string path) => path + "-wal";

    /// <summary>Makes the tables, or brings those of an older version to the one of now, in one transaction.</summary>
    /// <returns>Whether anything was changed.</returns>
    /// <exception cref="StoreFormatException">They are of a newer version.</exception>
    public static bool Migrate(CatalogConnection connection)
    {
        var found = (int)connection.Prepare("PRAGMA user_version").ReadInt64();
        if (found > Version)
        {
            throw Newer(connection.Path, found);
        }

        if (found == Version)
        {
            return false;
        }

        connection.Define("name_in_manifest", NameIn);
        connection.Begin();
        for (var i = found; i < Version; i++)
        {
            connection.Execute(Migrations[i]);
        }

        connection.Execute(string.Create(CultureInfo.InvariantCulture, $"PRAGMA user_version = {Version}"));
        connection.Commit();

        // The version stands in the file's own header from now on, where an older program looks before it touches anything.
        connection.Execute("PRAGMA wal_checkpoint(TRUNCATE)");
        return true;
    }

    private static string? NameIn(long id, byte[] manifest) =>
        Manifest.TryParse(manifest, out var read) ? CatalogChange.NameOf(ResourceCatalog.IdOf(id), read) : null;

    /// <summary>What to say of a catalog that SQLite cannot read.</summary>
    public static StoreFormatException Malformed(string path, string why, Exception? cause = null) => new(
        $"{path} is damaged: {why}. Nothing was changed: --rebuild-catalog makes a new one of what is in the folder; "
        + "or put a copy of it back from a backup.", cause);

    private static StoreFormatException Newer(string path, int version) => new(string.Create(
        CultureInfo.InvariantCulture,
        $"{path} was written by a newer version (format {version}, this one knows {Version}). Nothing was changed: start the newer "
        + $"version, or give another folder."));

    /// <summary>What a database says of itself.</summary>
    private readonly record struct Header(int Version, bool IsSizeKnown, long Bytes);
}
