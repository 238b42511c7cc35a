using MurkyWaters.Store;
using PouringRain.Protocol;

namespace MurkyWaters.Tests.Store;

/// <summary>All bodies are read in time and no faster, and what has rotted is found; all of it in virtual time.</summary>
public sealed class ScrubTests : IDisposable
{
    private const int Count = 60, LargeBytes = 3500, SmallBytes = 900;

    private readonly TemporaryFolder _folder = new();
    private readonly JumpingTime _time = new();

    private StoreOptions Options => StoreFixture.SmallBlocks(_folder.FullPath) with
    {
        InlineBytes = 1000,
        Time = _time,
        ScrubPeriod = TimeSpan.FromDays(30),
    };

    public void Dispose()
    {
        _folder.Dispose();
        _time.Dispose();
    }

    [Fact]
    public async Task Every_body_is_read_once_in_half_of_the_period_and_again_in_the_next()
    {
        using var store = new StoreFixture(Options);
        await FillAsync(store);
        var scrub = store.Store.Scrub;
        Assert.Equal("waiting", scrub.State);
        scrub.Start();
        var begun = new List<DateTimeOffset>();
        for (var pass = 1; pass <= 3; pass++)
        {
            var before = scrub.Progress.EndedUnixMs;
            await _time.JumpUntilAsync(() => scrub.Progress.EndedUnixMs > before);
            var progress = scrub.Progress;
            Assert.Equal((Count, pass * store.Store.Catalog.Bytes), (progress.CheckedCount, scrub.ReadBytes));
            Assert.Equal((store.Store.Catalog.Bytes, 0L), (progress.CheckedBytes, progress.DamagedCount));
            Assert.Equal("waiting", scrub.State);
            begun.Add(DateTimeOffset.FromUnixTimeMilliseconds(progress.StartedUnixMs));
        }

        Assert.InRange(begun[1] - begun[0], TimeSpan.FromDays(14.9), TimeSpan.FromDays(15.1));
        Assert.InRange(begun[2] - begun[1], TimeSpan.FromDays(14.9), TimeSpan.FromDays(15.1));
        await AssertAllThereAsync(store, []);
    }

    [Fact]
    public async Task What_has_rotted_is_set_aside_and_asked_for_again()
    {
        using (var store = new StoreFixture(Options))
        {
            await FillAsync(store);
        }

        var row = BytesOf(4);
        row[^1] ^= 1;
        StoreFixture.Change(Options, "UPDATE resources SET body = $1 WHERE id = 4", row);
        using var again = new StoreFixture(Options);
        string PathOf(ulong id) => again.Store.FindEntry(new ResourceId(id))!.Blob!.FilePath!;
        await FlipAsync(PathOf(1), LargeBytes - 1);
        SetLength(PathOf(3), LargeBytes - 1);
        File.Delete(PathOf(5));
        await FlipAsync(PathOf(7), 0);

        // Of a cached copy it is the same, but that nobody asks for it again.
        again.Store.ChangeRetention(again.Store.FindEntry(new ResourceId(7))!, Retention.Cached);
        again.Store.Scrub.Start();
        again.Store.Scrub.StartPass();
        await _time.JumpUntilAsync(() => again.Store.Scrub.State == "waiting");
        Assert.Equal((Count, 5), (again.Store.Scrub.Progress.CheckedCount, again.Store.Scrub.Progress.DamagedCount));
        Assert.Equal(5, again.Store.Scrub.DamagedCount);
        Assert.Equal(5, again.Store.QuarantinedCount);

        // Five manifests, three files and a body.
        Assert.Equal(9, again.Store.Files.Aside.Count);
        var quarantine = new DirectoryInfo(again.Store.Files.Quarantine);
        Assert.Equal(again.Store.Files.Aside.Bytes, quarantine.EnumerateFiles().Sum(file => file.Length));
        Assert.Equal([1ul, 3ul, 4ul, 5ul], again.Store.TakeLost(100).Select(id => id.Value).Order());
        await AssertAllThereAsync(again, [1, 3, 4, 5, 7]);
    }

    [Fact]
    public async Task Another_process_goes_on_where_the_one_before_was()
    {
        var options = Options with { ScrubBytesPerSecondMax = 2000 };
        var read = 0L;
        var processes = 0;
        for (var isDone = false; !isDone; processes++)
        {
            using var store = new StoreFixture(options);
            if (processes == 0)
            {
                await FillAsync(store);
            }

            store.Store.Scrub.Start();
            var until = _time.GetUtcNow() + TimeSpan.FromMinutes(2);
            await _time.JumpUntilAsync(() => store.Store.Scrub.Progress.EndedUnixMs > 0 || _time.GetUtcNow() > until);
            isDone = store.Store.Scrub.Progress.EndedUnixMs > 0;

            // All of it again but for what was read of the file that it was at.
            read += store.Store.Scrub.ReadBytes;
            Assert.Equal(store.Store.Scrub.Progress.CheckedBytes, read);
            if (isDone)
            {
                Assert.Equal((Count, store.Store.Catalog.Bytes), (store.Store.Scrub.Progress.CheckedCount, read));
            }
        }

        Assert.InRange(processes, 3, 20);
    }

    [Theory]
    [InlineData(1000)]
    [InlineData(100_000)]
    public async Task No_more_is_read_a_second_than_may_be(long rate)
    {
        using var store = new StoreFixture(Options with { ScrubPeriod = TimeSpan.Zero, ScrubBytesPerSecondMax = rate });
        await FillAsync(store);
        Assert.Equal("off", store.Store.Scrub.State);
        store.Store.Scrub.Start();
        store.Store.Scrub.StartPass();
        Assert.Equal("running", store.Store.Scrub.State);
        var started = _time.GetUtcNow();
        var highest = 0L;
        await _time.JumpUntilAsync(() =>
        {
            var seconds = (_time.GetUtcNow() - started).TotalSeconds + 0.11;

            // A run of blocks is read at once.
            Assert.InRange(store.Store.Scrub.ReadBytes, 0, (rate * seconds) + LargeBytes);
            highest = Math.Max(highest, store.Store.Scrub.Pace.BytesPerSecond);
            return store.Store.Scrub.State == "off";
        });
        Assert.Equal(store.Store.Catalog.Bytes, store.Store.Scrub.Progress.CheckedBytes);
        Assert.InRange(highest, 1, (2 * rate) + LargeBytes);
        Assert.Equal(0, store.Store.Scrub.Pace.BytesPerSecond);
    }

    [Fact]
    public async Task What_is_replaced_deleted_or_evicted_meanwhile_is_no_damage()
    {
        using var store = new StoreFixture(Options with { ScrubBytesPerSecondMax = 5000 });
        await FillAsync(store);
        store.Store.Scrub.Start();
        var step = 0ul;
        await _time.JumpUntilAsync(() =>
        {
            // While it waits, which it does between the blocks of a file.
            var id = 1 + (step++ % Count);
            if (step > Count)
            {
                return store.Store.Scrub.Progress.EndedUnixMs > 0;
            }

            switch (step % 3)
            {
                case 0:
                    store.DeleteAsync(id).GetAwaiter().GetResult();
                    break;
                case 1:
                    store.PutAsync(id, BytesOf(id + 100)).GetAwaiter().GetResult();
                    break;
                default:
                    store.PutAsync(id, BytesOf(id)).GetAwaiter().GetResult();
                    break;
            }

            return false;
        });
        Assert.Equal((0, 0), (store.Store.Scrub.DamagedCount, store.Store.QuarantinedCount));
        Assert.Equal(Count * 2 / 3, store.Ids().Count);
        Assert.Equal(store.Store.List(new ResourceQuery { Limit = 1000 }).Items.Sum(item => item.Length), store.Store.Catalog.Bytes);
        Assert.Equal(Count / 3, store.Store.Catalog.KnownTombstones);
        Assert.Equal(store.Store.Catalog.TombstoneCount, store.Store.Catalog.KnownTombstones);
    }

    private static byte[] BytesOf(ulong id) => Bytes.Random(id % 2 == 1 ? LargeBytes : SmallBytes, (int)id);

    private static async Task FillAsync(StoreFixture store)
    {
        for (var id = 1ul; id <= Count; id++)
        {
            await store.PutAsync(id, BytesOf(id));
        }
    }

    private static async Task AssertAllThereAsync(StoreFixture store, ulong[] missing)
    {
        for (var id = 1ul; id <= Count; id++)
        {
            Assert.Equal(missing.Contains(id) ? null : BytesOf(id), await store.ReadAsync(id));
        }
    }

    private static async Task FlipAsync(string path, int at)
    {
        var bytes = await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken);
        bytes[at] ^= 1;
        await File.WriteAllBytesAsync(path, bytes, TestContext.Current.CancellationToken);
    }

    private static void SetLength(string path, long length)
    {
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Write);
        RandomAccess.SetLength(file, length);
    }
}
