using System.Diagnostics;
using System.Globalization;
using System.Net;

namespace EndToEnd;

/// <summary>Sixteen real nodes with a piece each, of which five are lost, and five others when those are made good, and a sixth.</summary>
[Collection(nameof(Alone))]
public sealed class ArchiveLossTests(ITestOutputHelper output)
{
    private const int NodeCount = 16, Losses = 5;

    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(5);

    /// <summary>What the reader that asks first has fetched of pieces goes when nobody has read it for half a minute.</summary>
    private static readonly TimeSpan CopiesLive = TimeSpan.FromSeconds(45);

    [Theory(Explicit = true)]
    [InlineData(200_000_003)]
    public async Task What_is_archived_outlives_five_nodes_and_then_five_others_and_says_what_a_sixth_had(int length)
    {
        using var folder = new TestFolder();
        await using var nodes = await ArchiveNodes.StartAsync(
            folder, NodeCount, NodeCount + Losses, "Cluster:DownAfterSeconds=20",
            string.Create(CultureInfo.InvariantCulture, $"Archive:LookSeconds={LookInterval.TotalSeconds}"));
        var bytes = new byte[length];
        new TestBytes(16, length).ReadExactly(bytes);
        var clock = Stopwatch.StartNew();
        await nodes.PutAsync(0, bytes);
        Tell("put with three replicas");
        await nodes.EndAsync(0, await nodes.ArchiveAsync(0, isForced: false));
        Tell("archived");
        Assert.All((await nodes.CountPiecesAsync()).Values, count => Assert.Equal(1, count));

        // Every node has looked by then, and noted which version each piece is.
        await Task.Delay(LookInterval * 3, TestContext.Current.CancellationToken);
        // The new ones are there before the others go: what is lost is made anew within seconds of that, wherever there is room.
        await nodes.AddAsync(Losses);
        await nodes.KillAsync(0, 1, 2, 3, 4);
        await ReadAsync(9);
        Tell("five new nodes, five killed, whole and three ranges identical");
        await GatewayProcess.WaitUntilAsync(
            async () => (await nodes.CountPiecesAsync()).Values.All(count => count == 1), "every node has a piece again");
        var paths = await Task.WhenAll(nodes.Running.Select(node => nodes.MetricAsync(node, "murky_archive_paths_total")));
        Tell(string.Create(CultureInfo.InvariantCulture, $"made anew on five new nodes, {paths.Sum()} paths"));

        await nodes.KillAsync(5, 6, 7, 8, 9);
        await ReadAsync(18);
        Tell("five others killed, whole and three ranges identical");

        // One piece fewer than it takes; what was read before may do until it is forgotten.
        await nodes.KillAsync(10);
        var refused = default((HttpStatusCode Status, string Type, string Detail));
        await GatewayProcess.WaitUntilAsync(
            async () =>
            {
                await Task.Delay(CopiesLive, TestContext.Current.CancellationToken);
                return (refused = await nodes.RefusalAsync(17)).Status != HttpStatusCode.OK;
            },
            "a sixth is too many");
        Tell($"a sixth killed: {refused}");
        Assert.Equal((HttpStatusCode.GatewayTimeout, "/problems/pieces-missing"), (refused.Status, refused.Type));
        Assert.Contains("6 of its pieces", refused.Detail, StringComparison.Ordinal);

        await nodes[10].StartAgainAsync();
        await GatewayProcess.WaitUntilAsync(
            async () => await nodes.GetAsync(17, bytes) is (HttpStatusCode.OK, true), "it comes back with the node");
        await ReadAsync(17);
        Tell("the sixth is back, whole and three ranges identical");

        async Task ReadAsync(int node)
        {
            Assert.Equal((HttpStatusCode.OK, true), await nodes.GetAsync(node, bytes));
            Assert.Equal((HttpStatusCode.PartialContent, true), await nodes.GetAsync(node, bytes, 0, 0));
            Assert.Equal((HttpStatusCode.PartialContent, true), await nodes.GetAsync(node, bytes, (length / 3) - 70_000, length / 3));
            Assert.Equal((HttpStatusCode.PartialContent, true), await nodes.GetAsync(node, bytes, length - 1_000_000));
        }

        void Tell(string what) => output.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{clock.Elapsed.TotalSeconds,7:F1} s {what}"));
    }
}
