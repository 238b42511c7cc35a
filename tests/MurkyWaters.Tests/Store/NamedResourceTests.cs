using MurkyWaters.Store;
using PouringRain.Protocol;
using PouringRain.Protocol.Naming;

namespace MurkyWaters.Tests.Store;

/// <summary>Names in the catalog: listed, taken from an older one's manifests, copied without bytes.</summary>
public sealed class NamedResourceTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private StoreOptions Options => StoreFixture.SmallBlocks(_folder.FullPath);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_folder_is_listed_page_by_page_as_a_model_has_it()
    {
        using var store = new StoreFixture(Options with { InlineBytes = 2000 });
        var random = new Random(1);
        string[] parts = ["a", "b", "b0", "c", "d.", "\u00e9", "\ue000", "\U0001F327"];
        var paths = Enumerable.Range(0, 120)
            .Select(_ => string.Join('/', Enumerable.Range(0, random.Next(1, 4)).Select(_ => parts[random.Next(parts.Length)])))
            .Distinct().ToArray();
        foreach (var path in paths)
        {
            await PutAsync(store, path, [1]);
        }

        await store.PutAsync(7, [1]);
        await store.DeleteAsync(ResourcePath.IdOf(paths[0]).Value);
        foreach (var folder in (string[])["", "a/", "b/", "a/\u00e9/", "none/"])
        {
            var model = paths[1..].Where(path => path.StartsWith(folder, StringComparison.Ordinal))
                .Select(path => KeyOf(path[folder.Length..])).Distinct()
                .Order(Comparer<string>.Create((a, b) => string.CompareOrdinal(Hex(a), Hex(b)))).ToArray();
            foreach (var limit in (int[])[1, 3, 100])
            {
                var listed = new List<string>();
                for (var isEnd = false; !isEnd;)
                {
                    (var entries, isEnd) = store.Store.Catalog.ListFolder(new FolderQuery(folder, listed.LastOrDefault(""), limit));
                    Assert.InRange(entries.Count, isEnd ? 0 : limit, limit);
                    listed.AddRange(entries.Select(entry => entry.Key));
                }

                Assert.Equal(model, listed);
            }
        }

        static string KeyOf(string rest) =>
            rest.IndexOf('/', StringComparison.Ordinal) is >= 0 and var slash ? rest[..(slash + 1)] : rest;

        static string Hex(string text) => Convert.ToHexString(System.Text.Encoding.UTF8.GetBytes(text));
    }

    [Fact]
    public async Task A_catalog_from_before_names_takes_them_from_its_manifests()
    {
        using (var store = new StoreFixture(Options))
        {
            await PutAsync(store, "docs/a.txt", [1]);
            await store.PutAsync(5, [2]);
            await store.PutAsync(6, [3], new UploadOptions { Path = "another/s" });
        }

        StoreFixture.Change(
            Options, "DROP TRIGGER piece_versions_gone; DROP TABLE piece_versions; DROP INDEX resources_by_path; "
                + "DROP INDEX resources_by_type; DROP INDEX resources_by_name; "
                + "CREATE INDEX resources_by_name ON resources (name_key, media_type); ALTER TABLE resources DROP COLUMN path; "
                + "PRAGMA user_version = 4");
        using var again = new StoreFixture(Options);
        Assert.Equal(
            ResourcePath.IdOf("docs/a.txt"), Assert.Single(again.Store.List(new ResourceQuery { Search = "docs/" }).Items).Id);
        Assert.Equal(["docs/"], again.Store.Catalog.ListFolder(new FolderQuery("", "", 10)).Entries.Select(entry => entry.Key));
        var file = Assert.Single(again.Store.Catalog.ListFolder(new FolderQuery("docs/", "", 10)).Entries);
        Assert.Equal(("a.txt", 1L, "application/octet-stream"), (file.Name, file.Length, file.ContentType));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(100_000)]
    public async Task A_copy_is_a_version_of_its_own_of_bytes_that_are_kept_once(int inlineBytes)
    {
        var bytes = Bytes.Random(5500, 3);
        var (from, to) = (ResourcePath.IdOf("a"), ResourcePath.IdOf("b/c"));
        using (var store = new StoreFixture(Options with { InlineBytes = inlineBytes }))
        {
            await PutAsync(store, "a", bytes);
            var source = store.Store.FindEntry(from)!;
            using (store.Store.TryLease(source))
            {
                Assert.Equal(UploadOutcome.PreconditionFailed, (await CopyAsync(store, source, "b/c", _ => false)).Outcome);
                Assert.Null(store.Store.FindEntry(to));
                var made = await CopyAsync(store, source, "b/c");
                Assert.Equal(
                    (UploadOutcome.Created, "b/c", "c"), (made.Outcome, made.Resource!.Manifest.Path, made.Resource.Manifest.FileName));
                Assert.Equal(UploadOutcome.Replaced, (await CopyAsync(store, source, "b/c")).Outcome);
            }

            Assert.Equal(inlineBytes == 0 ? 1 : 0, Directory.GetFiles(store.Store.Files.Blobs).Length);
            store.AssertNothingLeftOver();
            await store.DeleteAsync(from.Value);
            Assert.Equal(bytes, await store.ReadAsync(to.Value));
        }

        using var again = new StoreFixture(Options with { InlineBytes = inlineBytes });
        Assert.Equal(bytes, await again.ReadAsync(to.Value));
        await again.DeleteAsync(to.Value);
        again.AssertNothingLeftOver();
    }

    [Fact]
    public async Task Of_two_names_with_one_id_the_first_has_it()
    {
        using var store = new StoreFixture(Options);
        Assert.Equal(UploadOutcome.Created, (await store.PutAsync(9, [1], new UploadOptions { Path = "first" })).Outcome);
        Assert.Equal(UploadOutcome.NameTaken, (await store.PutAsync(9, [2], new UploadOptions { Path = "second" })).Outcome);
        Assert.Equal([1], await store.ReadAsync(9));
        Assert.Equal(UploadOutcome.Replaced, (await store.PutAsync(9, [3])).Outcome);
        Assert.Equal("first", store.Store.FindEntry(new ResourceId(9))!.Resource.Manifest.Path);
    }

    private static Task<UploadResult> CopyAsync(
        StoreFixture store, StoreEntry source, string path, Func<StoredResource?, bool>? precondition = null) =>
        StoreCopy.MakeAsync(store.Store, source, path, precondition, TestContext.Current.CancellationToken);

    private static Task<UploadResult> PutAsync(StoreFixture store, string path, byte[] bytes) =>
        store.PutAsync(ResourcePath.IdOf(path).Value, bytes, new UploadOptions { Path = path });
}
