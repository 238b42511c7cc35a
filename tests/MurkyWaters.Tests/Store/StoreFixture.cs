using Microsoft.Extensions.Logging.Abstractions;
using MurkyWaters.Store;
using MurkyWaters.Store.Catalog;
using PouringRain.Protocol;

namespace MurkyWaters.Tests.Store;

/// <summary>A store with small blocks, and the few moves that tests make with it.</summary>
internal sealed class StoreFixture : IDisposable
{
    public StoreFixture(StoreOptions options)
    {
        Options = options;
        Store = ResourceStore.Open(options, NullLogger.Instance);
    }

    public StoreOptions Options { get; }

    public ResourceStore Store { get; }

    /// <summary>Options with which every resource is a file, whatever its length.</summary>
    public static StoreOptions SmallBlocks(string path) =>
        new() { Path = path, BlockSize = 1000, SymbolSize = 100, UploadBufferBytes = 700, InlineBytes = 0 };

    public async Task<UploadResult> PutAsync(ulong id, byte[] bytes, UploadOptions? options = null, int chunk = 777)
    {
        await using var upload = new StoreUpload(Store, (options ?? new UploadOptions()) with { Id = new ResourceId(id) }, Options);
        for (var offset = 0; offset < bytes.Length; offset += chunk)
        {
            await upload.WriteAsync(bytes.AsMemory(offset, Math.Min(chunk, bytes.Length - offset)), TestContext.Current.CancellationToken);
        }

        return await upload.CommitAsync(TestContext.Current.CancellationToken);
    }

    public async Task<bool> DeleteAsync(ulong id)
    {
        using var gate = await Store.EnterAsync(new ResourceId(id), TestContext.Current.CancellationToken);
        if (Store.FindEntry(new ResourceId(id)) is not { IsTombstone: false } entry)
        {
            return false;
        }

        Store.CommitTombstone(new ResourceId(id), Manifest.CreateTombstone("lt", Store.NextStamp(entry.Resource.Manifest)));
        return true;
    }

    /// <summary>The bytes of a resource, or null when there is none.</summary>
    public async Task<byte[]?> ReadAsync(ulong id)
    {
        if (Store.FindEntry(new ResourceId(id)) is not { IsTombstone: false } entry)
        {
            return null;
        }

        await using var reader = StoredReader.TryOpen(Store, entry);
        Assert.NotNull(reader);
        return await Bytes.ReadAllAsync(reader);
    }

    /// <summary>All ids of the store, tombstones left out, in order.</summary>
    public IReadOnlyList<ulong> Ids() => [.. Store.List(new ResourceQuery { Limit = 100_000 }).Items.Select(item => item.Id.Value)];

    /// <summary>That nothing lies about on disk but what the catalog names, with a manifest beside each file.</summary>
    public void AssertNothingLeftOver()
    {
        // What the last tick began in the background is no leftover.
        Store.Settling.GetAwaiter().GetResult();
        Store.SettleManifestsAsync().GetAwaiter().GetResult();
        Assert.Empty(Directory.EnumerateFiles(Store.Files.Temporary));
        var named = Store.Catalog.FindNamed(null, 100_000);
        Assert.Equal(named.Select(found => found.Blob.ToString()).ToHashSet(), NamesIn(Store.Files.Blobs));
        Assert.Equal(named.Select(found => BlobManifests.NameOf(found.Blob, found.Id)).ToHashSet(), NamesIn(Store.Files.Manifests));
        Assert.All(named, found => Assert.True(Store.Manifests.IsRight(Store.FindEntry(found.Id)!.Resource, found.Blob), $"{found.Id}"));
        Assert.Equal(Ids().Count, Store.Count);
    }

    private static HashSet<string> NamesIn(string folder) => [.. Directory.EnumerateFiles(folder).Select(path => Path.GetFileName(path))];

    /// <summary>Changes the catalog of a store that is not open.</summary>
    public static void Change(StoreOptions options, string sql, params object?[] values)
    {
        using var connection = CatalogConnection.Open(Path.Combine(options.Path, CatalogSchema.FileName), isWriter: true);
        connection.Prepare(sql).Run(values);
    }

    public void Dispose() => Store.Dispose();
}
