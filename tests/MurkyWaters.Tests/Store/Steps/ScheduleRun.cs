using Microsoft.Extensions.Logging.Abstractions;
using MurkyWaters.Store;
using MurkyWaters.Uploading;
using PouringRain.Protocol;

namespace MurkyWaters.Tests.Store.Steps;

/// <summary>Makes a schedule's moves on a store, and tells the model what was answered.</summary>
internal sealed partial class ScheduleRun
{
    private static readonly MoveKind[] AtOnce =
        [MoveKind.Put, MoveKind.Describe, MoveKind.Delete, MoveKind.Evict, MoveKind.Tick, MoveKind.Read];

    private readonly Schedule _schedule;
    private readonly StoreOptions _options;
    private readonly MovedTime _time = new();
    private readonly Upload?[] _uploads = new Upload?[Schedule.SlotCount];
    private readonly Fetched?[] _fetches = new Fetched?[Schedule.SlotCount];
    private readonly Held?[] _held = new Held?[Schedule.SlotCount];
    private ResourceStore _store = null!;
    private PendingUploads _pending = null!;

    public ScheduleRun(Schedule schedule, RecordedDisk disk, string folder)
    {
        _schedule = schedule;
        Disk = disk;
        _options = Options(folder) with { BeforeStep = disk.Step, Disk = disk, Time = _time };
    }

    public RecordedDisk Disk { get; }

    public StoreModel Model { get; } = new();

    /// <summary>Whether leases are given back as soon as they are taken, as a store that forgets them would have it.</summary>
    public bool ForgetsLeases { get; init; }

    /// <summary>Whether a change is answered when it is asked for, as a store that publishes before it commits would have it.</summary>
    public bool AnswersEarly { get; init; }

    /// <summary>Refusals so far.</summary>
    public int Refusals { get; private set; }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static StoreOptions Options(string folder) => StoreFixture.SmallBlocks(folder) with
    {
        InlineBytes = Contents.InlineBytes,
        QuotaBytes = 9000,
        BootId = "boot",
        Space = new DiskSpace(() => 1L << 40, 0),
        SupersededLifetime = TimeSpan.Zero,

        // Uploads that were begun then must not have expired.
        Time = new MovedTime(),
    };

    public static PendingUploads OpenUploads(ResourceStore store) => new(store, 10, TimeSpan.FromHours(1), null, NullLogger.Instance);

    /// <summary>Opens the store and makes the moves; the disk may end them at any step.</summary>
    public async Task RunAsync()
    {
        Open();
        for (var i = 0; i < _schedule.Moves.Length;)
        {
            _time.Ahead += TimeSpan.FromSeconds(1);
            var group = new List<Move> { _schedule.Moves[i] };
            while (_schedule.Moves[i++] is { IsWithNext: true } move && i < _schedule.Moves.Length
                && AtOnce.Contains(move.Kind) && AtOnce.Contains(_schedule.Moves[i].Kind))
            {
                group.Add(_schedule.Moves[i]);
            }

            await (group.Count == 1
                ? DoAsync(group[0], isAlone: true)
                : Task.WhenAll(group.Select(move => Task.Run(() => DoAsync(move, isAlone: false)))));
        }
    }

    /// <summary>Ends what is under way, and compares the running store with the model.</summary>
    public async Task FinishAsync()
    {
        Disk.Heal();
        for (var i = 0; i < 1000 && _store.Files.Health.Trouble is not null; i++)
        {
            // Another thread may be at probing.
            _store.Files.Health.TryRecover();
            await Task.Yield();
        }

        Assert.True(_store.Files.Health.Trouble is null, $"the disk is well, and the store says {_store.Files.Health.Trouble}");
        for (var slot = 0; slot < Schedule.SlotCount; slot++)
        {
            await ReleaseAsync(slot);
            Leave(slot);
        }

        for (var id = 1; id <= Schedule.IdCount; id++)
        {
            await ReadAsync(id, isAlone: true);
        }

        await _store.Checked;
        Maintain(_store, _pending);
        ImageCheck.AssertNothingHeld(_store, _pending.Count);
        ImageCheck.AssertNothingLeftOver(_store, _pending, Model.Copy(), isFresh: Disk.FaultCount == 0);
    }

    /// <summary>Closes the store.</summary>
    public async Task CloseAsync()
    {
        if (_store is not null)
        {
            for (var slot = 0; slot < Schedule.SlotCount; slot++)
            {
                _held[slot]?.Lease?.Dispose();
                if (_held[slot]?.Reader is { } reader)
                {
                    await reader.DisposeAsync();
                }

                _held[slot] = null;
                _fetches[slot]?.Lease.Dispose();
                _fetches[slot] = null;
            }

            await _pending.DisposeAsync();
            _store.Dispose();
        }
    }

    /// <summary>What goes on by itself, in a while.</summary>
    public static void Maintain(ResourceStore store, PendingUploads pending)
    {
        store.Tick();
        pending.Tick();
        store.Tick();
        store.Settling.GetAwaiter().GetResult();
    }

    private void Open()
    {
        // A step that fails makes the program say so and end; whoever looks after it starts it again.
        for (var i = 0; ; i++)
        {
            try
            {
                _store = ResourceStore.Open(_options, NullLogger.Instance);
                break;
            }
            catch (IOException) when (i < 3)
            {
                Refusals++;
                if (i == 2)
                {
                    // And looks at the disk.
                    Disk.Heal();
                }
            }
        }

        _pending = OpenUploads(_store);
    }

    private async Task DoAsync(Move move, bool isAlone)
    {
        try
        {
            await (move.Kind switch
            {
                MoveKind.Put => PutAsync(move.Slot == 0 ? move.Id : FindHeld() ?? move.Id, move.Content, $"text/{move.Slot}"),
                MoveKind.Describe => PutAsync(
                    move.Id, Model.Allowed(move.Id) is [.., { } value] ? value.Content : move.Content, $"text/d{move.Content}"),
                MoveKind.Delete => DeleteAsync(FindHeld() ?? FindThere(move.Id)),
                MoveKind.Append => AppendAsync(move),
                MoveKind.Commit => CommitAsync(move.Slot),
                MoveKind.Cancel => CancelAsync(move.Slot),
                MoveKind.Fetch => FetchAsync(move, isWhole: false),
                MoveKind.Seal => SealAsync(move),
                MoveKind.Leave => Done(() => Leave(move.Slot)),
                MoveKind.Hold => HoldAsync(move),
                MoveKind.Release => ReleaseAsync(move.Slot),
                MoveKind.Evict => Done(Evict),
                MoveKind.Keep => KeepAsync(move.Id),
                MoveKind.Mend => MendAsync(move),
                MoveKind.Tick => Done(() => Maintain(_store, _pending)),
                MoveKind.Restart => RestartAsync(),
                MoveKind.Read => ReadAsync(move.Id, isAlone),
                _ => throw new InvalidOperationException(),
            });
        }
        catch (StoreException)
        {
            // Whoever asked was told. The disk is well again in a moment, or never.
            Refusals++;
            _store.Files.Health.TryRecover();
        }
    }

    /// <summary>One that somebody reads: what is done to others is done to nobody.</summary>
    private int? FindHeld() => _held.FirstOrDefault(held => held is not null)?.Id;

    /// <summary>The resource, or the next that is there: there is no deleting others.</summary>
    private int FindThere(int id) => Enumerable.Range(0, Schedule.IdCount).Select(i => 1 + ((id + i - 1) % Schedule.IdCount))
        .FirstOrDefault(one => Model.Allowed(one) is not [null], id);

    private static Task Done(Action action)
    {
        action();
        return Task.CompletedTask;
    }

    /// <summary>Has a change made, and tells the model how it ended.</summary>
    private async Task ChangeAsync(int id, Value? value, Func<Task<bool>> change)
    {
        var write = Model.Begin(id, value);
        if (AnswersEarly)
        {
            Model.Answer(write);
        }

        try
        {
            if (await change())
            {
                Model.Answer(write);
            }
            else
            {
                Model.Withdraw(write);
            }
        }
        catch
        {
            Model.Refuse(write);
            throw;
        }
    }

    private Task PutAsync(int id, int content, string type) => ChangeAsync(id, new Value(content, type, Retention.Kept), async () =>
    {
        await using var upload = new StoreUpload(_store, new UploadOptions { Id = IdOf(id), ContentType = type }, _options);
        var bytes = Contents.Of(content);
        for (var offset = 0; offset < bytes.Length; offset += 777)
        {
            await upload.WriteAsync(bytes.AsMemory(offset, Math.Min(777, bytes.Length - offset)), Token);
        }

        var result = await upload.CommitAsync(Token);
        AssertStored(result);
        return true;
    });

    private Task DeleteAsync(int id) => ChangeAsync(id, null, async () =>
    {
        using var gate = await _store.EnterAsync(IdOf(id), Token);
        if (_store.FindEntry(IdOf(id)) is not { IsTombstone: false } entry)
        {
            return false;
        }

        _store.CommitTombstone(IdOf(id), Manifest.CreateTombstone("lt", _store.NextStamp(entry.Resource.Manifest)));
        return true;
    });

    private void Evict()
    {
        // Any that is cached may go, and so may any fetch that nobody is at.
        var writes = Enumerable.Range(1, Schedule.IdCount)
            .Where(id => Model.Allowed(id).Any(value => value is { Retention: Retention.Cached }))
            .Select(id => Model.Begin(id, null)).ToList();
        var faults = Disk.FaultCount;
        Model.NoteEvicting();
        _store.TryMakeRoom(_options.QuotaBytes, countsForQuota: true);
        foreach (var write in writes)
        {
            if (Disk.FaultCount > faults)
            {
                Model.Refuse(write);
            }
            else if (_store.FindEntry(IdOf(write.Id)) is null)
            {
                Model.Answer(write);
            }
            else
            {
                Model.Withdraw(write);
            }
        }
    }

    private async Task KeepAsync(int id)
    {
        if (_store.FindEntry(IdOf(id)) is { IsTombstone: false, Resource.Retention: Retention.Cached }
            && Model.Allowed(id) is [.., { } value])
        {
            await ChangeAsync(id, value with { Retention = Retention.Kept }, async () =>
            {
                using var gate = await _store.EnterAsync(IdOf(id), Token);
                _store.ChangeRetention(_store.FindEntry(IdOf(id))!, Retention.Kept);
                return true;
            });
        }
    }

    private async Task ReadAsync(int id, bool isAlone)
    {
        var allowed = Model.Allowed(id);
        var value = await ImageCheck.FindAsync(_store, id);
        allowed = [.. allowed, .. Model.Allowed(id)];
        Assert.True(
            allowed.Contains(value) || (value is null && Model.Copy().Rotten.Contains(id)),
            $"{id} is {value?.ToString() ?? "not there"}, and may be {string.Join(" or ", allowed)}");
        if (isAlone)
        {
            Model.See(id, value);
        }
    }

    private async Task RestartAsync()
    {
        await CloseAsync();
        Open();
        foreach (var (upload, slot) in _uploads.Select((upload, slot) => (upload, slot)).Where(pair => pair.upload is not null).ToList())
        {
            _uploads[slot] = _pending.Find(upload!.State.Token) is { } pending ? upload with { Pending = pending } : null;
        }
    }

    private static void AssertStored(UploadResult result) =>
        Assert.True(result.Outcome is UploadOutcome.Created or UploadOutcome.Replaced or UploadOutcome.Unchanged, $"{result.Outcome}");

    private static ResourceId IdOf(int id) => new((ulong)id);

    private sealed class MovedTime : TimeProvider
    {
        public TimeSpan Ahead { get; set; }

        public override DateTimeOffset GetUtcNow() => new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero) + Ahead;
    }
}
