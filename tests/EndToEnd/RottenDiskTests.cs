using System.Net;
using System.Net.Http.Headers;

namespace EndToEnd;

/// <summary>A node whose disk has rotted serves no wrong byte, rains none, and has the
/// right ones again as soon as another has them.</summary>
public sealed class RottenDiskTests : IClassFixture<RottenDiskTests.Disks>
{
    private const long Length = 3_000_000;
    private readonly Disks _disks;

    public RottenDiskTests(Disks disks) => _disks = disks;

    public enum Damage
    {
        Flipped,
        Cut,
        Emptied,
        Removed,
    }

    public static TheoryData<Damage, bool> Cases
    {
        get
        {
            var cases = new TheoryData<Damage, bool>();
            foreach (var damage in Enum.GetValues<Damage>())
            {
                cases.Add(damage, true);
                cases.Add(damage, false);
            }

            return cases;
        }
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("lt")]
    [InlineData("raptorq")]
    public async Task A_node_whose_bytes_are_all_wrong_rains_none_of_them_and_sets_them_aside(string code)
    {
        Tool.Require("curl");
        const long length = 16 * 1024 * 1024;
        using var folder = new TestFolder();
        await using var cluster = await Cluster.StartAsync(folder, 4, [], []);
        var sha256 = await TestBytes.WriteFileAsync(folder["in"], 11, length);
        (await Tool.CurlAsync("-f", "-T", folder["in"], $"{cluster.Nodes[0].Url}/resources/11?replicas=4&code={code}")).Succeeded();

        // Every byte of the third node's blob is turned over.
        var rotten = cluster.Nodes[2];
        var blob = BlobOf(rotten, length);
        var bytes = await File.ReadAllBytesAsync(blob, Token);
        for (var i = 0; i < bytes.Length; i++)
        {
            bytes[i] ^= 0xFF;
        }

        await using (var file = new FileStream(blob, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            await file.WriteAsync(bytes, Token);
        }

        (await Tool.CurlAsync("-f", "-o", folder["out"], $"{cluster.Gateway.Url}/resources/11")).Succeeded();
        Assert.Equal(sha256, await TestBytes.HashFileAsync(folder["out"]));

        (await Tool.CurlAsync("-f", "-o", folder["out"], $"{rotten.Url}/resources/11")).Succeeded();
        Assert.Equal(sha256, await TestBytes.HashFileAsync(folder["out"]));
        Assert.Contains("resource 11 is set aside in", rotten.Log, StringComparison.Ordinal);
        Assert.Contains(
            "murky_store_quarantined 1", (await Tool.CurlAsync("-f", $"{rotten.Url}/metrics")).Output, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task What_went_bad_is_answered_from_the_rain_or_with_a_problem(Damage damage, bool isElsewhere)
    {
        var node = isElsewhere ? _disks.OneOfTwo : _disks.Lonely;
        using var http = new HttpClient();
        var replicas = isElsewhere ? 2 : 1;

        // Four resources of each damage; their lengths tell their files.
        var first = 1 + (4 * (int)damage);
        for (var id = first; id < first + 4; id++)
        {
            Assert.Equal(HttpStatusCode.Created, await PutAsync(http, node, id, $"?replicas={replicas}"));
            Spoil(BlobOf(node, Length + id), damage);
        }

        await AssertAsync(http, Request(node, first), first, 0, Length + first, isElsewhere);
        await AssertAsync(http, Request(node, first), first, 0, Length + first, isElsewhere);

        var range = Request(node, first + 1);
        range.Headers.Range = new RangeHeaderValue(100, 1099);
        await AssertAsync(http, range, first + 1, 100, 1000, isElsewhere);

        if (isElsewhere)
        {
            var forced = Request(node, first + 2);
            forced.Headers.CacheControl = new CacheControlHeaderValue { NoCache = true };
            await AssertAsync(http, forced, first + 2, 0, Length + first + 2, isThere: true);
            await AssertAsync(http, Request(node, first + 2), first + 2, 0, Length + first + 2, isThere: true);
        }

        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync(new Uri($"{node.Url}/resources"), Token)).StatusCode);
        Assert.InRange(await PutAsync(http, node, first + 3, ""), HttpStatusCode.OK, HttpStatusCode.Created);
        var cached = Request(node, first + 3);
        cached.Headers.CacheControl = new CacheControlHeaderValue { OnlyIfCached = true };
        await AssertAsync(http, cached, first + 3, 0, Length + first + 3, isThere: true);
    }

    private static HttpRequestMessage Request(GatewayProcess node, int id) => new(HttpMethod.Get, new Uri($"{node.Url}/resources/{id}"));

    private static async Task<HttpStatusCode> PutAsync(HttpClient http, GatewayProcess node, int id, string query)
    {
        using var body = new StreamContent(new TestBytes((ulong)id, Length + id));
        using var response = await http.PutAsync(new Uri($"{node.Url}/resources/{id}{query}"), body, Token);
        return response.StatusCode;
    }

    private static async Task AssertAsync(HttpClient http, HttpRequestMessage request, int id, int offset, long count, bool isThere)
    {
        using var asked = request;
        using var response = await http.SendAsync(asked, Token);
        if (!isThere)
        {
            Assert.True(response.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.GatewayTimeout, $"{response.StatusCode}");
            Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
            return;
        }

        response.EnsureSuccessStatusCode();
        using var all = new MemoryStream();
        await new TestBytes((ulong)id, Length + id).CopyToAsync(all, Token);
        Assert.Equal(all.ToArray()[offset..(offset + (int)count)], await response.Content.ReadAsByteArrayAsync(Token));
    }

    private static string BlobOf(GatewayProcess node, long length) =>
        new DirectoryInfo(node.StorePath).EnumerateFiles("*", SearchOption.AllDirectories).Single(file => file.Length == length).FullName;

    private static void Spoil(string path, Damage damage)
    {
        if (damage == Damage.Removed)
        {
            File.Delete(path);
            return;
        }

        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        if (damage == Damage.Flipped)
        {
            var one = new byte[1];
            RandomAccess.Read(file, one, 500);
            one[0] ^= 16;
            RandomAccess.Write(file, one, 500);
        }
        else
        {
            RandomAccess.SetLength(file, damage == Damage.Cut ? Length - 5000 : 0);
        }
    }

    /// <summary>A node that knows another, and one that knows nobody. What is spoiled on them stays their own.</summary>
    public sealed class Disks : IAsyncLifetime
    {
        private readonly TestFolder _folder = new();
        private readonly List<GatewayProcess> _nodes = [];

        internal GatewayProcess OneOfTwo => _nodes[0];

        internal GatewayProcess Lonely => _nodes[2];

        public async ValueTask InitializeAsync()
        {
            var ports = GatewayProcess.FreePorts(6);
            for (var i = 0; i < 3; i++)
            {
                _nodes.Add(await GatewayProcess.StartAsync(
                    _folder[$"node{i}"], ports[i], [ports[3 + i]], i < 2 ? ports[3..5] : [ports[5]]));
            }
        }

        public async ValueTask DisposeAsync()
        {
            foreach (var node in _nodes)
            {
                await node.DisposeAsync();
            }

            _folder.Dispose();
        }
    }
}
