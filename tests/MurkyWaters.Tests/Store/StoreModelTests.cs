using MurkyWaters.Store;
using PouringRain.Protocol;

namespace MurkyWaters.Tests.Store;

/// <summary>Random operations against a dictionary, with restarts and with crashes between any two steps on disk.</summary>
public class StoreModelTests
{
    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, 0)]
    [InlineData(3, 1000)]
    [InlineData(4, 65536)]
    public async Task BehavesAsADictionaryThroughRestarts(int seed, int inlineBytes)
    {
        using var folder = new TemporaryFolder();
        var random = new Random(seed);
        var model = new Dictionary<ulong, byte[]>();
        var store = new StoreFixture(StoreFixture.SmallBlocks(folder.FullPath) with { InlineBytes = inlineBytes });
        for (var step = 0; step < 150; step++)
        {
            var id = (ulong)random.Next(8);
            switch (random.Next(10))
            {
                case < 5:
                    // Few sizes and few seeds, so that contents repeat under one id and under several.
                    var bytes = Bytes.Random(new[] { 0, 1, 999, 1000, 1001, 2500 }[random.Next(6)], random.Next(3));
                    var result = await store.PutAsync(id, bytes, chunk: random.Next(1, 1500));
                    var expected = !model.TryGetValue(id, out var old) ? UploadOutcome.Created
                        : old.AsSpan().SequenceEqual(bytes) ? UploadOutcome.Unchanged
                        : UploadOutcome.Replaced;
                    Assert.Equal(expected, result.Outcome);
                    model[id] = bytes;
                    break;
                case 5:
                    Assert.Equal(model.Remove(id), await store.DeleteAsync(id));
                    break;
                case 6:
                    store.Dispose();
                    store = new StoreFixture(store.Options);
                    store.AssertNothingLeftOver();
                    break;
                default:
                    Assert.Equal(model.GetValueOrDefault(id), await store.ReadAsync(id));
                    break;
            }
        }

        Assert.Equal(model.Keys.Order(), store.Ids());
        store.Dispose();
    }

    /// <summary>Every operation is stopped before its 1st, 2nd, 3rd… step on disk, until it gets through; after each stop the store is
    /// opened again and must hold the old version or the new one.</summary>
    [Theory]
    [InlineData("create", 0)]
    [InlineData("replace", 0)]
    [InlineData("delete", 0)]
    [InlineData("same bytes under two ids", 0)]
    [InlineData("create", 4096)]
    [InlineData("replace", 4096)]
    [InlineData("delete", 4096)]
    [InlineData("same bytes under two ids", 4096)]
    public async Task ACrashLeavesTheOldVersionOrTheNewOne(string operation, int inlineBytes)
    {
        var before = Bytes.Random(2500, 1);
        var after = operation == "delete" ? null : Bytes.Random(3001, 2);
        var sawOld = false;
        for (var crashAt = 1; ; crashAt++)
        {
            using var folder = new TemporaryFolder();
            using (var store = new StoreFixture(StoreFixture.SmallBlocks(folder.FullPath) with { InlineBytes = inlineBytes }))
            {
                await store.PutAsync(7, Bytes.Random(10, 3));
                if (operation is "replace" or "delete")
                {
                    await store.PutAsync(1, before);
                }
                else if (operation.StartsWith("same", StringComparison.Ordinal))
                {
                    await store.PutAsync(2, after!);
                }
            }

            var expectedOld = operation is "replace" or "delete" ? before : null;
            var steps = int.MinValue;
            var crashed = false;
            using (var store = new StoreFixture(StoreFixture.SmallBlocks(folder.FullPath) with
            {
                InlineBytes = inlineBytes,
                BeforeStep = _ =>
                {
                    if (++steps >= crashAt)
                    {
                        throw new CrashException();
                    }
                },
            }))
            {
                steps = 0;
                try
                {
                    _ = after is null ? (object)await store.DeleteAsync(1) : await store.PutAsync(1, after);
                }
                catch (CrashException)
                {
                    crashed = true;
                }
            }

            using (var store = new StoreFixture(StoreFixture.SmallBlocks(folder.FullPath) with { InlineBytes = inlineBytes }))
            {
                var found = await store.ReadAsync(1);
                var isNew = found is null ? after is null : after is not null && found.AsSpan().SequenceEqual(after);
                var isOld = found is null ? expectedOld is null : expectedOld is not null && found.AsSpan().SequenceEqual(expectedOld);
                Assert.True(isNew || isOld, $"Neither old nor new after a crash before step {crashAt}.");
                Assert.Equal(Bytes.Random(10, 3), await store.ReadAsync(7));
                store.AssertNothingLeftOver();
                sawOld |= isOld;
                if (!crashed)
                {
                    Assert.True(isNew);
                    Assert.True(
                        sawOld && crashAt > (inlineBytes == 0 || operation == "delete" ? 2 : 1),
                        "The crashes came too late to show anything.");
                    return;
                }
            }
        }
    }

    /// <summary>The bytes of a fetch have become a blob, and its row is not written yet: the next process goes on with them.</summary>
    [Fact]
    public async Task WhatWasFetchedWholeIsThereWhereverTheProcessStops()
    {
        var bytes = Bytes.Random(3500, 1);
        var isKept = false;
        for (var crashAt = 1; !isKept; crashAt++)
        {
            using var folder = new TemporaryFolder();
            var options = StoreFixture.SmallBlocks(folder.FullPath) with { BootId = "boot" };
            Manifest manifest;
            using (var other = new StoreFixture(StoreFixture.SmallBlocks(Path.Combine(folder.FullPath, "other"))))
            {
                manifest = (await other.PutAsync(1, bytes)).Resource!.Manifest;
            }

            var steps = int.MinValue;
            using (var store = new StoreFixture(options with
            {
                BeforeStep = _ =>
                {
                    if (++steps >= crashAt)
                    {
                        throw new CrashException();
                    }
                },
            }))
            {
                var lease = store.Store.Partials.Lease(new ResourceId(1), manifest);
                for (var i = 0; i < manifest.Layout.BlockCount; i++)
                {
                    lease.Blocks.Write(i, bytes.AsSpan((int)manifest.Layout.OffsetOf(i), manifest.Layout.BytesOf(i)));
                }

                steps = 0;
                try
                {
                    store.Store.CommitBlob(
                        new StoredResource(new ResourceId(1), manifest, Retention.Cached), ((PartialBlob)lease.Blocks).DataPath);
                    isKept = true;
                }
                catch (CrashException)
                {
                }
            }

            using var again = new StoreFixture(options);
            var read = await again.ReadAsync(1);
            Assert.True(
                read is not null || (!isKept && again.Store.Partials.FindAll(new ResourceId(1)) is [{ IsComplete: true }]),
                $"gone after a stop before step {crashAt}");
            Assert.Equal(bytes, read ?? bytes);
            Assert.Equal(0, again.Store.QuarantinedCount);
            Assert.True(crashAt < 20);
        }
    }

    [Fact]
    public void AFolderIsUsedByOneStoreAtATime()
    {
        using var folder = new TemporaryFolder();
        using var store = new StoreFixture(StoreFixture.SmallBlocks(folder.FullPath));

        Assert.ThrowsAny<IOException>(() => new StoreFixture(StoreFixture.SmallBlocks(folder.FullPath)));
    }

    private sealed class CrashException : Exception;
}
