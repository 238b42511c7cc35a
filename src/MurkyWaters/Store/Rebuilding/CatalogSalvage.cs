using Microsoft.Data.Sqlite;
using MurkyWaters.Store.Catalog;
using PouringRain.Protocol;

namespace MurkyWaters.Store.Rebuilding;

/// <summary>Reads what can still be read of a catalog that is damaged: of a copy, which may be changed by it.</summary>
internal sealed class CatalogSalvage : IDisposable
{
    /// <summary>Looks at what is behind damaged pages: enough for some ten thousand of them, in a second or two.</summary>
    private const int ProbesMax = 20_000;

    private readonly CatalogConnection _connection;

    private CatalogSalvage(CatalogConnection connection) => _connection = connection;

    /// <summary>Rows that were found and could not be understood, or whose bytes were others.</summary>
    public long StrangeCount { get; private set; }

    /// <summary>Opens a copy; null when SQLite makes nothing of it.</summary>
    public static CatalogSalvage? TryOpen(string path)
    {
        try
        {
            return new CatalogSalvage(CatalogConnection.Open(path, isWriter: false));
        }
        catch (SqliteException)
        {
            return null;
        }
    }

    /// <summary>Whether nothing is wrong with it.</summary>
    public bool IsWhole()
    {
        try
        {
            using var reader = _connection.Prepare("PRAGMA integrity_check").Read();
            return reader.Read() && reader.GetString(0) == "ok";
        }
        catch (SqliteException)
        {
            return false;
        }
    }

    /// <summary>Resources, each with a manifest and, where it is in the row, a body that match.</summary>
    public IEnumerable<CatalogRow> ReadResources() =>
        Walk("resources", "retention, version, manifest, blob, body, last_read", reader => ResourceCatalog.TryReadRow(
            ResourceCatalog.IdOf(reader.GetInt64(0)), reader.GetString(1), reader.GetFieldValue<byte[]>(2), reader.GetFieldValue<byte[]>(3),
            reader.IsDBNull(4) ? null : reader.GetFieldValue<byte[]>(4), reader.IsDBNull(5) ? null : reader.GetFieldValue<byte[]>(5),
            reader.GetInt64(6), out var row) ? row : null);

    /// <summary>Deletions.</summary>
    public IEnumerable<(ResourceId Id, Manifest Tombstone)> ReadTombstones() =>
        Walk("tombstones", "manifest", reader =>
            Manifest.TryParse(reader.GetFieldValue<byte[]>(1), out var tombstone) && tombstone.IsDeleted
                ? new Deletion(ResourceCatalog.IdOf(reader.GetInt64(0)), tombstone)
                : null).Select(found => (found.Id, found.Tombstone));

    /// <summary>Uploads in several requests.</summary>
    public IEnumerable<(string Token, long SavedUnixMs, string Record)> ReadUploads()
    {
        var found = new List<(string, long, string)>();
        try
        {
            using var reader = _connection.Prepare("SELECT token, saved, record FROM uploads").Read();
            while (reader.Read())
            {
                found.Add((reader.GetString(0), reader.GetInt64(1), reader.GetString(2)));
            }
        }
        catch (Exception error) when (error is SqliteException or InvalidCastException or FormatException)
        {
            // Those before it are good.
        }

        return found;
    }

    /// <inheritdoc/>
    public void Dispose() => _connection.Dispose();

    /// <summary>Reads the rows of a table in pieces of the ids' range: up to where it is damaged, down to where it is damaged, and then
    /// each half of what is between.</summary>
    private IEnumerable<T> Walk<T>(string table, string columns, Func<SqliteDataReader, T?> take)
        where T : class
    {
        var ranges = new Queue<(Int128 From, Int128 To)>();
        ranges.Enqueue((long.MinValue, long.MaxValue));
        for (var probes = 0; probes < ProbesMax && ranges.TryDequeue(out var range); probes++)
        {
            var (from, to) = range;
            var isWhole = false;
            foreach (var order in (string[])["ASC", "DESC"])
            {
                var rows = new RowWalk<T>(this, $"SELECT id, {columns} FROM {table} WHERE id BETWEEN $1 AND $2 ORDER BY id {order}", take);
                foreach (var row in rows.Read((long)from, (long)to))
                {
                    yield return row;
                }

                if (rows.IsAtEnd)
                {
                    isWhole = true;
                    break;
                }

                (from, to) = rows.Last is not { } last ? (from, to) : order == "ASC" ? ((Int128)last + 1, to) : (from, (Int128)last - 1);
                if (from > to)
                {
                    isWhole = true;
                    break;
                }
            }

            if (!isWhole && from < to)
            {
                var middle = from + ((to - from) / 2);
                ranges.Enqueue((from, middle));
                ranges.Enqueue((middle + 1, to));
            }
        }
    }

    /// <summary>A deletion.</summary>
    private sealed record Deletion(ResourceId Id, Manifest Tombstone);

    /// <summary>The rows of one statement, up to its end or to what is damaged.</summary>
    private sealed class RowWalk<T>(CatalogSalvage salvage, string sql, Func<SqliteDataReader, T?> take)
        where T : class
    {
        /// <summary>The last id that was read, understood or not.</summary>
        public long? Last { get; private set; }

        /// <summary>Whether it came to the end.</summary>
        public bool IsAtEnd { get; private set; }

        public IEnumerable<T> Read(long from, long to)
        {
            SqliteDataReader? reader = null;
            try
            {
                while (TryRead(ref reader, from, to, out var row))
                {
                    if (row is not null)
                    {
                        yield return row;
                    }
                }
            }
            finally
            {
                reader?.Dispose();
            }
        }

        private bool TryRead(ref SqliteDataReader? reader, long from, long to, out T? row)
        {
            row = null;
            try
            {
                reader ??= salvage._connection.Prepare(sql).Read(from, to);
                if (!reader.Read())
                {
                    IsAtEnd = true;
                    return false;
                }

                Last = reader.GetInt64(0);
                row = take(reader);
            }
            catch (SqliteException)
            {
                return false;
            }
            catch (Exception error) when (error is InvalidCastException or InvalidOperationException or FormatException)
            {
                // NULL, or another type, where it should be bytes: as a row that is not understood.
            }

            salvage.StrangeCount += row is null ? 1 : 0;
            return true;
        }
    }
}
