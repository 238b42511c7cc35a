using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;

namespace MurkyWaters.Store.Catalog;

/// <summary>Connections that read, each with its statements prepared: as many as read at
/// once, of which a few stay open. Thread-safe.</summary>
internal sealed class CatalogReaders : IDisposable
{
    /// <summary>More than the cores of a usual machine read at once; each has at most 2 MB of pages.</summary>
    private const int IdleMax = 8;

    private readonly ConcurrentBag<CatalogConnection> _idle = [];
    private readonly string _path;
    private int _idleCount;

    /// <summary>Makes it; opens nothing yet.</summary>
    public CatalogReaders(string path) => _path = path;

    /// <summary>Reads something.</summary>
    /// <exception cref="StoreException">The catalog cannot be read.</exception>
    public T Read<T>(Func<CatalogConnection, T> read)
    {
        CatalogConnection? connection = null;
        try
        {
            if (_idle.TryTake(out connection))
            {
                Interlocked.Decrement(ref _idleCount);
            }
            else
            {
                connection = CatalogConnection.Open(_path, isWriter: false);
            }

            var result = read(connection);
            if (Interlocked.Increment(ref _idleCount) <= IdleMax)
            {
                _idle.Add(connection);
            }
            else
            {
                Interlocked.Decrement(ref _idleCount);
                connection.Dispose();
            }

            return result;
        }
        catch (SqliteException error)
        {
            connection?.Dispose();
            throw DiskErrors.Of(CatalogErrors.AsDiskError(error)) == DiskError.Busy
                ? new StoreBusyException("The catalog cannot be read just now.", error)
                : new StoreReadOnlyException("The catalog cannot be read.", error);
        }
        catch
        {
            connection?.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        while (_idle.TryTake(out var connection))
        {
            connection.Dispose();
        }
    }
}
