using System.Collections.Concurrent;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using MurkyWaters.Store;
using PouringRain.Protocol;

namespace MurkyWaters.Uploading;

/// <summary>The uploads in several requests: those under way, and for a while those that have ended well, so that a client that lost the
/// last answer finds out.</summary>
internal sealed partial class PendingUploads : IAsyncDisposable
{
    /// <summary>How long a finished upload is told of.</summary>
    public static readonly TimeSpan CompleteLifetime = TimeSpan.FromMinutes(30);

    /// <summary>Bytes of a token: whoever has it may send, read and cancel the upload.</summary>
    private const int TokenBytes = 16;

    /// <summary>So few are not divided.</summary>
    private const int FewPlaces = 8;

    /// <summary>How long an upload of which nothing has come keeps its place whoever wants
    /// it: its client has just been told of it.</summary>
    private static readonly TimeSpan EmptyGrace = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<string, PendingUpload> _uploads = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();
    private readonly ResourceStore _store;
    private readonly ILogger _logger;
    private readonly Action<StoredResource>? _onStored;
    private readonly int _countMax;

    public PendingUploads(ResourceStore store, int countMax, TimeSpan lifetime, Action<StoredResource>? onStored, ILogger logger)
    {
        _store = store;
        _countMax = countMax;
        Lifetime = lifetime;
        _onStored = onStored;
        _logger = logger;
        Recover();
    }

    /// <summary>How long an upload at which nobody works is kept.</summary>
    public TimeSpan Lifetime { get; }

    public string BootId => _store.Options.BootId;

    public DateTimeOffset Now => _store.Options.Time.GetUtcNow();

    /// <summary>Begins one; null when as many are under way as may be.</summary>
    public PendingUpload? TryCreate(UploadOptions options, string note, Bits128 network = default)
    {
        _store.Files.Health.ThrowIfReadOnly();
        if (options.Length is { } length && !_store.TryMakeRoom(length, countsForQuota: false))
        {
            throw new StoreFullException($"The disk has no room for {length} bytes.");
        }

        var record = new PendingRecord
        {
            Resource = options.Id?.ToString(),
            Path = options.Path,
            Length = options.Length,
            ContentType = options.ContentType,
            FileName = options.FileName,
            IsAttachment = options.IsAttachment,
            KeepsDescription = options.KeepsDescription,
            Code = options.Code,
            Sha256 = options.ExpectedSha256?.ToString(),
            Note = note,
            BootId = BootId,
        };

        var token = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(TokenBytes));
        var upload = new PendingUpload(this, token, record, 0, Now, network);
        lock (_gate)
        {
            if (!TryMakePlace(network))
            {
                return null;
            }

            _uploads[token] = upload;
        }

        try
        {
            _store.Files.Create(DataPathOf(token)).Dispose();
            _store.Files.FlushFolder(_store.Files.Uploads);
            Save(token, record);
            return upload;
        }
        catch
        {
            Watch(RemoveAsync(upload));
            throw;
        }
    }

    /// <summary>Those under way.</summary>
    public int Count => _uploads.Values.Count(upload => !upload.IsComplete);

    public PendingUpload? Find(string token) => _uploads.GetValueOrDefault(token);

    /// <summary>No network has more than half of the places. Where there is none left, one of an upload of which nothing has come gives
    /// way: of the same network, or of that which has most. Under the lock.</summary>
    private bool TryMakePlace(Bits128 network)
    {
        var open = _uploads.Values.Where(upload => !upload.IsComplete).ToList();
        var own = open.Count(upload => upload.Network == network);
        var isOwnFull = network != 0 && own >= (_countMax < FewPlaces ? _countMax : _countMax / 2);
        if (open.Count < _countMax && !isOwnFull)
        {
            return true;
        }

        var most = isOwnFull ? network : open.CountBy(upload => upload.Network).MaxBy(pair => pair.Value).Key;
        var now = Now;
        var empty = open.Where(upload => upload.Network == most && upload.Offset == 0 && upload.LastUse < now - EmptyGrace)
            .MinBy(upload => upload.LastUse);
        if (empty is null)
        {
            return false;
        }

        // It goes at once: nobody works at it, or it would not be that old.
        Watch(empty.RemoveIfExpiredAsync(DateTimeOffset.MaxValue));
        return true;
    }

    private void Watch(Task removal) =>
        removal.ContinueWith(
            failed => LogFailed("********", failed.Exception!), CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted,
            TaskScheduler.Default);

    /// <summary>Once a second: removes what has expired, and the oldest of the finished ones when they are many.</summary>
    public void Tick()
    {
        var now = Now;
        foreach (var (_, upload) in _uploads)
        {
            Watch(upload.RemoveIfExpiredAsync(now));
        }

        var finished = _uploads.Values.Where(upload => upload.IsComplete).ToList();
        foreach (var upload in finished.OrderBy(upload => upload.Expires).Take(finished.Count - _countMax))
        {
            Watch(upload.RemoveIfExpiredAsync(DateTimeOffset.MaxValue));
        }
    }

    public string DataPathOf(string token) => Path.Combine(_store.Files.Uploads, token + ".data");

    public Task<StoreUpload> ContinueAsync(string token, long offset, CancellationToken cancellationToken)
    {
        if (offset == 0 && !StoreFiles.Exists(DataPathOf(token)))
        {
            _store.Files.Create(DataPathOf(token)).Dispose();
        }

        return StoreUpload.ContinueAsync(_store, DataPathOf(token), offset, _onStored, cancellationToken);
    }

    /// <summary>Cuts a file, and says whether that was done.</summary>
    public bool TryCut(string token, long length)
    {
        try
        {
            _store.Files.Cut(DataPathOf(token), length);
            return true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            LogFailed(token, error);
            return false;
        }
    }

    public void Save(string token, PendingRecord record) =>
        _store.Catalog.SaveUploadAsync(token, Now.ToUnixTimeMilliseconds(), record.Encode()).GetAwaiter().GetResult();

    public void DeleteData(string token) => _store.Files.Discard(DataPathOf(token));

    /// <summary>Forgets an upload, with all that came; ends when that is on the disk.</summary>
    public Task RemoveAsync(PendingUpload upload)
    {
        _uploads.TryRemove(upload.Token, out _);
        DeleteData(upload.Token);
        return ForgetAsync(upload.Token);
    }

    private async Task ForgetAsync(string token)
    {
        try
        {
            await _store.Catalog.ForgetUploadAsync(token);
        }
        catch (StoreException error)
        {
            // A row whose bytes are gone goes at the next start.
            LogFailed(token, error);
        }
    }

    public void LogFailed(string token, Exception error) => Failed(_logger, token[..8], error);

    /// <summary>Ends what is under way; what came stays.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var (_, upload) in _uploads)
        {
            if (await upload.EnterAsync(CancellationToken.None) is { } turn)
            {
                await turn.DisposeAsync();
                await upload.DropAsync();
            }
        }
    }

    /// <summary>Takes in what another process left. In the same run of the machine every byte written is there, in order; after another
    /// start only what was flushed is trusted.</summary>
    private void Recover()
    {
        var strange = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (token, savedUnixMs, text) in _store.Catalog.FindUploads())
        {
            if (PendingRecord.TryParse(text) is not { } record)
            {
                // Of a later version, it may be: it stays as it is.
                strange.Add(token);
                continue;
            }

            var data = new FileInfo(DataPathOf(token));
            if (!record.IsComplete && !data.Exists)
            {
                ForgetAsync(token).GetAwaiter().GetResult();
                continue;
            }

            if (record.IsComplete && data.Exists)
            {
                // They are a resource's, and this name came back with a machine that had stopped.
                DeleteData(token);
                data.Refresh();
            }

            var written = record.IsComplete ? record.Length ?? 0 : data.Length;
            var offset = record.BootId.Length > 0 && record.BootId == BootId ? written : Math.Min(written, record.FlushedBytes);
            if (data.Exists && data.Length > offset)
            {
                using var file = _store.Files.OpenToWrite(data.FullName);
                _store.Files.SetLength(file, offset);
            }

            var saved = DateTimeOffset.FromUnixTimeMilliseconds(savedUnixMs).UtcDateTime;
            var lastUse = data.Exists && data.LastWriteTimeUtc > saved ? data.LastWriteTimeUtc : saved;
            _uploads[token] = new PendingUpload(this, token, record, record.IsComplete ? written : offset, lastUse);
        }

        foreach (var path in StoreFiles.Enumerate(_store.Files.Uploads))
        {
            var token = Path.GetFileNameWithoutExtension(path);
            if (_uploads.ContainsKey(token) || strange.Contains(token))
            {
                continue;
            }

            // Of an upload that was just begun, or has just ended, when the process did; anything else nobody here has made.
            if (Path.GetExtension(path) == ".data" && token.Length == 2 * TokenBytes && token.All(char.IsAsciiHexDigitLower))
            {
                _store.Files.Discard(path);
            }
            else
            {
                _store.SetAside(path);
            }
        }

        Tick();
    }

    [LoggerMessage(3050, LogLevel.Warning, "Upload {Token}...: what came last could not be put on the disk")]
    private static partial void Failed(ILogger logger, string token, Exception exception);
}
