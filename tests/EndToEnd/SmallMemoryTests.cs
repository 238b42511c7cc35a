using System.Diagnostics;

namespace EndToEnd;

/// <summary>Many downloads through the rain of a gateway that has little memory: they wait
/// for their part of it, and all end whole.</summary>
public sealed class SmallMemoryTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public Task More_downloads_than_the_memory_has_windows_for_end_whole() =>
        DownloadAsync(heapMiB: 192, resources: 16, clients: 20, length: 32_000_000);

    /// <summary>docs/developers.md has the command; it wants 26 GB of disk.</summary>
    [Theory(Explicit = true)]
    [InlineData(384, 64, 64)]
    [InlineData(768, 64, 64)]
    [InlineData(384, 4, 64)]
    public Task Sixty_four_downloads_of_200_megabytes_end_whole(int heapMiB, int resources, int clients) =>
        DownloadAsync(heapMiB, resources, clients, length: 200_000_000);

    private static async Task DownloadAsync(int heapMiB, int resources, int clients, int length)
    {
        using var folder = new TestFolder();
        var ports = GatewayProcess.FreePorts(4);
        var limits = new ProcessLimits(HeapBytes: (long)heapMiB << 20);
        await using var node = await GatewayProcess.StartAsync(limits, folder["node"], ports[0], [ports[1]], [ports[1]]);
        await using var gateway = await GatewayProcess.StartAsync(limits, folder["gateway"], ports[2], [ports[3]], [ports[1]]);
        using var http = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = clients })
        {
            Timeout = TimeSpan.FromMinutes(20),
        };
        for (var i = 0; i < resources; i++)
        {
            using var body = new StreamContent(new TestBytes((ulong)i, length), 1 << 20);
            (await http.PutAsync(new Uri($"{node.Url}/resources/{i}"), body, Token)).EnsureSuccessStatusCode();
        }

        var clock = Stopwatch.StartNew();
        var wrong = await Task.WhenAll(
            Enumerable.Range(0, clients).Select(i => Task.Run(() => CompareAsync(http, gateway, i % resources, length), Token)));
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{heapMiB} MiB, {clients} downloads of {resources} x {length / 1e6:F0} MB: {wrong.Count(text => text is not null)} broken, "
            + $"{(long)clients * length / 1e6 / clock.Elapsed.TotalSeconds:F0} MB/s, resident {gateway.PeakMemoryBytes() / 1e6:F0} MB at "
            + "the most");
        Assert.All(wrong, text => Assert.Null(text));
        Assert.DoesNotContain("OutOfMemory", gateway.Log + node.Log, StringComparison.Ordinal);
    }

    /// <summary>What was wrong with a download, or null.</summary>
    private static async Task<string?> CompareAsync(HttpClient http, GatewayProcess gateway, int id, int length)
    {
        try
        {
            await using var stream = await http.GetStreamAsync(new Uri($"{gateway.Url}/resources/{id}"), Token);
            await using var wanted = new TestBytes((ulong)id, length);
            var (got, right) = (new byte[128 * 1024], new byte[128 * 1024]);
            for (var at = 0; ;)
            {
                var count = await stream.ReadAsync(got, Token);
                if (count == 0)
                {
                    return at == length ? null : $"{id} ends at {at}";
                }

                wanted.ReadExactly(right, 0, count);
                if (!got.AsSpan(0, count).SequenceEqual(right.AsSpan(0, count)))
                {
                    return $"{id} is wrong after {at}";
                }

                at += count;
            }
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            return $"{id}: {e.Message}";
        }
    }
}
