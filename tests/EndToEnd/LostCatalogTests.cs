using System.Globalization;
using System.Net;
using System.Security.Cryptography;

namespace EndToEnd;

/// <summary>A gateway whose catalog was cut is not started over it, and has its resources again when the catalog is made anew.</summary>
public sealed class LostCatalogTests
{
    /// <summary>Large ones have odd ids.</summary>
    private const int Count = 60, LargeBytes = 1_500_000, SmallBytes = 20_000, Deleted = 7, DeletedSmall = 8, Replaced = 9;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_catalog_that_was_cut_in_half_is_made_anew(bool isKilled)
    {
        using var folder = new TestFolder();
        using var http = new HttpClient();
        var ports = GatewayProcess.FreePorts(2);
        await using var gateway = await GatewayProcess.StartAsync(folder["node"], ports[0], [ports[1]], []);
        for (var id = 1; id <= Count; id++)
        {
            await PutAsync(http, gateway, id, LengthOf(id));
        }

        await PutAsync(http, gateway, Replaced, LengthOf(Replaced) + 1);
        foreach (var id in (int[])[Deleted, DeletedSmall])
        {
            Assert.Equal(HttpStatusCode.NoContent, (await http.DeleteAsync(UriOf(gateway, id), Token)).StatusCode);
        }

        var tags = new Dictionary<int, string>();
        for (var id = 1; id <= Count; id++)
        {
            using var response = await http.GetAsync(UriOf(gateway, id), Token);
            if (response.IsSuccessStatusCode)
            {
                tags[id] = response.Headers.ETag!.Tag;
            }
        }

        Assert.Equal(Count - 2, tags.Count);
        await (isKilled ? gateway.KillAsync() : gateway.StopAsync());
        var catalog = Path.Combine(gateway.StorePath, "catalog.db");
        using (var file = File.OpenHandle(catalog, FileMode.Open, FileAccess.ReadWrite))
        {
            RandomAccess.SetLength(file, RandomAccess.GetLength(file) / 2);
        }

        string[] settings = [$"--Store:Path={gateway.StorePath}", $"--Rain:Servers={Path.Combine(gateway.Folder, "servers.json")}"];
        var before = Sums(gateway.StorePath);
        var refused = await GatewayProcess.RunToEndAsync(
            gateway.Folder, ["--Urls=http://127.0.0.1:0", "--Rain:Listen=127.0.0.1:0", .. settings]);
        Assert.Equal(2, refused.ExitCode);
        Assert.Contains("--rebuild-catalog", Assert.Single(refused.Errors.Trim().Split('\n')), StringComparison.Ordinal);
        Assert.Equal(before, Sums(gateway.StorePath));

        var rebuilt = await GatewayProcess.RunToEndAsync(gateway.Folder, ["--rebuild-catalog", .. settings]);
        Assert.Equal((0, ""), (rebuilt.ExitCode, rebuilt.Errors));
        Assert.Contains($"Found again: {(Count / 2) - 1} resources in files", rebuilt.Output, StringComparison.Ordinal);
        Assert.Contains("catalog-1.db", rebuilt.Output, StringComparison.Ordinal);

        await gateway.StartAgainAsync();
        for (var id = 1; id <= Count; id++)
        {
            using var response = await http.GetAsync(UriOf(gateway, id), Token);
            if (id is Deleted or DeletedSmall)
            {
                Assert.InRange(response.StatusCode, HttpStatusCode.NotFound, HttpStatusCode.Gone);
            }
            else if (IsLarge(id) || response.IsSuccessStatusCode)
            {
                Assert.Equal((HttpStatusCode.OK, tags[id]), (response.StatusCode, response.Headers.ETag!.Tag));
                using var expected = new MemoryStream();
                await new TestBytes((ulong)id, id == Replaced ? LengthOf(id) + 1 : LengthOf(id)).CopyToAsync(expected, Token);
                Assert.Equal(expected.ToArray(), await response.Content.ReadAsByteArrayAsync(Token));
            }
        }

        // What runs is in use, and what is whole needs nothing.
        var inUse = await GatewayProcess.RunToEndAsync(gateway.Folder, ["--rebuild-catalog", .. settings]);
        Assert.Equal((2, ""), (inUse.ExitCode, inUse.Output));
        await gateway.StopAsync();
        var whole = await GatewayProcess.RunToEndAsync(gateway.Folder, ["--rebuild-catalog", .. settings]);
        Assert.Equal(0, whole.ExitCode);
        Assert.Contains("nothing was changed", whole.Output, StringComparison.Ordinal);
    }

    private static bool IsLarge(int id) => id % 2 == 1;

    private static long LengthOf(int id) => IsLarge(id) ? LargeBytes + id : SmallBytes + id;

    private static Uri UriOf(GatewayProcess gateway, int id) => new($"{gateway.Url}/resources/{id.ToString(CultureInfo.InvariantCulture)}");

    private static async Task PutAsync(HttpClient http, GatewayProcess gateway, int id, long length)
    {
        using var body = new StreamContent(new TestBytes((ulong)id, length));
        using var response = await http.PutAsync(UriOf(gateway, id), body, Token);
        response.EnsureSuccessStatusCode();
    }

    private static List<string> Sums(string folder) =>
    [
        .. Directory.EnumerateFileSystemEntries(folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
            .Select(path => $"{path} {(File.Exists(path) ? Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(path))) : "")}"),
    ];
}
