using System.Globalization;
using MurkyWaters.Store.Catalog;
using PouringRain.Protocol;
using PouringRain.Protocol.Naming;

namespace MurkyWaters.Tests.Store;

/// <summary>Lists of 20,000 resources, in every order, against LINQ.</summary>
public sealed class CatalogListTests(CatalogListTests.Filled filled) : IClassFixture<CatalogListTests.Filled>
{
    [Theory]
    [InlineData(ResourceSort.Id, false, null)]
    [InlineData(ResourceSort.Id, true, null)]
    [InlineData(ResourceSort.Name, false, null)]
    [InlineData(ResourceSort.Name, true, null)]
    [InlineData(ResourceSort.Length, false, null)]
    [InlineData(ResourceSort.Length, true, null)]
    [InlineData(ResourceSort.Modified, false, null)]
    [InlineData(ResourceSort.Modified, true, null)]
    [InlineData(ResourceSort.Type, false, null)]
    [InlineData(ResourceSort.Type, true, null)]
    [InlineData(ResourceSort.Type, false, "holiday 1")]
    [InlineData(ResourceSort.Modified, true, "deep/folder 7")]
    [InlineData(ResourceSort.Id, true, "1 9")]
    [InlineData(ResourceSort.Length, true, "1 9")]
    [InlineData(ResourceSort.Name, false, "text")]
    [InlineData(ResourceSort.Id, false, "holiday")]
    [InlineData(ResourceSort.Id, true, "HOLIDAY png")]
    [InlineData(ResourceSort.Name, false, "holiday 7")]
    [InlineData(ResourceSort.Name, true, "image")]
    [InlineData(ResourceSort.Length, false, "Übung")]
    [InlineData(ResourceSort.Name, true, "übung größen")]
    [InlineData(ResourceSort.Modified, false, "ÜBUNGEN/groß 1")]
    [InlineData(ResourceSort.Length, true, "holiday")]
    [InlineData(ResourceSort.Modified, false, "video/")]
    [InlineData(ResourceSort.Modified, true, "nothing has this")]
    [InlineData(ResourceSort.Id, false, "0x8000000000000001")]
    [InlineData(ResourceSort.Id, false, "0008")]
    [InlineData(ResourceSort.Id, false, "'; DROP TABLE resources; --")]
    public void Pages_have_all_that_is_wanted_once_and_in_order(ResourceSort sort, bool isDescending, string? search)
    {
        var seen = new List<ListedResource>();
        ResourcePlace? after = null;
        do
        {
            var page = filled.Store.Store.List(
                new ResourceQuery { After = after, Limit = 777, Sort = sort, IsDescending = isDescending, Search = search });
            seen.AddRange(page.Items);
            after = page.Next;
            Assert.True(after is null || page.Items.Count == 777);
        }
        while (after is not null);

        var words = (search ?? "").ToLowerInvariant().Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var wanted = filled.Resources.Where(item => words.All(word =>
            IsNamed(item, word)
                || item.Type.Contains(word, StringComparison.Ordinal)
            || item.Id.ToString(CultureInfo.InvariantCulture).Contains(word, StringComparison.Ordinal)
            || (ResourceId.TryParse(word, out var id) && id.Value == item.Id))).ToList();
        Assert.Equal(wanted.Select(item => item.Id).Order(), seen.Select(item => item.Id.Value).Order());
        var isNamed = wanted.Where(item => words.All(word => IsNamed(item, word))).Select(item => item.Id).ToHashSet();
        Assert.All(seen.Take(isNamed.Count), item => Assert.Contains(item.Id.Value, isNamed));
        foreach (var part in (IEnumerable<ListedResource>[])[seen.Take(isNamed.Count), seen.Skip(isNamed.Count)])
        {
            var keys = KeysOf(part, sort);
            Assert.Equal(isDescending ? keys.OrderDescending(StringComparer.Ordinal) : keys.Order(StringComparer.Ordinal), keys);
        }
    }

    private static bool IsNamed((ulong Id, string? Name, string? Path, string Type) item, string word) =>
        $"{item.Name}\0{item.Path}".ToLowerInvariant().Contains(word, StringComparison.Ordinal);

    private static List<string> KeysOf(IEnumerable<ListedResource> items, ResourceSort sort) =>
        [.. items.Select(item => sort switch
        {
            ResourceSort.Name => (item.FileName ?? "").ToLowerInvariant(),
            ResourceSort.Length => item.Length.ToString("d20", CultureInfo.InvariantCulture),
            ResourceSort.Modified => item.Stamp.ToString("d20", CultureInfo.InvariantCulture),
            ResourceSort.Type => $"{item.ContentType}\0{(item.FileName ?? "").ToLowerInvariant()}",
            _ => item.Id.Value.ToString("d20", CultureInfo.InvariantCulture),
        })];

    [Fact]
    public void What_is_counted_and_known_is_what_is_there()
    {
        var store = filled.Store.Store;
        Assert.Equal(filled.Resources.Count, store.Count);
        Assert.All(filled.Resources.Take(100), item => Assert.NotNull(store.FindEntry(new ResourceId(item.Id))));
        Assert.All(Enumerable.Range(0, 100), i => Assert.Null(store.FindEntry(new ResourceId(3ul + (ulong)(7 * i)))));
        Assert.Equal(filled.Resources.Count, store.EnumerateKept().Select(resource => resource.Id).Distinct().Count());
    }

    /// <summary>The page behind the last of equal keys begins where an index says, and not by walking.</summary>
    [Theory]
    [InlineData("length", "length = 1 AND id > 5")]
    [InlineData("stamp", "stamp > 5")]
    [InlineData("name_key, media_type", "name_key = 'a' AND media_type = 'b' AND id > 5")]
    [InlineData("media_type, name_key", "media_type = 'a' AND name_key = 'b' AND id > 5")]
    public void Ranges_are_of_an_index(string order, string condition)
    {
        using var connection = CatalogConnection.Open(Path.Combine(filled.Store.Options.Path, CatalogSchema.FileName), isWriter: false);
        var plan = new List<string>();
        using (var reader = connection.Prepare(
            $"EXPLAIN QUERY PLAN SELECT * FROM resources WHERE {condition} ORDER BY {order}, id LIMIT 10").Read())
        {
            while (reader.Read())
            {
                plan.Add(reader.GetString(3));
            }
        }

        Assert.StartsWith("SEARCH resources USING INDEX resources_by_", Assert.Single(plan), StringComparison.Ordinal);
    }

    /// <summary>A store with as many, some of them with ids from 2^63 on, names of several scripts and none, and equal lengths.</summary>
    public sealed class Filled : IAsyncLifetime
    {
        private readonly TemporaryFolder _folder = new();

        internal StoreFixture Store { get; private set; } = null!;

        internal List<(ulong Id, string? Name, string? Path, string Type)> Resources { get; } = [];

        public async ValueTask InitializeAsync()
        {
            const int count = 20_000;
            Store = new StoreFixture(StoreFixture.SmallBlocks(_folder.FullPath) with { InlineBytes = 1000 });
            string[] types = ["image/png", "video/mp4", "text/plain", "application/octet-stream"];
            await Parallel.ForEachAsync(
                Enumerable.Range(0, count), new ParallelOptions { MaxDegreeOfParallelism = 64 }, async (i, cancellation) =>
                {
                    var id = i % 5 == 0 ? (1ul << 63) + (ulong)i + 1 : i % 7 == 0 ? (ulong)i * 7_000_000_000 : 1 + (ulong)(7 * i);
                    var name = (i % 4) switch { 0 => $"Holiday {i}.png", 1 => $"übung-{i % 50}.txt", 2 => $"Notes {i % 20}", _ => null };
                    var type = types[i % types.Length];
                    var path = i % 11 == 0 ? $"Deep/Folder {i % 9}/{i}.dat" : i % 13 == 0 ? $"Übungen/GRÖẞEN/Groß {i}" : null;
                    id = path is null ? id : ResourcePath.IdOf(path).Value;
                    await Store.PutAsync(
                        id, BitConverter.GetBytes(i)[..(1 + (i % 3))],
                        new UploadOptions { FileName = name, Path = path, ContentType = type });
                    lock (Resources)
                    {
                        Resources.Add((id, name, path, type));
                    }
                });
            Assert.Equal(count, Resources.Select(item => item.Id).Distinct().Count());
        }

        public ValueTask DisposeAsync()
        {
            Store.Dispose();
            _folder.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
