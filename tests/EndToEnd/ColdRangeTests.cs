using System.Globalization;

namespace EndToEnd;

/// <summary>A range far into what is not here costs the blocks that it touches, however long the whole is.</summary>
[Collection(nameof(Alone))]
public sealed class ColdRangeTests
{
    private const int SymbolSize = 1408;

    [Fact]
    public Task A_range_costs_the_blocks_it_touches() => RangeAsync(256L << 20, 256 << 10);

    /// <summary>Ten GB of disk and half a minute; docs/developers.md has the command.</summary>
    [Fact(Explicit = true)]
    public Task A_range_of_ten_gigabytes_costs_the_blocks_it_touches() => RangeAsync(10_000_000_000, 1 << 20);

    private static async Task RangeAsync(long length, int blockSize)
    {
        var symbolsOfBlock = (blockSize + SymbolSize - 1) / SymbolSize;
        Tool.Require("curl");
        using var folder = new TestFolder();
        await using var cluster = await Cluster.StartAsync(folder, 2, [], []);
        using (var http = new HttpClient { Timeout = TimeSpan.FromMinutes(10) })
        {
            using var content = new StreamContent(new TestBytes(8, length), 1 << 20);
            (await http.PutAsync(new Uri($"{cluster.Nodes[0].Url}/resources/8"), content, TestContext.Current.CancellationToken))
                .EnsureSuccessStatusCode();
        }

        // The manifest, 32 bytes a block and a little, comes with every round of the rain: once for each place that a request names.
        var manifest = ((((length + blockSize - 1) / blockSize) * 32) + SymbolSize - 1) / SymbolSize;
        var total = 0L;
        var block = (length / blockSize) - 3;
        foreach (var (range, blocks) in ((string, int)[])[
            (Bytes((block * blockSize) + 1000, 1000), 1),
            (Bytes((block * blockSize) + 2000, 1000), 0),
            (Bytes((block * blockSize / 2) - 1, 2), block % 2 == 0 ? 2 : 1),
            (Bytes(7 * blockSize, 3 * blockSize), 3),
            (string.Join(',', Enumerable.Range(0, 20).Select(i => Bytes((20 + (5 * i)) * (long)blockSize, 100))), 20)])
        {
            var run = await Tool.CurlAsync(
                "-f", "-r", range, "-w", "%{http_code} %{time_starttransfer}", "-o", folder["out"], $"{cluster.Gateway.Url}/resources/8");
            var answer = run.Succeeded().Split(' ');
            Assert.Equal("206", answer[0]);

            // Readers that come soon after each other share a transfer, so the sum over all of them is what counts.
            var droplets = 0L;
            await GatewayProcess.WaitUntilAsync(
                async () =>
                {
                    var items = (await cluster.Gateway.GetJsonAsync("/transfers")).GetProperty("items").EnumerateArray().ToList();
                    droplets = items.Sum(item => item.GetProperty("dropletsReceived").GetInt64());
                    return items.TrueForAll(item => item.GetProperty("state").GetString() != "raining");
                },
                "the end of the rain");
            TestContext.Current.TestOutputHelper?.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"{range[..Math.Min(40, range.Length)]}: {droplets - total} droplets for "
                    + $"{blocks * symbolsOfBlock} symbols, first byte after {answer[1]} s"));
            Assert.InRange(
                droplets - total, blocks * symbolsOfBlock,
                blocks == 0 ? 0 : (manifest * range.Split(',').Length) + (blocks * (symbolsOfBlock + 40)));
            total = droplets;
        }
    }

    private static string Bytes(long offset, long count) => string.Create(CultureInfo.InvariantCulture, $"{offset}-{offset + count - 1}");
}
