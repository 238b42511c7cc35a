using MurkyWaters.Archive;
using MurkyWaters.Tests.Fetching;
using MurkyWaters.Tests.Network;
using PouringRain.Coding.Erasure;
using PouringRain.Protocol;
using PouringRain.Protocol.Cluster;

namespace MurkyWaters.Tests.Archive;

/// <summary>Pieces that are made anew along a path of nodes.</summary>
public class PathRepairTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Four pieces are lost: one path is right; on the others a node lies, goes away, and takes no program. Those pieces are
    /// decoded, and all are what they were.</summary>
    [Fact]
    public async Task EveryHelperSendsOnePieceAndWhatGoesWrongIsNamedAndMadeAnotherWay()
    {
        var network = new MemoryCodingNetwork(PathFault.None, PathFault.Lies, PathFault.Cut, PathFault.Refused);
        await using var cloud = await NodeCloud.StartAsync(16, (i, options) => OptionsOf(i, options, network));
        for (var i = 0; i < 16; i++)
        {
            network.Nodes[cloud[i].Id] = cloud[i];
        }

        var bytes = Bytes.Random(3_000_001, 1);
        var put = await cloud.PutAsync(0, 1, bytes);
        await UntilAsync(() => cloud[0].Nodes.Count(node => node.State == MemberState.Up) == 16, "all nodes are there");
        var started = await cloud[0].StartArchiveAsync(put.Id, null, isForced: false, Cancellation);
        Assert.Equal((ArchiveOutcome.Taken, ""), (started.Outcome, started.Detail));
        await UntilAsync(() => cloud[0].FindArchiveJob(started.Job!.Id) is { Ended: not null }, "the job ends");
        await UntilAsync(() => Enumerable.Range(0, 16).All(i => cloud[i].KnowsPiecesOf(put.Id)), "all know what the pieces are");

        var before = Digests(cloud, put.Id, put.Manifest.Version.Tag);
        Assert.Equal(16, before.Count);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(i =>
        {
            network.Nodes.TryRemove(cloud[i].Id, out _);
            return cloud.StopAsync(i);
        }));
        network.Open();

        // A piece is there before it is counted how it came.
        await UntilAsync(
            () => Digests(cloud, put.Id, put.Manifest.Version.Tag).Count == 16
                && Enumerable.Range(4, 12).Sum(i => cloud[i].ArchiveFigures.Pieces) == 16
                && cloud.Running.Any(node => node.ArchiveFigures.Paths > 0)
                && cloud.Running.Sum(node => node.ArchiveFigures.PathsFailed) == 3, "what was lost is made anew");
        Assert.Equal(before, Digests(cloud, put.Id, put.Manifest.Version.Tag));
        Assert.Equal(bytes, await cloud.GetAsync(9, 1));
        var paths = cloud.Lines.Count(line => line.Contains("along a path of 11 nodes", StringComparison.Ordinal));
        Assert.Single(cloud.Lines, line => line.Contains("came to be another than it was", StringComparison.Ordinal));
        Assert.Single(cloud.Lines, line => line.Contains("decoded here", StringComparison.Ordinal)
            && line.Contains("was cut", StringComparison.Ordinal));
        Assert.Single(cloud.Lines, line => line.Contains("decoded here", StringComparison.Ordinal)
            && line.Contains("takes no program", StringComparison.Ordinal));

        var figures = cloud.Running.Select(node => node.ArchiveFigures).ToList();
        Assert.Equal((paths, 3), (figures.Sum(one => one.Paths), figures.Sum(one => one.PathsFailed)));

        // On a machine that is late two nodes may see to a piece, the second of which has no fault.
        Assert.InRange(paths, 1, 4);

        // One piece's worth over every link of the path that was right; only who gets the piece may have helped as well.
        var cells = new CellLayout(bytes.Length, 64 * 1024, 11).PieceLength;
        var links = network.Moved.Where(moved => moved.Path == 0).GroupBy(moved => (moved.From, moved.To))
            .Select(link => (link.Key.From, link.Key.To, Bytes: link.Sum(moved => moved.Bytes))).ToList();
        Assert.InRange(links.Count, 10, 11);
        Assert.All(links, link => Assert.Equal(cells, link.Bytes));
        Assert.Equal(links.Count, links.Select(link => link.From).Distinct().Count());
        Assert.InRange(links.Select(link => link.To).Distinct().Count(), links.Count - 1, links.Count);
        Assert.Empty(cloud.Failures);
    }

    /// <summary>A node that joins when pieces are lost has never heard of the resource: it is told what the piece was, and has it along a
    /// path as well.</summary>
    [Fact]
    public async Task ANewNodeIsToldWhatThePieceWas()
    {
        var network = new MemoryCodingNetwork(PathFault.None);
        await using var cloud = await NodeCloud.StartAsync(16, (i, options) => OptionsOf(i, options, network));
        for (var i = 0; i < 16; i++)
        {
            network.Nodes[cloud[i].Id] = cloud[i];
        }

        var put = await cloud.PutAsync(0, 1, Bytes.Random(3_000_001, 1));
        await UntilAsync(() => cloud[0].Nodes.Count(node => node.State == MemberState.Up) == 16, "all nodes are there");
        var started = await cloud[0].StartArchiveAsync(put.Id, null, isForced: false, Cancellation);
        Assert.Equal((ArchiveOutcome.Taken, ""), (started.Outcome, started.Detail));
        await UntilAsync(() => cloud[0].FindArchiveJob(started.Job!.Id) is { Ended: not null }, "the job ends");
        await UntilAsync(() => Enumerable.Range(0, 16).All(i => cloud[i].KnowsPiecesOf(put.Id)), "all know what the pieces are");
        var before = Digests(cloud, put.Id, put.Manifest.Version.Tag);

        network.Nodes.TryRemove(cloud[0].Id, out _);
        await cloud.StopAsync(0);
        var joined = await cloud.JoinAsync();
        network.Nodes[cloud[joined].Id] = cloud[joined];
        network.Open();

        // A piece is there before it is counted how it came.
        await UntilAsync(
            () => cloud[joined].ArchiveFigures is { Pieces: 1, Paths: 1 } or { PathsFailed: > 0 }, "the new node has what was lost");
        Assert.Equal((1, 0), (cloud[joined].ArchiveFigures.Paths, cloud[joined].ArchiveFigures.PathsFailed));
        Assert.Equal(before, Digests(cloud, put.Id, put.Manifest.Version.Tag));
        Assert.Empty(cloud.Failures);
    }

    private static MurkyOptions OptionsOf(int node, MurkyOptions options, MemoryCodingNetwork network) => options with
    {
        Cluster = options.Cluster with
        {
            Replicas = 3,

            // Nodes ask each other every two seconds: one that is down after fewer questions is so by luck.
            DownAfter = TimeSpan.FromSeconds(10),
            AdvertiseUrl = $"http://node{node}.test/",
        },
        PieceLookInterval = TimeSpan.FromSeconds(1),
        CodingNetwork = network,
    };

    /// <summary>The SHA-256 of every piece that some node has.</summary>
    private static SortedDictionary<int, string> Digests(NodeCloud cloud, ResourceId id, ulong tag)
    {
        var digests = new SortedDictionary<int, string>();
        for (var piece = 0; piece < 16; piece++)
        {
            foreach (var node in cloud.Running)
            {
                if (node.Find(PieceShape.IdOf(id, tag, "rapidraid", piece)) is { Retention: Retention.Kept } found)
                {
                    digests[piece] = found.Manifest.Version.ToString();
                }
            }
        }

        return digests;
    }

    private static Task UntilAsync(Func<bool> condition, string what) => FetchFixture.EventuallyAsync(condition, what, Patience);
}
