using PouringRain.Protocol;

namespace MurkyWaters.Tests.Store;

/// <summary>Random operations against a dictionary, with restarts and with crashes between any two steps on disk.</summary>
public class StoreModelTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task BehavesAsADictionaryThroughRestarts(int seed)
    {
        using var folder = new TemporaryFolder();
        var random = new Random(seed);
        var model = new Dictionary<ulong, byte[]>();
        var store = new StoreFixture(StoreFixture.SmallBlocks(folder.FullPath));
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

        Assert.Equal(model.Keys.Order(), store.Store.List(null, 100).Items.Select(item => item.Id.Value));
        store.Dispose();
    }

    /// <summary>Every operation is stopped before its 1st, 2nd, 3rd… step on disk, until it gets through; after each stop the store is
    /// opened again and must hold the old version or the new one.</summary>
    [Theory]
    [InlineData("create")]
    [InlineData("replace")]
    [InlineData("delete")]
    [InlineData("same bytes under two ids")]
    public async Task ACrashLeavesTheOldVersionOrTheNewOne(string operation)
    {
        var before = Bytes.Random(2500, 1);
        var after = operation == "delete" ? null : Bytes.Random(3001, 2);
        var sawOld = false;
        for (var crashAt = 1; ; crashAt++)
        {
            using var folder = new TemporaryFolder();
            using (var store = new StoreFixture(StoreFixture.SmallBlocks(folder.FullPath)))
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

            using (var store = new StoreFixture(StoreFixture.SmallBlocks(folder.FullPath)))
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
                    Assert.True(sawOld && crashAt > 3, "The crashes came too late to show anything.");
                    return;
                }
            }
        }
    }

    [Fact]
    public async Task GarbageOnDiskIsDiscardedAndTheRestIsServed()
    {
        using var folder = new TemporaryFolder();
        var bytes = Bytes.Random(1234, 1);
        string torn, truncated;
        using (var store = new StoreFixture(StoreFixture.SmallBlocks(folder.FullPath)))
        {
            for (var id = 1ul; id <= 4; id++)
            {
                await store.PutAsync(id, Bytes.Random(1234, (int)id));
            }

            torn = Path.Combine(store.Store.Files.Records, 2.ToString("x16", null));
            truncated = store.Store.FindEntry(new ResourceId(3))!.Blob!.FilePath;
            await File.WriteAllBytesAsync(Path.Combine(store.Store.Files.Temporary, "5"), bytes, TestContext.Current.CancellationToken);
            await File.WriteAllBytesAsync(Path.Combine(store.Store.Files.Blobs, "not a digest"), bytes, TestContext.Current.CancellationToken);
            await File.WriteAllBytesAsync(Path.Combine(store.Store.Files.Blobs, new string('a', 64)), bytes, TestContext.Current.CancellationToken);
            await File.WriteAllBytesAsync(Path.Combine(store.Store.Files.Records, "zz"), bytes, TestContext.Current.CancellationToken);
            await File.WriteAllBytesAsync(Path.Combine(store.Store.Files.Records, 9.ToString("x16", null)), [], TestContext.Current.CancellationToken);
            File.Copy(Path.Combine(store.Store.Files.Records, 1.ToString("x16", null)), Path.Combine(store.Store.Files.Records, 8.ToString("x16", null)));
        }

        var record = await File.ReadAllBytesAsync(torn, TestContext.Current.CancellationToken);
        record[^40] ^= 1;
        await File.WriteAllBytesAsync(torn, record, TestContext.Current.CancellationToken);
        using (var file = File.OpenHandle(truncated, FileMode.Open, FileAccess.Write))
        {
            RandomAccess.SetLength(file, 1000);
        }

        using (var store = new StoreFixture(StoreFixture.SmallBlocks(folder.FullPath)))
        {
            Assert.Equal([1ul, 4ul], store.Store.List(null, 10).Items.Select(item => item.Id.Value));
            Assert.Equal(bytes, await store.ReadAsync(1));
            store.AssertNothingLeftOver();
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
