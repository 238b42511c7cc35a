using MurkyWaters.Store;
using MurkyWaters.Tests.Store;
using PouringRain.Coding;
using PouringRain.Protocol;

namespace MurkyWaters.Tests.Raining;

/// <summary>A store into which a test fetches block by block, and asks for what rains of it.</summary>
internal sealed class PartialFixture : IDisposable
{
    public const int BlockCount = 11;

    private const int Length = 10_450;

    private readonly TemporaryFolder _folder = new();
    private readonly StoreOptions _options;

    public PartialFixture(Func<StoreOptions, StoreOptions>? configure = null)
    {
        _options = StoreFixture.SmallBlocks(_folder.FullPath) with { Time = Clock, SupersededLifetime = TimeSpan.FromSeconds(30) };
        _options = configure?.Invoke(_options) ?? _options;
        Fixture = new StoreFixture(_options);
    }

    public static ResourceId Id { get; } = new(1);

    public SetClock Clock { get; } = new();

    public StoreFixture Fixture { get; private set; }

    public ResourceStore Store => Fixture.Store;

    public IRainCatalog Catalog => Fixture.Store;

    public static byte[] BytesOf(int seed) => Bytes.Random(Length, seed);

    public static Manifest ManifestOf(int seed, long stamp = 1000, string? code = null)
    {
        Assert.True(ResourceLayout.TryCreate(Length, 1000, 100, out var layout));
        var bytes = BytesOf(seed);
        return Manifest.Create(
            layout, code ?? FountainCodes.All[0].Name, stamp, Sha256Digest.Of(bytes), "text/plain", null,
            BlockDigest.OfBlocks(layout, bytes));
    }

    public static void Write(BlocksLease lease, int seed, params int[] blocks)
    {
        var bytes = BytesOf(seed);
        foreach (var block in blocks)
        {
            lease.Blocks.Write(block, bytes.AsSpan((int)lease.Blocks.Layout.OffsetOf(block), lease.Blocks.Layout.BytesOf(block)));
        }
    }

    /// <summary>A fetch of a version, with the blocks that have come.</summary>
    public BlocksLease Fetch(Manifest manifest, int seed, params int[] blocks)
    {
        var lease = Store.LeaseForFetch(Id, manifest, mustRain: true);
        Write(lease, seed, blocks);
        return lease;
    }

    /// <summary>As the end of a fetch has it.</summary>
    public void Seal(BlocksLease lease)
    {
        var partial = (PartialBlob)lease.Blocks;
        using var gate = Store.EnterAsync(Id, CancellationToken.None).GetAwaiter().GetResult();
        partial.Flush();
        Store.CommitBlob(new StoredResource(Id, partial.Manifest, Retention.Kept), partial.DataPath);
        Store.Partials.Retire(partial, isPublished: true);
    }

    public Task<IRainContent?> FindAsync(Manifest manifest) =>
        FindAsync((out IRainContent? content) => Catalog.Find(Id, manifest.Version.Tag, out content));

    public Task<IRainContent?> FindPartialAsync() => FindAsync((out IRainContent? content) => Catalog.FindPartial(Id, out content));

    public Task<IRainContent?> FindNewestAsync() => FindAsync((out IRainContent? content) => Catalog.Find(Id, out content));

    /// <summary>A symbol when it is ready; null when it is not to be had.</summary>
    public static async Task<byte[]?> ReadAsync(IRainContent content, int block, uint esi)
    {
        var symbol = new byte[100];
        var started = TimeProvider.System.GetTimestamp();
        SymbolReadResult result;
        while ((result = content.TryReadSymbol(block, esi, symbol)) == SymbolReadResult.NotReady)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(started) < TimeSpan.FromSeconds(20), "The block was never ready.");
            await Task.Delay(1, TestContext.Current.CancellationToken);
        }

        return result == SymbolReadResult.Ok ? symbol : null;
    }

    /// <summary>What the code makes of a block.</summary>
    public static byte[] Encode(Manifest manifest, int seed, int block, uint esi)
    {
        Assert.True(FountainCodes.TryGet(manifest.Code, out var code));
        using var encoder = code.CreateEncoder(manifest.Layout.SymbolsOf(block), 100);
        encoder.Begin((uint)block, BytesOf(seed).AsMemory((int)manifest.Layout.OffsetOf(block), manifest.Layout.BytesOf(block)));
        var symbol = new byte[100];
        encoder.Encode(esi, symbol);
        return symbol;
    }

    public static int[] ArrivalsOf(IRainContent content, int from = 0)
    {
        var blocks = new int[BlockCount];
        return blocks[..content.CopyArrivals(from, blocks)];
    }

    public static int[] HeldOf(IRainContent content)
    {
        var bitmap = new byte[2];
        content.CopyHeld(0, bitmap);
        return [.. Enumerable.Range(0, 16).Where(block => (bitmap[block / 8] >> (block % 8) & 1) != 0)];
    }

    /// <summary>Another process on the same folder, after another start of the machine or not.</summary>
    public void Restart(bool ofMachine, Action<string>? between = null)
    {
        Fixture.Dispose();
        between?.Invoke(Assert.Single(Directory.GetFiles(Path.Combine(_folder.FullPath, "partial"), "*.data")));
        Fixture = new StoreFixture(ofMachine ? _options with { BootId = "another" } : _options);
    }

    /// <summary>Files of what is here in part that this process has open.</summary>
    public int CountOpenFiles() => Directory.GetFiles("/proc/self/fd").Count(
        path => (new FileInfo(path).LinkTarget ?? "").StartsWith(Path.Combine(_folder.FullPath, "partial"), StringComparison.Ordinal));

    public void Dispose()
    {
        Fixture.Dispose();
        _folder.Dispose();
    }

    private static async Task<IRainContent?> FindAsync(Question ask)
    {
        var started = TimeProvider.System.GetTimestamp();
        IRainContent? content;
        CatalogAnswer answer;
        while ((answer = ask(out content)) == CatalogAnswer.Loading)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(started) < TimeSpan.FromSeconds(20), "It was never loaded.");
            Assert.Null(content);
            await Task.Delay(1, TestContext.Current.CancellationToken);
        }

        Assert.Equal(answer == CatalogAnswer.Found, content is not null);
        return content;
    }

    private delegate CatalogAnswer Question(out IRainContent? content);
}
