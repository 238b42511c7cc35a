using MurkyWaters.Store;
using PouringRain.Protocol;

namespace MurkyWaters.Tests.Store;

/// <summary>What the loops of the network ask the store for is never read on them.</summary>
public sealed class RainCatalogTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private StoreOptions Options => StoreFixture.SmallBlocks(_folder.FullPath);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task What_is_not_at_hand_is_loaded_and_what_is_not_here_is_known_at_once()
    {
        Manifest manifest;
        using (var store = new StoreFixture(Options))
        {
            manifest = (await store.PutAsync(1, Bytes.Random(2500, 1))).Resource!.Manifest;
            await store.PutAsync(2, Bytes.Random(2500, 2));
            await store.DeleteAsync(2);
        }

        using var again = new StoreFixture(Options);
        IRainCatalog catalog = again.Store;
        Assert.Equal(CatalogAnswer.Missing, catalog.Find(new ResourceId(3), out _));
        Assert.Equal(manifest.Version, (await LoadAsync(catalog, new ResourceId(1))).Manifest.Version);
        Assert.Equal(CatalogAnswer.Found, catalog.Find(new ResourceId(1), manifest.Version.Tag, out _));
        Assert.Equal(CatalogAnswer.Missing, catalog.Find(new ResourceId(1), manifest.Version.Tag + 1, out _));
        Assert.True((await LoadAsync(catalog, new ResourceId(2))).Manifest.IsDeleted);
    }

    /// <summary>Whoever waits for it learns that it is missing, and does not ask for ever.</summary>
    [Fact]
    public async Task What_cannot_be_read_is_missing()
    {
        using (var store = new StoreFixture(Options))
        {
            await store.PutAsync(1, Bytes.Random(2500, 1));
        }

        StoreFixture.Change(Options, "UPDATE resources SET manifest = x'00'");
        using var again = new StoreFixture(Options);
        IRainCatalog catalog = again.Store;
        var loaded = new TaskCompletionSource();
        catalog.Loaded += _ => loaded.TrySetResult();
        Assert.Equal(CatalogAnswer.Loading, catalog.Find(new ResourceId(1), out _));
        await loaded.Task.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
        Assert.Equal(CatalogAnswer.Missing, catalog.Find(new ResourceId(1), out _));
    }

    private static async Task<IRainContent> LoadAsync(IRainCatalog catalog, ResourceId id)
    {
        var loaded = new TaskCompletionSource();
        catalog.Loaded += which => _ = which == id && loaded.TrySetResult();
        Assert.Equal(CatalogAnswer.Loading, catalog.Find(id, out var content));
        Assert.Null(content);
        await loaded.Task.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
        Assert.Equal(CatalogAnswer.Found, catalog.Find(id, out content));
        return content!;
    }
}
