using MurkyWaters.Store;
using PouringRain.Protocol;

namespace MurkyWaters.Uploading;

/// <summary>
/// A resource that comes in over several requests, each of which may break, and the process with them. Bytes are appended to
/// <c>{token}.data</c> in the order in which they come; a row of the catalog says what they are to become. A request works at it in a
/// turn (<see cref="UploadTurn"/>); whoever comes next ends the turn of the one before, whose client is thought to be gone.
/// </summary>
public sealed class PendingUpload
{
    private readonly Lock _gate = new();
    private readonly PendingUploads _table;
    private Task _lastTurn = Task.CompletedTask;
    private CancellationTokenSource? _takenOver;
    private PendingRecord _record;
    private StoreUpload? _upload;
    private long _offset;
    private long _lastUseUnixMs;

    internal PendingUpload(
        PendingUploads table, string token, PendingRecord record, long offset, DateTimeOffset lastUse, Bits128 network = default)
    {
        Network = network;
        _table = table;
        Token = token;
        _record = record;
        _offset = offset;
        _lastUseUnixMs = lastUse.ToUnixTimeMilliseconds();
    }

    /// <summary>Whose it is; 0 for one that another process began.</summary>
    internal Bits128 Network { get; }

    /// <summary>When somebody worked at it last.</summary>
    internal DateTimeOffset LastUse => DateTimeOffset.FromUnixTimeMilliseconds(Volatile.Read(ref _lastUseUnixMs));

    /// <summary>Names it; nobody can guess it.</summary>
    public string Token { get; }

    /// <summary>What the caller keeps with it.</summary>
    public string Note => _record.Note;

    /// <summary>Bytes of the whole, once they were said.</summary>
    public long? Length => _record.Length;

    /// <summary>Bytes that came.</summary>
    public long Offset => Volatile.Read(ref _offset);

    /// <summary>Whether it has become a resource.</summary>
    public bool IsComplete => _record.IsComplete;

    /// <summary>The resource; null as long as the id is to come from the content.</summary>
    public ResourceId? Resource => ResourceId.TryParse(_record.Resource, out var id) ? id : null;

    /// <summary>The SHA-256 of the whole, if it was announced.</summary>
    public Sha256Digest? ExpectedSha256 => Sha256Digest.TryParseHex(_record.Sha256, out var digest) ? digest : null;

    /// <summary>When it goes unless somebody works at it.</summary>
    public DateTimeOffset Expires =>
        DateTimeOffset.FromUnixTimeMilliseconds(Volatile.Read(ref _lastUseUnixMs)) + (IsComplete
            ? PendingUploads.CompleteLifetime
            : _table.Lifetime);

    /// <summary>Whether it was cancelled, has expired or has failed for good.</summary>
    internal bool IsGone { get; private set; }

    /// <summary>Begins a turn, and ends the one before; null when the upload has gone.</summary>
    public async Task<UploadTurn?> EnterAsync(CancellationToken cancellationToken)
    {
        var left = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Task before;
        lock (_gate)
        {
            before = _lastTurn;
            _lastTurn = left.Task;
            _ = _takenOver?.CancelAsync();
        }

        try
        {
            await before.WaitAsync(cancellationToken);
        }
        catch
        {
            // Whoever comes after waits for the one before, then.
            _ = before.ContinueWith(_ => left.SetResult(), TaskScheduler.Default);
            throw;
        }

        if (IsGone)
        {
            left.SetResult();
            return null;
        }

        var takenOver = new CancellationTokenSource();
        lock (_gate)
        {
            _takenOver = takenOver;
            if (_lastTurn != left.Task)
            {
                takenOver.Cancel();
            }
        }

        Touch();
        return new UploadTurn(this, left, takenOver.Token);
    }

    /// <summary>Removes it if nobody works at it and its time is up.</summary>
    internal async Task RemoveIfExpiredAsync(DateTimeOffset now)
    {
        TaskCompletionSource left;
        lock (_gate)
        {
            if (Expires >= now || !_lastTurn.IsCompleted)
            {
                return;
            }

            left = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _lastTurn = left.Task;
        }

        try
        {
            await RemoveAsync();
        }
        finally
        {
            left.SetResult();
        }
    }

    internal async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        _upload ??= await ContinueAsync(cancellationToken);
        try
        {
            await _upload.WriteAsync(bytes, cancellationToken);
        }
        catch
        {
            // What the disk took before it refused is there all the same, and the next turn begins behind it.
            await DropAsync();
            throw;
        }

        Volatile.Write(ref _offset, _offset + bytes.Length);
    }

    internal async ValueTask RestAsync()
    {
        if (_upload is null)
        {
            return;
        }

        try
        {
            await _upload.RestAsync();
        }
        catch
        {
            await DropAsync();
            throw;
        }
    }

    internal void SetLength(long length) => Save(_record with { Length = length });

    internal async Task RewindAsync(long offset)
    {
        await DropAsync();

        // Should the disk refuse to cut the file, it is cut when the upload goes on.
        _table.TryCut(Token, offset);
        Volatile.Write(ref _offset, offset);
    }

    /// <summary>Hands on everything that came, from its first byte.</summary>
    internal async Task ReadBackAsync(Action<ReadOnlyMemory<byte>> read, CancellationToken cancellationToken)
    {
        if (_upload is not null)
        {
            await _upload.PauseAsync();
        }

        using var file = StoreFiles.OpenToScan(_table.DataPathOf(Token));
        var buffer = new byte[256 * 1024];
        for (var position = 0L; position < _offset;)
        {
            var count = await RandomAccess.ReadAsync(
                file, buffer.AsMemory(0, (int)Math.Min(buffer.Length, _offset - position)), position, cancellationToken);
            if (count == 0)
            {
                throw new EndOfStreamException($"Upload {Token[..8]}... ends at {position} of {_offset}.");
            }

            read(buffer.AsMemory(0, count));
            position += count;
        }
    }

    internal async Task<UploadResult> CommitAsync(
        Sha256Digest? expectedSha256, Func<StoredResource?, bool>? precondition, CancellationToken cancellationToken)
    {
        _upload ??= await ContinueAsync(cancellationToken);
        var options = new UploadOptions
        {
            Id = Resource,
            Path = _record.Path,
            Length = _offset,
            ContentType = _record.ContentType,
            FileName = _record.FileName,
            IsAttachment = _record.IsAttachment,
            KeepsDescription = _record.KeepsDescription,
            Code = _record.Code,
            ExpectedSha256 = expectedSha256 ?? ExpectedSha256,
            Precondition = precondition,
        };
        var result = await _upload.CommitAsync(options, cancellationToken);
        if (result.Outcome is UploadOutcome.Created or UploadOutcome.Replaced or UploadOutcome.Unchanged)
        {
            // The data file is a blob by now, or is of no more use.
            var length = _offset;
            await DropAsync();
            _table.DeleteData(Token);
            Volatile.Write(ref _offset, length);
            var record = _record with { Resource = result.Resource!.Id.ToString(), Length = length, IsComplete = true };
            try
            {
                Save(record);
            }
            catch (StoreException error)
            {
                // It is stored. That it was by this upload is forgotten with the process, then.
                _record = record;
                _table.LogFailed(Token, error);
            }
        }
        else
        {
            await RemoveAsync();
        }

        return result;
    }

    internal async Task RemoveAsync()
    {
        IsGone = true;
        await DropAsync();
        await _table.RemoveAsync(this);
    }

    /// <summary>Puts what came on the disk; why not, or null.</summary>
    internal async Task<StoreException?> SaveAsync()
    {
        if (_upload is null)
        {
            return null;
        }

        try
        {
            await _upload.PauseAsync();
            Save(_record with { FlushedBytes = _offset });
            return null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // What the disk took is there all the same; the next turn asks it.
            await DropAsync();
            _table.LogFailed(Token, error);
            return error as StoreException ?? new StoreReadOnlyException("What came last could not be put on the disk.", error);
        }
    }

    /// <summary>Ends a turn: what came is put on the disk. Why not, or null.</summary>
    internal async Task<StoreException?> LeaveAsync(TaskCompletionSource left)
    {
        try
        {
            var failure = await SaveAsync();
            Touch();
            return failure;
        }
        finally
        {
            lock (_gate)
            {
                _takenOver = null;
            }

            left.SetResult();
        }
    }

    /// <summary>Gives up the hashes of what came; the next write makes them anew from the file.</summary>
    internal async Task DropAsync()
    {
        if (_upload is { } upload)
        {
            _upload = null;
            await upload.DisposeAsync();
            var file = new FileInfo(_table.DataPathOf(Token));
            var offset = file.Exists ? file.Length : 0;
            if (upload.IsLost && offset > _record.FlushedBytes)
            {
                // What the disk has refused once it may say to have the next time (the system forgets such pages): it has to come again.
                offset = _record.FlushedBytes;
                _table.TryCut(Token, offset);
            }

            Volatile.Write(ref _offset, offset);
        }
    }

    private async Task<StoreUpload> ContinueAsync(CancellationToken cancellationToken) =>
        await _table.ContinueAsync(Token, _offset, cancellationToken);

    private void Save(PendingRecord record)
    {
        if (!IsGone && record != _record)
        {
            // What the disk does not take is tried again the next time.
            record = record with { BootId = _table.BootId };
            _table.Save(Token, record);
            _record = record;
        }
    }

    private void Touch() => Volatile.Write(ref _lastUseUnixMs, _table.Now.ToUnixTimeMilliseconds());
}
