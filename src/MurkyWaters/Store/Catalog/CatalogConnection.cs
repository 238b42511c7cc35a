using Microsoft.Data.Sqlite;

namespace MurkyWaters.Store.Catalog;

/// <summary>One connection to the catalog with its prepared statements. Used by one thread at a time.</summary>
internal sealed class CatalogConnection : IDisposable
{
    /// <summary>How long a lock that another program has (somebody looks in with <c>sqlite3</c>) is waited for, in seconds.</summary>
    private const int BusySeconds = 5;

    /// <summary>The function of statements that read which makes of a text, or of NULL, what names are searched by: SQLite's own knows
    /// of A to Z alone.</summary>
    public const string Folding = "folded";

    private readonly SqliteConnection _connection;
    private readonly Dictionary<string, CatalogStatement> _statements = new(StringComparer.Ordinal);

    private CatalogConnection(SqliteConnection connection, string path)
    {
        _connection = connection;
        Path = path;
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>Whether a transaction is open.</summary>
    public bool IsInTransaction { get; private set; }

    /// <summary>Opens one.</summary>
    /// <param name="path">The file, which is there.</param>
    /// <param name="isWriter">Whether it changes the file: then a transaction that has ended is on the disk.</param>
    public static CatalogConnection Open(string path, bool isWriter)
    {
        var text = new SqliteConnectionStringBuilder
        {
            DataSource = path,
            Mode = SqliteOpenMode.ReadWrite,
            Pooling = false,
            DefaultTimeout = BusySeconds,
        };
        var connection = new CatalogConnection(new SqliteConnection(text.ToString()), path);
        try
        {
            connection._connection.Open();

            // The log is put into the file every 16 MB: rarely enough to cost little, often enough that a start reads it in no time.
            connection.Execute(isWriter
                ? "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000; "
                    + "PRAGMA journal_size_limit = 67108864; PRAGMA cache_size = -8000; PRAGMA temp_store = MEMORY"
                : "PRAGMA query_only = ON; PRAGMA cache_size = -2000; PRAGMA temp_store = MEMORY");
            if (!isWriter)
            {
                connection._connection.CreateFunction<string?, string>(Folding, CatalogRow.NameKeyOf, isDeterministic: true);
            }

            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>A statement, prepared the first time that it is asked for.</summary>
    public CatalogStatement Prepare(string sql)
    {
        if (!_statements.TryGetValue(sql, out var statement))
        {
            _statements[sql] = statement = new CatalogStatement(_connection, sql);
        }

        return statement;
    }

    /// <summary>Does what is done once.</summary>
    public void Execute(string sql)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    /// <summary>Has statements know a function of a number and bytes.</summary>
    public void Define(string name, Func<long, byte[], string?> function) =>
        _connection.CreateFunction(name, function, isDeterministic: true);

    /// <summary>From here on a transaction that has ended is in the log, and whoever ended it waits for the disk. (Before the log is copied
    /// into the file, and when it is begun anew, SQLite waits all the same.)</summary>
    public void LeaveFlushing() => Execute("PRAGMA synchronous = NORMAL");

    /// <summary>Begins a transaction that will write.</summary>
    public void Begin()
    {
        Prepare("BEGIN IMMEDIATE").Run();
        IsInTransaction = true;
    }

    /// <summary>Ends the transaction, and waits until it is on the disk (unless <see cref="LeaveFlushing"/>).</summary>
    public void Commit()
    {
        Prepare("COMMIT").Run();
        IsInTransaction = false;
    }

    /// <summary>Takes the transaction back.</summary>
    public void Rollback()
    {
        if (IsInTransaction)
        {
            IsInTransaction = false;
            Prepare("ROLLBACK").Run();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var statement in _statements.Values)
        {
            statement.Dispose();
        }

        _connection.Dispose();
    }
}
