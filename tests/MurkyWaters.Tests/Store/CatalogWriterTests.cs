using MurkyWaters.Store.Catalog;
using PouringRain.Protocol;

namespace MurkyWaters.Tests.Store;

/// <summary>Many changes in one transaction, and what becomes of the others when one fails.</summary>
public sealed class CatalogWriterTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Many_that_come_at_once_share_a_transaction()
    {
        using var store = Open();
        var before = store.Store.Catalog.Figures;
        await Task.WhenAll(Enumerable.Range(1, 200).Select(i => Task.Run(() => store.PutAsync((ulong)i, Bytes.Random(100, i)))));
        var after = store.Store.Catalog.Figures;
        Assert.Equal(200, after.Changes - before.Changes);
        Assert.InRange(after.Transactions - before.Transactions, 1, 150);
        Assert.Equal(200, store.Store.Count);
    }

    /// <summary>One of them cannot be written at all: it alone fails.</summary>
    [Fact]
    public async Task One_that_fails_takes_no_other_with_it()
    {
        using var store = Open();
        var results = await Task.WhenAll(Enumerable.Range(1, 60).Select(async i =>
        {
            try
            {
                var change = i % 20 == 0
                    ? new RetentionChange(new ResourceId((ulong)i), "neither")
                    : (ResourceChange)new ForgetChange(new ResourceId((ulong)(1000 + i)));
                if (i % 20 == 0)
                {
                    await store.PutAsync((ulong)i, Bytes.Random(100, i));
                }

                await store.Store.Catalog.ChangeAsync(change);
                return true;
            }
            catch (Microsoft.Data.Sqlite.SqliteException)
            {
                return false;
            }
        }));
        Assert.Equal(3, results.Count(isDone => !isDone));
        Assert.Equal([20ul, 40ul, 60ul], store.Ids());
        Assert.Equal(Bytes.Random(100, 20), await store.ReadAsync(20));
    }

    /// <summary>Transactions fail at random steps while many write: what was answered is there, also in a new process, and what was refused
    /// is the old version or the new one.</summary>
    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, 0)]
    [InlineData(3, 5000)]
    [InlineData(4, 5000)]
    public async Task Nothing_that_was_answered_is_lost_whichever_steps_fail(int seed, int inlineBytes)
    {
        var random = new Random(seed);
        var isFailing = true;
        var options = StoreFixture.SmallBlocks(_folder.FullPath) with
        {
            InlineBytes = inlineBytes,
            BeforeStep = step =>
            {
                lock (random)
                {
                    if (isFailing && step != "probe" && random.Next(12) == 0)
                    {
                        throw new IOException(step, random.Next(3) switch { 0 => 28, 1 => 24, _ => 5 });
                    }
                }
            },
        };
        isFailing = false;
        var answered = new Dictionary<ulong, int>();
        var refused = new Dictionary<ulong, HashSet<int>>();
        var refusals = 0;
        using (var store = new StoreFixture(options))
        {
            isFailing = true;
            await Task.WhenAll(Enumerable.Range(0, 8).Select(worker => Task.Run(async () =>
            {
                for (var round = 0; round < 40; round++)
                {
                    // Each writes to ids of its own, so that it knows what comes after what.
                    var id = (ulong)(worker * 10) + (ulong)(round % 4);
                    var version = (worker * 1000) + round;
                    try
                    {
                        await store.PutAsync(id, Bytes.Random(1 + (version % 2500), version));
                        lock (answered)
                        {
                            answered[id] = version;
                            refused.Remove(id);
                        }
                    }
                    catch (StoreException)
                    {
                        lock (answered)
                        {
                            refusals++;
                            (refused.TryGetValue(id, out var set) ? set : refused[id] = []).Add(version);
                        }

                        // Another worker may be probing.
                        while (store.Store.Files.Health.Trouble is not null)
                        {
                            store.Store.Files.Health.TryRecover();
                            await Task.Yield();
                        }
                    }
                }
            })));
            isFailing = false;
            Assert.True(answered.Count > 5 && refusals > 3);
            await CheckAsync(store, answered, refused);
        }

        using var again = new StoreFixture(options);
        await CheckAsync(again, answered, refused);
    }

    private static async Task CheckAsync(StoreFixture store, Dictionary<ulong, int> answered, Dictionary<ulong, HashSet<int>> refused)
    {
        // Manifests are flushed behind everybody's back: that may have failed last of all, and then the store first finds the disk well.
        while (store.Store.Files.Health.Trouble is not null)
        {
            store.Store.Files.Health.TryRecover();
            await Task.Yield();
        }

        // What the disk did not let go then goes now.
        store.Store.Tick();
        foreach (var id in answered.Keys.Union(refused.Keys))
        {
            var found = await store.ReadAsync(id);
            var versions = refused.GetValueOrDefault(id, []).Select(version => (int?)version);
            versions = versions.Append(answered.TryGetValue(id, out var last) ? last : null);
            Assert.Contains(
                versions, version => version is { } number
                ? found is not null && found.AsSpan().SequenceEqual(Bytes.Random(1 + (number % 2500), number))
                : found is null);
        }

        store.AssertNothingLeftOver();
    }

    private StoreFixture Open() => new(StoreFixture.SmallBlocks(_folder.FullPath) with { InlineBytes = 1000 });
}
