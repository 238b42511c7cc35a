using Microsoft.Data.Sqlite;

namespace MurkyWaters.Store.Catalog;

/// <summary>A prepared statement whose parameters are <c>$1</c>, <c>$2</c> and so on, given by their order.</summary>
internal sealed class CatalogStatement : IDisposable
{
    private static readonly string[] Names = [.. Enumerable.Range(1, 32).Select(i => $"${i}")];
    private readonly SqliteCommand _command;

    /// <summary>Makes one; it is prepared when it first runs.</summary>
    public CatalogStatement(SqliteConnection connection, string sql)
    {
        _command = connection.CreateCommand();
        _command.CommandText = sql;
    }

    /// <summary>Runs it to its end.</summary>
    /// <returns>Rows that were changed.</returns>
    public int Run(params ReadOnlySpan<object?> values)
    {
        Bind(values);
        return _command.ExecuteNonQuery();
    }

    /// <summary>Runs it and hands its rows out. The reader is disposed before the statement runs again.</summary>
    public SqliteDataReader Read(params ReadOnlySpan<object?> values)
    {
        Bind(values);
        return _command.ExecuteReader();
    }

    /// <summary>Runs it for one number: 0 when there is no row, or NULL.</summary>
    public long ReadInt64(params ReadOnlySpan<object?> values)
    {
        using var reader = Read(values);
        return reader.Read() && !reader.IsDBNull(0) ? reader.GetInt64(0) : 0;
    }

    /// <inheritdoc/>
    public void Dispose() => _command.Dispose();

    private void Bind(ReadOnlySpan<object?> values)
    {
        for (var i = 0; i < values.Length; i++)
        {
            if (_command.Parameters.Count == i)
            {
                _command.Parameters.Add(new SqliteParameter { ParameterName = Names[i] });
            }

            _command.Parameters[i].Value = values[i] ?? DBNull.Value;
        }
    }
}
