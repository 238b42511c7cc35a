using System.Threading.Channels;
using Microsoft.Data.Sqlite;
using Microsoft.Win32.SafeHandles;

namespace MurkyWaters.Store.Catalog;

/// <summary>
/// Writes changes into the catalog, on a thread of its own: all that wait go into one transaction, and so share the wait for the disk.
/// Where a transaction fails for what one of them is, each is tried in one of its own. After an error of the disk the connection is closed,
/// for what it thinks that it has written must not be trusted; the next one sees what is there.
/// <para>SQLite writes a transaction into its log, and this class waits for the disk: so the two fail apart. What could not be written is
/// as if it had never been. What was written and could not be waited for is seen by all, now and by the next process, and refused to who
/// asked for it; before the store is written to again, all of it is put on the disk anew (<see cref="Settle"/>).</para>
/// </summary>
internal sealed class CatalogWriter : IDisposable
{
    /// <summary>Changes in one transaction at most: some tens of milliseconds of work.</summary>
    private const int BatchMax = 512;

    /// <summary>Changes that wait: with the largest bodies 1 GiB, which nobody brings at
    /// once. Beyond, who comes waits for a place.</summary>
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
    private SafeFileHandle? _log;
    private long _written;
    private long _flushed;

    /// <summary>Starts it.</summary>
    /// <param name="connection">The connection, whose tables are those of now; the writer closes it.</param>
    /// <param name="files">Told of every step and of errors; has the reserve for deletions.</param>
    public CatalogWriter(CatalogConnection connection, StoreFiles files)
    {
        _connection = connection;
        connection.LeaveFlushing();
        _path = connection.Path;
        _files = files;
        _thread = new Thread(Work) { IsBackground = true, Name = "catalog" };
        _thread.Start();
    }

    /// <summary>Transactions so far, and changes in them.</summary>
    public (long Transactions, long Changes) Figures { get; private set; }

    /// <summary>Writes a change; ends when it is on the disk.</summary>
    /// <exception cref="StoreException">It is not, and what was there before is there still; or it is written and may not stay
    /// (<see cref="CatalogChange.IsSeen"/>).</exception>
    public async Task WriteAsync(CatalogChange change)
    {
        if (!_waiting.Writer.TryWrite(change))
        {
            await _waiting.Writer.WriteAsync(change);
        }

        await change.Done.Task;
    }

    /// <summary>Puts on the disk what was written and could not be waited for: the log's bytes are written once more and waited for. To
    /// wait for them alone would say nothing, since the system forgets pages that it could not write; and to copy them into the file
    /// would not do either, for after a stop of the machine the log's older part, which the disk has, would be laid over the newer
    /// file. On whatever thread.</summary>
    /// <exception cref="IOException">The disk does not take it.</exception>
    public void Settle()
    {
        var written = Interlocked.Read(ref _written);
        if (Interlocked.Read(ref _flushed) >= written)
        {
            return;
        }

        try
        {
            // In a transaction, so that nobody else writes to the log meanwhile.
            using var connection = CatalogConnection.Open(_path, isWriter: true);
            connection.Begin();
            _files.WriteAnew(CatalogSchema.LogOf(_path));
            connection.Rollback();
            Interlocked.Exchange(ref _flushed, written);
        }
        catch (SqliteException error)
        {
            throw CatalogErrors.AsDiskError(error);
        }
    }

    /// <summary>Writes what waits, and closes the connection.</summary>
    public void Dispose()
    {
        _waiting.Writer.TryComplete();
        _thread.Join();
        Disconnect();
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

        var isOfAll = batch.Count == 1 || failure.AreSeen || !CatalogErrors.IsOfOneChange(failure.Cause);
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
        try
        {
            var connection = Connect();
            connection.Begin();
            OpenLog();
            foreach (var change in batch)
            {
                _files.NoteStep("write");
                change.Apply(connection);
            }

            connection.Commit();
        }
        catch (Exception error)
        {
            return Fail(error);
        }

        foreach (var change in batch)
        {
            change.IsSeen = true;
        }

        var written = Interlocked.Increment(ref _written);
        try
        {
            _files.Flush(_log!, isData: true);
            Interlocked.Exchange(ref _flushed, written);
            Figures = (Figures.Transactions + 1, Figures.Changes + batch.Count);
            return null;
        }
        catch (Exception error)
        {
            return new Failure(error, error, AreSeen: true);
        }
    }

    private CatalogConnection Connect()
    {
        if (_connection is null)
        {
            _connection = CatalogConnection.Open(_path, isWriter: true);
            _connection.LeaveFlushing();
        }

        return _connection;
    }

    /// <summary>Opens the log that the connection writes, which is there since the transaction
    /// began, and has its name put on the disk.</summary>
    private void OpenLog()
    {
        if (_log is null)
        {
            var log = StoreFiles.OpenToRead(CatalogSchema.LogOf(_path));
            try
            {
                _files.FlushFolder(_files.Root);
                _log = log;
            }
            finally
            {
                if (_log is null)
                {
                    log.Dispose();
                }
            }
        }
    }

    private void Disconnect()
    {
        _log?.Dispose();
        _log = null;
        _connection?.Dispose();
        _connection = null;
    }

    /// <summary>Leaves the connection as if nothing had been written, or closes it; says what to throw.</summary>
    private Failure Fail(Exception error)
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

        if (isOfDisk)
        {
            Disconnect();
        }

        var shown = CatalogErrors.AsDiskError(error);
        if (shown is not StoreException && DiskErrors.Of(shown) != DiskError.None)
        {
            shown = _files.Health.Judge(shown, isFlush: CatalogErrors.IsFlush(error));
        }

        return new Failure(error, shown, AreSeen: false);
    }

    /// <summary>Why a transaction failed, what to say of it, and whether it is seen all the same.</summary>
    private sealed record Failure(Exception Cause, Exception Error, bool AreSeen);
}
