using System.Security.Cryptography;
using MurkyWaters.Store;
using MurkyWaters.Store.Catalog;
using PouringRain.Protocol;

namespace MurkyWaters.Tests.Store;

/// <summary>A catalog that is lost, cut or made of other bytes is made anew: every large resource is there as it was, of the small ones
/// those that could be read, and what was deleted or replaced stays so.</summary>
public sealed class CatalogRebuildTests : IDisposable
{
    private const int Count = 240, LargeBytes = 5200, SmallBytes = 1900;

    private readonly TemporaryFolder _folder = new();
    private readonly List<string> _said = [];

    public enum Loss
    {
        Half,
        FirstPage,
        Empty,
        Missing,
        OtherBytes,
        HolesInIt,
    }

    private StoreOptions Options => StoreFixture.SmallBlocks(_folder.FullPath) with { InlineBytes = 2000 };

    private string Catalog => Path.Combine(_folder.FullPath, CatalogSchema.FileName);

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(Loss.Half, 30)]
    [InlineData(Loss.FirstPage, 0)]
    [InlineData(Loss.Empty, 0)]
    [InlineData(Loss.Missing, 0)]
    [InlineData(Loss.OtherBytes, 0)]
    [InlineData(Loss.HolesInIt, 50)]
    public async Task What_is_large_is_there_again_and_what_was_deleted_is_not(Loss loss, int smallMin)
    {
        var versions = await FillAsync();
        Lose(loss);
        if (loss != Loss.HolesInIt)
        {
            var before = Sums();
            var error = Assert.Throws<StoreFormatException>(() => new StoreFixture(Options));
            Assert.Contains("--rebuild-catalog", error.Message, StringComparison.Ordinal);
            Assert.Equal(before, Sums());
        }

        var lost = File.Exists(Catalog) ? await File.ReadAllBytesAsync(Catalog, TestContext.Current.CancellationToken) : null;
        var result = StoreRebuild.Run(_folder.FullPath, _said.Add);
        Assert.True(result.IsMade);
        using var store = new StoreFixture(Options);
        var small = 0;
        foreach (var (id, version) in versions)
        {
            var entry = store.Store.FindEntry(new ResourceId(id));
            if (IsLarge(id))
            {
                Assert.Equal(version, entry?.Resource.Manifest.Version);
                Assert.Equal(id % 5 == 0 ? Retention.Cached : Retention.Kept, entry!.Resource.Retention);
            }

            if (entry is not null)
            {
                Assert.Equal(version, entry.Resource.Manifest.Version);
                Assert.Equal(BytesOf(id), await store.ReadAsync(id));
                small += IsLarge(id) ? 0 : 1;
            }
        }

        Assert.All(store.Ids(), id => Assert.Contains(id, versions));
        Assert.Equal((versions.Keys.Count(IsLarge), small), (result.Files, result.Rows));
        Assert.InRange(small, smallMin, versions.Count);
        store.AssertNothingLeftOver();

        // The old one is aside, as it was.
        if (lost is { Length: > 0 })
        {
            Assert.Equal(lost, await File.ReadAllBytesAsync(
                Path.Combine(_folder.FullPath, "quarantine", "catalog-1.db"), TestContext.Current.CancellationToken));
        }

        Assert.Contains(_said, line => line.StartsWith("Found again:", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_catalog_that_is_whole_stays_as_it_is()
    {
        await FillAsync();
        var before = Sums();
        Assert.False(StoreRebuild.Run(_folder.FullPath, _said.Add).IsMade);
        foreach (var path in Directory.GetFiles(Path.Combine(_folder.FullPath, "temporary")))
        {
            // Where the next start removes it.
            File.Delete(path);
        }

        Assert.Equal(before, Sums());
    }

    [Fact]
    public async Task Nobody_makes_one_of_a_store_that_is_open_or_newer_or_none()
    {
        using (new StoreFixture(Options))
        {
            Assert.ThrowsAny<IOException>(() => StoreRebuild.Run(_folder.FullPath, _said.Add));
        }

        await FillAsync();
        StoreFixture.Change(Options, $"PRAGMA user_version = {CatalogSchema.Version + 1}");
        var before = Sums();
        Assert.Throws<StoreFormatException>(() => StoreRebuild.Run(_folder.FullPath, _said.Add));
        Assert.Throws<StoreFormatException>(() => StoreRebuild.Run(Path.Combine(_folder.FullPath, "nowhere"), _said.Add));
        Assert.Equal(before, Sums());
        Assert.Empty(_said);
    }

    /// <summary>What went bad besides is set aside, and the version before it does not come back.</summary>
    [Fact]
    public async Task Files_are_compared_before_they_are_named()
    {
        string first, cut, flipped, manifest;
        using (var store = new StoreFixture(Options))
        {
            for (var id = 1ul; id <= 9; id += 2)
            {
                await store.PutAsync(id, BytesOf(id));
            }

            first = PathOf(store, 3);
            File.Copy(first, first + ".copy");
            File.Copy(ManifestOf(store, 3), ManifestOf(store, 3) + ".copy");
            manifest = ManifestOf(store, 3);
            await store.PutAsync(3, Bytes.Random(LargeBytes, 33));
            flipped = PathOf(store, 3);
            cut = PathOf(store, 5);
            await File.WriteAllBytesAsync(ManifestOf(store, 7), [1, 2, 3], TestContext.Current.CancellationToken);
        }

        // As if the process had been killed before the older version went.
        File.Move(first + ".copy", first);
        File.Move(manifest + ".copy", manifest);
        var bytes = await File.ReadAllBytesAsync(flipped, TestContext.Current.CancellationToken);
        bytes[2000] ^= 1;
        await File.WriteAllBytesAsync(flipped, bytes, TestContext.Current.CancellationToken);
        using (var file = File.OpenHandle(cut, FileMode.Open, FileAccess.Write))
        {
            RandomAccess.SetLength(file, 100);
        }

        Lose(Loss.Missing);
        var result = StoreRebuild.Run(_folder.FullPath, _said.Add);
        Assert.Equal((2, 3), (result.Files, result.Lost));
        foreach (var id in (ulong[])[3, 5, 7])
        {
            Assert.Contains(_said, line => line.StartsWith($"Resource {id} was not found again", StringComparison.Ordinal));
        }

        using var again = new StoreFixture(Options);
        Assert.Equal([1ul, 9ul], again.Ids());
        again.AssertNothingLeftOver();
        Assert.Equal(bytes, await File.ReadAllBytesAsync(
            Path.Combine(again.Store.Files.Quarantine, Path.GetFileName(flipped)), TestContext.Current.CancellationToken));
    }

    /// <summary>Stopped between any two renames.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task A_rebuild_that_was_stopped_is_gone_on_with(int moved)
    {
        var versions = await FillAsync(isKilled: true);
        Lose(Loss.Half);
        await File.WriteAllTextAsync(
            Path.Combine(_folder.FullPath, CatalogSchema.RebuildingName), "catalog-1.db", TestContext.Current.CancellationToken);
        foreach (var ending in ((string[])["-wal", "-shm", ""]).Take(moved).Where(ending => File.Exists(Catalog + ending)))
        {
            File.Move(Catalog + ending, Path.Combine(_folder.FullPath, "quarantine", "catalog-1.db" + ending));
        }

        var error = Assert.Throws<StoreFormatException>(() => new StoreFixture(Options));
        Assert.Contains("--rebuild-catalog", error.Message, StringComparison.Ordinal);
        var result = StoreRebuild.Run(_folder.FullPath, _said.Add);
        Assert.Equal(versions.Keys.Count(IsLarge), result.Files);

        // All of the small ones stand in the log.
        Assert.Equal(versions.Keys.Count(id => !IsLarge(id)), result.Rows);
        using var store = new StoreFixture(Options);
        Assert.Equal(versions.Keys.Order(), store.Ids().Order());
        Assert.True(File.Exists(Path.Combine(store.Store.Files.Quarantine, "catalog-1.db")));
        Assert.True(File.Exists(Path.Combine(store.Store.Files.Quarantine, "catalog-1.db-wal")));
    }

    /// <summary>Killed before any step of an operation, and the catalog lost then: the old version or the new one, and what was deleted
    /// is not there.</summary>
    [Theory]
    [InlineData("create")]
    [InlineData("replace")]
    [InlineData("replace by a small one")]
    [InlineData("other media type")]
    [InlineData("delete")]
    public async Task Wherever_the_process_was_killed_nothing_is_lost_that_was_answered(string operation)
    {
        var before = Bytes.Random(LargeBytes, 1);
        var after = Bytes.Random(operation.EndsWith("small one", StringComparison.Ordinal) ? 500 : LargeBytes + 1, 2);
        for (var (crashAt, isDone) = (1, false); !isDone; crashAt++)
        {
            using var folder = new TemporaryFolder();
            var steps = int.MinValue;
            var options = StoreFixture.SmallBlocks(folder.FullPath) with
            {
                InlineBytes = 2000,
                BeforeStep = _ =>
                {
                    if (++steps >= crashAt)
                    {
                        throw new CrashException();
                    }
                },
            };
            using (var store = new StoreFixture(options))
            {
                await store.PutAsync(7, Bytes.Random(LargeBytes, 7));
                await store.PutAsync(8, Bytes.Random(LargeBytes, 7));
                if (operation != "create")
                {
                    await store.PutAsync(1, before);
                }

                steps = 0;
                try
                {
                    _ = operation switch
                    {
                        "delete" => (object)await store.DeleteAsync(1),
                        "other media type" => await store.PutAsync(1, before, new UploadOptions { ContentType = "text/x-other" }),
                        _ => await store.PutAsync(1, after),
                    };
                    isDone = true;
                }
                catch (CrashException)
                {
                }
            }

            foreach (var path in Directory.GetFiles(folder.FullPath, "catalog.db*"))
            {
                File.Delete(path);
            }

            StoreRebuild.Run(folder.FullPath, _said.Add);
            using var again = new StoreFixture(options with { BeforeStep = null });
            Assert.Equal(Bytes.Random(LargeBytes, 7), await again.ReadAsync(7));
            Assert.Equal(Bytes.Random(LargeBytes, 7), await again.ReadAsync(8));
            var found = await again.ReadAsync(1);
            byte[]? expected = operation switch
            {
                "delete" or "replace by a small one" => null,
                "other media type" => before,
                _ => after,
            };
            Assert.True(
                isDone ? Same(found, expected) : Same(found, expected) || Same(found, operation == "create" ? null : before),
                $"neither old nor new after a stop before step {crashAt}");
            if (isDone && operation == "other media type")
            {
                Assert.Equal("text/x-other", again.Store.FindEntry(new ResourceId(1))!.Resource.Manifest.ContentType);
            }

            again.AssertNothingLeftOver();
            Assert.InRange(crashAt, 1, 40);
        }
    }

    /// <summary>A store of an earlier program has no manifests, and one that was restored may have others.</summary>
    [Fact]
    public async Task A_store_without_manifests_gets_them()
    {
        var versions = await FillAsync();
        var folder = Path.Combine(_folder.FullPath, "manifests");
        var one = Directory.GetFiles(folder).Order(StringComparer.Ordinal).First();
        foreach (var path in Directory.GetFiles(folder))
        {
            File.Delete(path);
        }

        await File.WriteAllBytesAsync(Path.Combine(folder, "not one"), [1], TestContext.Current.CancellationToken);
        await File.WriteAllBytesAsync(Path.Combine(folder, $"{new string('a', 64)}.{1:x16}"), [1], TestContext.Current.CancellationToken);
        await File.WriteAllBytesAsync(one, [], TestContext.Current.CancellationToken);
        using (var store = new StoreFixture(Options))
        {
            store.AssertNothingLeftOver();
            Assert.Equal(1, store.Store.QuarantinedCount);
        }

        Lose(Loss.Missing);
        Assert.Equal(versions.Keys.Count(IsLarge), StoreRebuild.Run(_folder.FullPath, _said.Add).Files);
    }

    /// <summary>For the file and the folder's names: manifests are flushed a moment later, and not waited for.</summary>
    [Fact]
    public async Task A_large_upload_waits_for_the_disk_twice_more_than_a_small_one()
    {
        var flushes = 0;
        using var store = new StoreFixture(Options with
        {
            BeforeStep = step => flushes += step.StartsWith("flush", StringComparison.Ordinal) ? 1 : 0,
        });

        // The first one makes the log, whose name is waited for.
        await store.PutAsync(4, Bytes.Random(500, 4));
        flushes = 0;
        await store.PutAsync(2, Bytes.Random(500, 2));
        var small = flushes;
        flushes = 0;
        await store.PutAsync(1, BytesOf(1));
        Assert.Equal(small + 2, flushes);
        flushes = 0;
        await store.Store.SettleManifestsAsync();
        Assert.Equal(2, flushes);
        await store.Store.SettleManifestsAsync();
        Assert.Equal(2, flushes);
    }

    private static bool Same(byte[]? left, byte[]? right) =>
        left is null ? right is null : right is not null && left.AsSpan().SequenceEqual(right);

    private static bool IsLarge(ulong id) => id % 2 == 1;

    private static byte[] BytesOf(ulong id) => Bytes.Random(IsLarge(id) ? LargeBytes : SmallBytes, (int)id);

    private static string PathOf(StoreFixture store, ulong id) => store.Store.FindEntry(new ResourceId(id))!.Blob!.FilePath!;

    private static string ManifestOf(StoreFixture store, ulong id) =>
        store.Store.Manifests.PathOf(store.Store.FindEntry(new ResourceId(id))!.Blob!.Digest, new ResourceId(id));

    /// <summary>Large and small ones, of each some replaced, some deleted, some cached; what is there in the end.</summary>
    private async Task<Dictionary<ulong, Sha256Digest>> FillAsync(bool isKilled = false)
    {
        var versions = new Dictionary<ulong, Sha256Digest>();
        var folder = new TemporaryFolder();
        using (var store = new StoreFixture(Options))
        {
            for (var id = 1ul; id <= Count; id++)
            {
                if (id % 7 is 1 or 2)
                {
                    await store.PutAsync(id, BytesOf(id + 1000));
                }

                versions[id] = (await store.PutAsync(id, BytesOf(id))).Resource!.Manifest.Version;
                if (id % 5 == 0)
                {
                    store.Store.ChangeRetention(store.Store.FindEntry(new ResourceId(id))!, Retention.Cached);
                }

                if (id % 11 is 3 or 4)
                {
                    await store.DeleteAsync(id);
                    versions.Remove(id);
                }
            }

            if (isKilled)
            {
                foreach (var path in Directory.GetFiles(_folder.FullPath, "catalog.db*"))
                {
                    File.Copy(path, folder[Path.GetFileName(path)]);
                }
            }
        }

        foreach (var path in isKilled ? Directory.GetFiles(folder.FullPath) : [])
        {
            File.Copy(path, Path.Combine(_folder.FullPath, Path.GetFileName(path)), overwrite: true);
        }

        folder.Dispose();
        return versions;
    }

    private void Lose(Loss loss)
    {
        if (loss == Loss.Missing)
        {
            File.Delete(Catalog);
            return;
        }

        using var file = File.OpenHandle(Catalog, FileMode.Open, FileAccess.ReadWrite);
        var length = RandomAccess.GetLength(file);
        switch (loss)
        {
            case Loss.Half:
                RandomAccess.SetLength(file, length / 2);
                break;
            case Loss.FirstPage:
                RandomAccess.SetLength(file, 4096);
                break;
            case Loss.Empty:
                RandomAccess.SetLength(file, 0);
                break;
            case Loss.OtherBytes:
                RandomAccess.Write(file, Bytes.Random((int)length, 5), 0);
                break;
            default:
                // Every third page, but for those at the beginning, where the roots are.
                for (var at = 22 * 4096L; at < length; at += 3 * 4096)
                {
                    RandomAccess.Write(file, Bytes.Random(4096, (int)at), at);
                }

                break;
        }
    }

    private List<string> Sums() =>
    [
        .. Directory.EnumerateFileSystemEntries(_folder.FullPath, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
            .Select(path => $"{path} {(File.Exists(path) ? Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(path))) : "")}"),
    ];

    private sealed class CrashException : Exception;
}
