using Microsoft.Extensions.Logging;
using MurkyWaters.Store.Catalog;
using PouringRain.Protocol;

namespace MurkyWaters.Store;

/// <summary>
/// Reads every body within <see cref="StoreOptions.ScrubPeriod"/> and compares its blocks with their digests. A pass begins every half
/// of that time and takes half of it at the most, as long as <see cref="StoreOptions.ScrubBytesPerSecondMax"/> allows, so that whatever the
/// order no body waits longer than the whole. How far it has come is kept in the catalog. Nothing is locked or kept from going while it
/// is read: what is found wrong is looked at again under the resource's gate, and set aside as by any other who finds it.
/// Thread-safe.
/// </summary>
internal sealed partial class Scrub : IDisposable
{
    /// <summary>Resources looked up at once.</summary>
    private const int PageSize = 256;

    /// <summary>What a resource costs beside its bytes: a place in the catalog, a file to be opened.</summary>
    private const int CostOfOne = 4096;

    /// <summary>What is read of a file before others have their turn; a block at the least.</summary>
    private const int RunBytes = 1024 * 1024;

    /// <summary>A pass of a small store need not take days.</summary>
    private const long RateMin = 1024 * 1024;

    /// <summary>After a start others have more to do.</summary>
    private static readonly TimeSpan StartDelay = TimeSpan.FromMinutes(1);

    /// <summary>Until what could not be read is tried again.</summary>
    private static readonly TimeSpan RetryDelay = TimeSpan.FromMinutes(1);

    /// <summary>From one note of how far it has come to the next: as much is read again after a crash.</summary>
    private static readonly TimeSpan SaveInterval = TimeSpan.FromSeconds(30);

    /// <summary>Shorter waits are added up.</summary>
    private static readonly TimeSpan PauseMin = TimeSpan.FromMilliseconds(100);

    private static readonly TimeSpan PauseMax = TimeSpan.FromDays(1);

    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly ResourceStore _store;
    private readonly StoreOptions _options;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private ScrubProgress _progress = new();
    private ScrubProgress _saved = new();
    private TaskCompletionSource _requested = new();
    private Task _work = Task.CompletedTask;
    private bool _isHurried;
    private bool _isHeldUp;
    private bool _isDisposed;
    private long _savedAt;
    private TimeSpan _owed;
    private long _readBytes;
    private long _damagedCount;

    /// <summary>Makes it; nothing is read before <see cref="Start"/>.</summary>
    public Scrub(ResourceStore store, ILogger logger)
    {
        (_store, _options, _logger, _time) = (store, store.Options, logger, store.Options.Time);
        Pace = new ReadingPace(_time);
    }

    /// <summary>Bytes read since the start of the process.</summary>
    public long ReadBytes => Interlocked.Read(ref _readBytes);

    /// <summary>Bodies that were found wrong since then.</summary>
    public long DamagedCount => Interlocked.Read(ref _damagedCount);

    /// <summary>How far it is.</summary>
    public ScrubProgress Progress
    {
        get
        {
            lock (_gate)
            {
                return _progress;
            }
        }
    }

    /// <summary>How fast it reads.</summary>
    public ReadingPace Pace { get; }

    /// <summary>What it does, in a word.</summary>
    public string State
    {
        get
        {
            lock (_gate)
            {
                return _progress.IsRunning && _isHeldUp ? "paused"
                    : IsToRun ? "running"
                    : _options.ScrubPeriod > TimeSpan.Zero ? "waiting"
                    : "off";
            }
        }
    }

    /// <summary>One that was under way when a process ended is gone on with, unless there are to be none.</summary>
    private bool IsToRun => _progress.IsRunning && (_isHurried || _options.ScrubPeriod > TimeSpan.Zero);

    /// <summary>Begins, in the background.</summary>
    /// <exception cref="StoreException">The catalog cannot be read.</exception>
    public void Start()
    {
        _progress = _saved = _store.Catalog.ReadScrub();
        _work = Task.Run(RunAsync);
    }

    /// <summary>Begins a pass now, or lets the one that is under way go as fast as it may.</summary>
    public void StartPass()
    {
        TaskCompletionSource requested;
        lock (_gate)
        {
            if (!IsToRun)
            {
                _progress = BeginningAt(_time.GetUtcNow());
            }

            _isHurried = true;
            (requested, _requested) = (_requested, new TaskCompletionSource());
        }

        requested.SetResult();
    }

    /// <summary>Ends, and keeps how far it has come.</summary>
    public void Dispose()
    {
        if (!_isDisposed)
        {
            _isDisposed = true;
            _stopping.Cancel();
            _work.GetAwaiter().GetResult();
            _stopping.Dispose();
        }
    }

    private async Task RunAsync()
    {
        var delay = StartDelay;
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                await WaitAsync(delay);
                delay = TimeSpan.Zero;
                await WaitForNextPassAsync();
                await PassAsync();
            }
            catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
            {
                break;
            }
            catch (Exception error)
            {
                // A disk or a catalog that cannot be read now may be later.
                ScrubFailed(_logger, error, RetryDelay.TotalSeconds);
                delay = RetryDelay;
            }
        }

        try
        {
            await SaveAsync();
        }
        catch (StoreException error)
        {
            ScrubNotSaved(_logger, error);
        }
    }

    private async Task WaitForNextPassAsync()
    {
        while (true)
        {
            TimeSpan wait;
            lock (_gate)
            {
                if (IsToRun)
                {
                    return;
                }

                var now = _time.GetUtcNow();
                wait = _options.ScrubPeriod > TimeSpan.Zero
                    ? DateTimeOffset.FromUnixTimeMilliseconds(_progress.StartedUnixMs) + (_options.ScrubPeriod / 2) - now
                    : TimeSpan.MaxValue;
                if (wait <= TimeSpan.Zero)
                {
                    _progress = BeginningAt(now);
                    return;
                }
            }

            await WaitAsync(wait);
        }
    }

    private ScrubProgress BeginningAt(DateTimeOffset now) =>
        new() { IsRunning = true, StartedUnixMs = now.ToUnixTimeMilliseconds(), EndedUnixMs = _progress.EndedUnixMs };

    private async Task PassAsync()
    {
        if (!Progress.IsDrawn)
        {
            var (first, last) = _store.Catalog.FindEnds() ?? (0, 0);
            var key = last == long.MaxValue ? first : Random.Shared.NextInt64(first, last + 1);
            Update(progress => progress with { IsDrawn = true, FirstKey = key, NextKey = key });
            ScrubBegins(_logger, _options.Path, _store.Count, _store.Catalog.Bytes);
            WarnIfTooSlow();
        }

        Pace.Begin();
        while (true)
        {
            var begun = Progress;
            var page = _store.Catalog.FindFrom(begun.NextKey, PageSize);
            foreach (var id in page)
            {
                if (begun.IsWrapped && CatalogChange.KeyOf(id) >= begun.FirstKey)
                {
                    await EndAsync();
                    return;
                }

                await CheckAsync(id);
            }

            if (page.Count == PageSize && CatalogChange.KeyOf(page[^1]) < long.MaxValue)
            {
                continue;
            }

            if (begun.IsWrapped)
            {
                await EndAsync();
                return;
            }

            Update(now => now with { IsWrapped = true, NextKey = long.MinValue });
        }
    }

    private async Task EndAsync()
    {
        Update(progress => progress with { IsRunning = false, EndedUnixMs = _time.GetUtcNow().ToUnixTimeMilliseconds() });
        lock (_gate)
        {
            _isHurried = false;
        }

        Pace.End();
        var ended = Progress;
        ScrubEnds(_logger, _options.Path, ended.CheckedCount, ended.CheckedBytes, ended.DamagedCount);
        await SaveAsync();
    }

    /// <summary>Reads the body of a resource, if it is still there.</summary>
    private async Task CheckAsync(ResourceId id)
    {
        await WaitForDiskAsync();
        var key = CatalogChange.KeyOf(id);
        var cost = (long)CostOfOne;
        var found = _store.Catalog.Find(id);
        if (found.Strange is { } strange)
        {
            NoteDamaged();
            ScrubFoundStrange(_logger, id);
            _store.SetAside(strange);
        }
        else if (found.Row is { Blob: null } small)
        {
            NoteRead(small.Manifest.Layout.Length);
            cost += small.Manifest.Layout.Length;
        }
        else if (found.Row is { } large)
        {
            await CheckFileAsync(large);
        }

        Update(progress => progress with
        {
            // Behind the last id there is none, and the page was the last.
            NextKey = key == long.MaxValue ? key : key + 1,
            Block = 0,
            VersionTag = 0,
            CheckedCount = progress.CheckedCount + (found.Row is null && found.Strange is null ? 0 : 1),
        });
        await SaveNowAndThenAsync();
        await PauseAsync(cost);
    }

    private async Task CheckFileAsync(CatalogRow row)
    {
        var manifest = row.Manifest;
        var (layout, tag) = (manifest.Layout, unchecked((long)manifest.Version.Tag));
        var blob = _store.Blobs.At(row.Blob!.Value, layout.Length);
        if (!blob.IsWhole())
        {
            await SetAsideAsync(row.Id, blob, null);
            return;
        }

        var begun = Progress;
        var block = begun.VersionTag == tag ? (int)Math.Min(begun.Block, layout.BlockCount) : 0;
        while (block < layout.BlockCount)
        {
            await WaitForDiskAsync();
            var first = block;
            var finding = CompareRun(manifest, blob.FilePath!, ref block);
            var bytes = (block < layout.BlockCount ? layout.OffsetOf(block) : layout.Length) - layout.OffsetOf(first);
            NoteRead(bytes);
            if (finding == BlockChecks.Finding.Bad)
            {
                await SetAsideAsync(row.Id, blob, block);
                return;
            }

            var next = block;
            Update(progress => progress with { NextKey = CatalogChange.KeyOf(row.Id), Block = next, VersionTag = tag });
            await SaveNowAndThenAsync();
            await PauseAsync(bytes);
            if (finding == BlockChecks.Finding.Unknown)
            {
                // Too many open files, say.
                await WaitAsync(RetryDelay);
            }
        }

        // Of a store that has none, or whose machine had no time for them.
        if (!_store.Manifests.IsRight(new StoredResource(row.Id, manifest, row.Retention), blob.Digest))
        {
            await _store.SettleManifestAsync(row.Id, blob.Digest);
        }
    }

    /// <summary>Compares some blocks, and leaves <paramref name="block"/> at the first that was not good, or behind the last.</summary>
    private static BlockChecks.Finding CompareRun(Manifest manifest, string path, ref int block)
    {
        var layout = manifest.Layout;
        try
        {
            using var file = StoreFiles.OpenToRead(path);
            for (var bytes = 0; bytes < RunBytes && block < layout.BlockCount; block++)
            {
                // What is in memory says nothing of the disk.
                DurableFlush.DropCached(file, layout.OffsetOf(block), layout.BytesOf(block));
                var finding = BlockChecks.Compare(manifest, block, file);
                DurableFlush.DropCached(file, layout.OffsetOf(block), layout.BytesOf(block));
                if (finding != BlockChecks.Finding.Good)
                {
                    return finding;
                }

                bytes += layout.BytesOf(block);
            }

            return BlockChecks.Finding.Good;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return BlockChecks.FindingOf(error);
        }
    }

    private async Task SetAsideAsync(ResourceId id, Blob blob, int? block)
    {
        if (await _store.TrySetAsideAsync(id, blob, block) != SettingAside.Needless)
        {
            NoteDamaged();
            ScrubFoundDamage(
                _logger, id,
                block is null ? "its file is not there or not of its length" : $"its block {block} is not what it should be");
        }
    }

    private void NoteDamaged()
    {
        Interlocked.Increment(ref _damagedCount);
        Update(progress => progress with { DamagedCount = progress.DamagedCount + 1 });
    }

    private void Update(Func<ScrubProgress, ScrubProgress> change)
    {
        lock (_gate)
        {
            _progress = change(_progress);
        }
    }

    private Task SaveNowAndThenAsync() => _time.GetElapsedTime(_savedAt) >= SaveInterval ? SaveAsync() : Task.CompletedTask;

    private async Task SaveAsync()
    {
        _savedAt = _time.GetTimestamp();
        var progress = Progress;
        if (progress != _saved)
        {
            await _store.Catalog.NoteScrubAsync(progress);
            _saved = progress;
        }
    }
}
