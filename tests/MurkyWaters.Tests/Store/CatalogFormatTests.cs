using System.Buffers.Binary;
using System.Security.Cryptography;
using MurkyWaters.Store;
using MurkyWaters.Store.Catalog;

namespace MurkyWaters.Tests.Store;

/// <summary>Folders that this program cannot open: the start is refused in one line, and nothing in them changes.</summary>
public sealed class CatalogFormatTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private StoreOptions Options => StoreFixture.SmallBlocks(_folder.FullPath);

    private string Catalog => Path.Combine(_folder.FullPath, CatalogSchema.FileName);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_store_of_the_format_with_records_is_refused()
    {
        Directory.CreateDirectory(Path.Combine(_folder.FullPath, "records"));
        File.WriteAllText(Path.Combine(_folder.FullPath, "records", "0000000000000001"), "PRR1");
        Refuse("earlier format");
    }

    [Fact]
    public async Task A_catalog_of_a_newer_version_is_refused()
    {
        await FillAsync();
        StoreFixture.Change(Options, $"PRAGMA user_version = {CatalogSchema.Version + 1}");
        Refuse("newer version");
    }

    /// <summary>The version stands in the log alone, as whoever was killed leaves it.</summary>
    [Fact]
    public async Task A_catalog_of_a_newer_version_is_refused_also_when_its_log_alone_tells()
    {
        await FillAsync();
        var aside = Catalog + ".aside";
        using (var connection = CatalogConnection.Open(Catalog, isWriter: true))
        {
            connection.Execute($"PRAGMA user_version = {CatalogSchema.Version + 1}");
            File.Copy(Catalog, aside);
            File.Copy(Catalog + "-wal", aside + "-wal");
        }

        File.Move(aside, Catalog, overwrite: true);
        File.Move(aside + "-wal", Catalog + "-wal", overwrite: true);
        Assert.Contains(
            "newer version", Assert.Throws<StoreFormatException>(() => new StoreFixture(Options)).Message, StringComparison.Ordinal);
        Assert.Equal(CatalogSchema.Version + 1, UserVersion());
    }

    [Fact]
    public async Task A_catalog_that_is_cut_is_refused()
    {
        await FillAsync();
        using (var file = File.OpenHandle(Catalog, FileMode.Open, FileAccess.ReadWrite))
        {
            RandomAccess.SetLength(file, RandomAccess.GetLength(file) - 4096);
        }

        Refuse("damaged");
    }

    [Fact]
    public async Task What_is_no_catalog_is_refused()
    {
        await FillAsync();
        await File.WriteAllBytesAsync(Catalog, Bytes.Random(100_000, 1), TestContext.Current.CancellationToken);
        Refuse("damaged");
    }

    [Fact]
    public async Task A_catalog_whose_pages_are_others_is_refused()
    {
        await FillAsync();
        using (var file = File.OpenHandle(Catalog, FileMode.Open, FileAccess.ReadWrite))
        {
            RandomAccess.Write(file, Bytes.Random(8192, 1), 100);
        }

        var error = Assert.Throws<StoreFormatException>(() => new StoreFixture(Options));
        Assert.Contains("damaged", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public async Task Nobody_else_can_read_the_catalog_and_it_says_its_version()
    {
        await FillAsync();
        Assert.Equal(CatalogSchema.Version, UserVersion());
        using var store = new StoreFixture(Options);
        await store.PutAsync(5, Bytes.Random(10, 5));
        foreach (var path in Directory.GetFiles(_folder.FullPath, "catalog.db*"))
        {
            Assert.True(
                OperatingSystem.IsWindows() || File.GetUnixFileMode(path) == (UnixFileMode.UserRead | UnixFileMode.UserWrite), path);
        }
    }

    private int UserVersion()
    {
        var header = new byte[100];
        using var file = File.OpenHandle(Catalog);
        RandomAccess.Read(file, header, 0);
        return BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(60));
    }

    private async Task FillAsync()
    {
        using var store = new StoreFixture(Options with { InlineBytes = 2000 });
        for (var id = 1ul; id <= 40; id++)
        {
            await store.PutAsync(id, Bytes.Random(id % 4 == 0 ? 2500 : 1500, (int)id));
        }
    }

    private void Refuse(string what)
    {
        var before = Sums();
        var error = Assert.Throws<StoreFormatException>(() => new StoreFixture(Options));
        Assert.Contains(what, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
        Assert.Equal(before, Sums());
    }

    private List<string> Sums() =>
    [
        .. Directory.EnumerateFileSystemEntries(_folder.FullPath, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
            .Select(
                path => $"{path} {(File.Exists(path) ? Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(path))) : "")} "
                    + $"{File.GetLastWriteTimeUtc(path):O}"),
    ];
}
