using MurkyWaters.Store;
using PouringRain.Protocol;

namespace MurkyWaters.Tests.Store;

/// <summary>What is not understood, or not what it should be, is set aside and never deleted.</summary>
public sealed class QuarantineTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private StoreOptions Options => StoreFixture.SmallBlocks(_folder.FullPath);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Files_that_nobody_names_or_that_are_cut_are_set_aside_and_the_rest_is_served()
    {
        var strange = Bytes.Random(1234, 9);
        string cut, emptied;
        using (var store = new StoreFixture(Options))
        {
            for (var id = 1ul; id <= 4; id++)
            {
                await store.PutAsync(id, Bytes.Random(1234, (int)id));
            }

            cut = PathOf(store, 2);
            emptied = PathOf(store, 3);
            await File.WriteAllBytesAsync(Path.Combine(store.Store.Files.Temporary, "5"), strange, TestContext.Current.CancellationToken);
            foreach (var name in (string[])["not a digest", new string('a', 64), new string('B', 64)])
            {
                await File.WriteAllBytesAsync(Path.Combine(store.Store.Files.Blobs, name), strange, TestContext.Current.CancellationToken);
            }
        }

        SetLength(cut, 1000);
        SetLength(emptied, 0);
        using (var store = new StoreFixture(Options))
        {
            Assert.Equal([1ul, 4ul], store.Ids());
            Assert.Equal(Bytes.Random(1234, 1), await store.ReadAsync(1));
            store.AssertNothingLeftOver();
            Assert.Equal(5, store.Store.QuarantinedCount);
            var aside = Directory.GetFiles(store.Store.Files.Quarantine).Select(path => new FileInfo(path)).ToList();
            Assert.Equal(2, aside.Count(file => file.Extension == ".manifest"));
            Assert.Equal(
                [0, 1000, 1234, 1234, 1234], aside.Where(file => file.Extension != ".manifest").Select(file => file.Length).Order());
        }

        using var again = new StoreFixture(Options);
        Assert.Equal([1ul, 4ul], again.Ids());
        Assert.Equal(7, again.Store.QuarantinedCount);
    }

    /// <summary>Running: whoever reads it finds that it is not here, and it can be put again.</summary>
    [Fact]
    public async Task A_file_that_is_gone_or_cut_while_the_store_is_open_makes_a_miss_of_its_resource()
    {
        using var store = new StoreFixture(Options);
        (ulong Id,
            Action<string> Spoil)[] cases = [(1, File.Delete), (2, path => SetLength(path, 1000)), (3, path => SetLength(path, 5000))];
        foreach (var (id, spoil) in cases)
        {
            await store.PutAsync(id, Bytes.Random(1234, (int)id));
            spoil(PathOf(store, id));
            var entry = store.Store.FindEntry(new ResourceId(id))!;
            Assert.Null(StoredReader.TryOpen(store.Store, entry));
            Assert.Null(store.Store.FindEntry(new ResourceId(id)));
            Assert.Equal(UploadOutcome.Created, (await store.PutAsync(id, Bytes.Random(1234, (int)id))).Outcome);
            Assert.Equal(Bytes.Random(1234, (int)id), await store.ReadAsync(id));
        }

        store.AssertNothingLeftOver();
        Assert.Equal(3, store.Store.QuarantinedCount);
    }

    /// <summary>Small bodies are compared with their digest when they are read from the catalog.</summary>
    [Fact]
    public async Task Bytes_in_the_catalog_that_are_not_those_of_the_manifest_are_set_aside()
    {
        var options = Options with { InlineBytes = 5000 };
        using (var store = new StoreFixture(options))
        {
            await store.PutAsync(1, Bytes.Random(1234, 1));
            await store.PutAsync(2, Bytes.Random(1234, 2));
        }

        var changed = Bytes.Random(1234, 1);
        changed[700] ^= 1;
        StoreFixture.Change(options, "UPDATE resources SET body = $1 WHERE id = 1", changed);
        using var again = new StoreFixture(options);
        Assert.Null(await again.ReadAsync(1));
        Assert.Equal(Bytes.Random(1234, 2), await again.ReadAsync(2));
        Assert.Equal(changed, await File.ReadAllBytesAsync(
            Assert.Single(Directory.GetFiles(again.Store.Files.Quarantine, "*.body")), TestContext.Current.CancellationToken));
    }

    private static string PathOf(StoreFixture store, ulong id) => store.Store.FindEntry(new ResourceId(id))!.Blob!.FilePath!;

    private static void SetLength(string path, long length)
    {
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Write);
        RandomAccess.SetLength(file, length);
    }
}
