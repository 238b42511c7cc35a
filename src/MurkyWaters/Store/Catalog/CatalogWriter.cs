using System.Threading.Channels;
using Microsoft.Data.Sqlite;

namespace MurkyWaters.Store.Catalog;

/// <summary>
/// Writes changes into the catalog, on a thread of its own: all that wait go into one transaction, and so share the wait for the disk. Where
/// a transaction fails for what one of them is, each is tried in one of its own. After an error of the disk the connection is closed,
/// for what it thinks that it has written must not be trusted; the next one sees what is there.
/// </summary>
internal sealed class CatalogWriter : IDisposable
{
    /// <summary>Changes in one transaction at most: some tens of milliseconds of work.</summary>
    private const int BatchMax = 512;

    /// <summary>Changes that wait: with the largest bodies 1 GiB, which nobody brings at once. Beyond, who comes waits for a place.</summary>
    private const int WaitingMax = 16 * 1024;

    private readonly Channel<CatalogChange> _waiting = Channel.CreateBounded<CatalogChange>(new BoundedChannelOptions(WaitingMax)
    {
        SingleReader = true,
        AllowSynchronousContinuations = false,
    });

    private readonly string _path;
    private readonly StoreFiles _files;
    private readonly Thread _thread;
    private CatalogConnection? _connection;

    /// <summary>Starts it.</summary>
    /// <param name="connection">The connection, whose tables are those of now; the writer closes it.</param>
    /// <param name="files">Told of every step and of errors; has the reserve for deletions.</param>
    public CatalogWriter(CatalogConnection connection, StoreFiles files)
    {
        _connection = connection;
        _path = connection.Path;
        _files = files;
        _thread = new Thread(Work) { IsBackground = true, Name = "catalog" };
        _thread.Start();
    }

    /// <summary>Transactions so far, and changes in them.</summary>
    public (long Transactions, long Changes) Figures { get; private set; }

    /// <summary>Writes a change; ends when it is on the disk.</summary>
    /// <exception cref="StoreException">It is not, and what was there before is there still; or, after a wait for the disk that failed, may
    /// be at the next start (<see cref="IsUncertain"/>).</exception>
    public async Task WriteAsync(CatalogChange change)
    {
        if (!_waiting.Writer.TryWrite(change))
        {
            await _waiting.Writer.WriteAsync(change);
        }

        await change.Done.Task;
    }

    /// <summary>Whether a change that failed may be found by the next process all the same: the disk has it in part, and did not take what
    /// would have made an end of it.</summary>
    public static bool IsUncertain(Exception error) => error.Data.Contains(nameof(IsUncertain));

    /// <summary>Writes what waits, and closes the connection.</summary>
    public void Dispose()
    {
        _waiting.Writer.TryComplete();
        _thread.Join();
        _connection?.Dispose();
    }

    private void Work()
    {
        var batch = new List<CatalogChange>(BatchMax);
        while (_waiting.Reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
        {
            batch.Clear();
            while (batch.Count < BatchMax && _waiting.Reader.TryRead(out var change))
            {
                batch.Add(change);
            }

            Write(batch);
        }
    }

    private void Write(List<CatalogChange> batch)
    {
        if (TryWrite(batch) is not { } failure)
        {
            batch.ForEach(static change => change.Done.SetResult());
            return;
        }

        var isOfAll = batch.Count == 1 || !CatalogErrors.IsOfOneChange(failure.Cause);
        foreach (var change in batch)
        {
            var own = isOfAll ? failure : TryWrite([change]);
            if (own is { Error: StoreFullException } && change.MakesRoom && _files.Health.Trouble is null && _files.Reserve.TryGive())
            {
                own = TryWrite([change]);
            }

            if (own is null)
            {
                change.Done.SetResult();
            }
            else
            {
                change.Done.SetException(own.Error);
            }
        }
    }

    private Failure? TryWrite(List<CatalogChange> batch)
    {
        var isFlushing = false;
        try
        {
            var connection = _connection ??= CatalogConnection.Open(_path, isWriter: true);
            connection.Begin();
            foreach (var change in batch)
            {
                _files.NoteStep("write");
                change.Apply(connection);
            }

            isFlushing = true;
            _files.NoteStep("flush");
            connection.Commit();
            Figures = (Figures.Transactions + 1, Figures.Changes + batch.Count);
            return null;
        }
        catch (Exception error)
        {
            return Fail(error, isFlushing);
        }
    }

    /// <summary>Leaves the connection as if nothing had been written, or closes it; says what to throw.</summary>
    private Failure Fail(Exception error, bool isFlushing)
    {
        var isOfDisk = error is SqliteException && !CatalogErrors.IsOfOneChange(error);
        try
        {
            _connection?.Rollback();
        }
        catch (SqliteException)
        {
            isOfDisk = true;
        }

        var isUncertain = false;
        if (isOfDisk)
        {
            _connection?.Dispose();
            _connection = null;
            isUncertain = isFlushing && !TryMakeAnEnd();
        }

        var shown = CatalogErrors.AsDiskError(error);
        if (DiskErrors.Of(shown) != DiskError.None)
        {
            shown = _files.Health.Judge(shown, isFlush: isFlushing && (CatalogErrors.IsFlush(error) || error is IOException));
        }

        if (isUncertain)
        {
            shown.Data[nameof(IsUncertain)] = true;
        }

        return new Failure(error, shown);
    }

    /// <summary>Puts another transaction over what the log has of the one that failed: a log that ends with that one, whole, would bring it
    /// back at the next start.</summary>
    private bool TryMakeAnEnd()
    {
        try
        {
            _connection = CatalogConnection.Open(_path, isWriter: true);
            _connection.Begin();
            _connection.Prepare("UPDATE node SET value = value + 1 WHERE key = 'repairs'").Run();
            _connection.Commit();
            return true;
        }
        catch (Exception error) when (error is SqliteException or IOException)
        {
            _connection?.Dispose();
            _connection = null;
            return false;
        }
    }

    /// <summary>Why a transaction failed, and what to say of it.</summary>
    private sealed record Failure(Exception Cause, Exception Error);
}
