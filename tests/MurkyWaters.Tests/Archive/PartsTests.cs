using MurkyWaters.Archive;
using MurkyWaters.Tests.Fetching;
using MurkyWaters.Tests.Network;
using PouringRain.Coding.Erasure;

namespace MurkyWaters.Tests.Archive;

/// <summary>What is kept in parts, and the chain that encodes it where it lies.</summary>
public class PartsTests
{
    private const int NodeCount = 16, Length = 3_000_001;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Cut, read, encoded by the chain, or, where a node takes no program or dies on the way, by the places themselves; and the
    /// pieces are those that are made of the whole.</summary>
    [Theory]
    [InlineData(PathFault.None)]
    [InlineData(PathFault.Cut)]
    [InlineData(PathFault.Refused)]
    internal async Task AChainEncodesPartsWhereTheyLie(PathFault fault)
    {
        var network = new MemoryCodingNetwork(fault);
        network.Open();
        await using var cloud = await NodeCloud.StartAsync(NodeCount, (i, options) => options with
        {
            Cluster = options.Cluster with { Replicas = 3, AdvertiseUrl = $"http://node{i}.test/" },
            CodingNetwork = network,
        });
        for (var i = 0; i < NodeCount; i++)
        {
            network.Nodes[cloud[i].Id] = cloud[i];
        }

        var bytes = Bytes.Random(Length, 1);
        var put = await cloud.PutAsync(0, 1, bytes);
        await UntilAsync(() => cloud[0].Nodes.Count == NodeCount, "all nodes are known");
        Assert.True(PieceShape.TryCreate(put.Id, put.Manifest, ErasureCodes.RapidRaid, out var shape));
        var expected = new PieceMaker(shape, (offset, target) => bytes.AsMemory((int)offset, target.Length).CopyTo(target))
            .Describe(_ => { }, Cancellation).Select(manifest => manifest.Version).ToArray();

        await EndAsync(cloud, await cloud[0].StartArchiveAsync(put.Id, "parts", isForced: false, Cancellation));
        Assert.All(cloud.Running, node => Assert.Equal("parts", node.FindArchived(put.Id)?.Coding));
        Assert.Equal(
            [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2], cloud.Running.Select(node => (int)node.ArchiveFigures.Pieces).Order());
        Assert.Equal(bytes, await cloud.GetAsync(7, 1));
        Assert.Equal("It is in parts already.", (await cloud[3].StartArchiveAsync(put.Id, "parts", isForced: false, Cancellation)).Detail);

        await EndAsync(cloud, await cloud[0].StartArchiveAsync(put.Id, null, isForced: false, Cancellation));
        Assert.All(cloud.Running, node => Assert.Equal("rapidraid", node.FindArchived(put.Id)?.Coding));
        Assert.All(cloud.Running, node => Assert.Equal(1, node.ArchiveFigures.Pieces));
        for (var piece = 0; piece < NodeCount; piece++)
        {
            var kept = Assert.Single(
                cloud.Running.Select(node => node.Find(shape.IdOf(piece))), one => one is { Retention: Retention.Kept });
            Assert.Equal(expected[piece], kept!.Manifest.Version);
        }

        Assert.Equal(bytes, await cloud.GetAsync(11, 1));
        var links = network.Moved.GroupBy(moved => (moved.From, moved.To)).Select(link => link.Sum(moved => moved.Bytes)).ToList();
        Assert.Equal(fault == PathFault.None ? Enumerable.Repeat(shape.Cells.PieceLength, NodeCount - 1) : [], links);
        Assert.Equal(fault == PathFault.None, !cloud.Lines.Any(line => line.Contains("came to nothing", StringComparison.Ordinal)
            || line.Contains("was cut", StringComparison.Ordinal)));

        await EndAsync(cloud, await cloud[0].StartRestoreAsync(put.Id, Cancellation));
        Assert.All(cloud.Running, node => Assert.Equal(0, node.ArchiveFigures.Pieces));
        Assert.Equal(bytes, await cloud.GetAsync(14, 1));
        Assert.Empty(cloud.Failures);
    }

    /// <summary>A part that is lost is the other replica of it, and the whole comes back from parts as well.</summary>
    [Fact]
    public async Task ALostPartIsMadeAnewAndTheWholeComesBack()
    {
        await using var cloud = await NodeCloud.StartAsync(4, (_, options) => options with
        {
            Cluster = options.Cluster with { Replicas = 2, DownAfter = TimeSpan.FromSeconds(10) },
            PieceLookInterval = TimeSpan.FromSeconds(1),
        });
        var bytes = Bytes.Random(Length, 2);
        var put = await cloud.PutAsync(0, 1, bytes);
        await UntilAsync(() => cloud[0].Nodes.Count == 4, "all nodes are known");
        await EndAsync(cloud, await cloud[0].StartArchiveAsync(put.Id, "parts", isForced: true, Cancellation));
        Assert.Equal(22, cloud.Running.Sum(node => node.ArchiveFigures.Pieces));

        await cloud.StopAsync(3);
        Assert.Equal(bytes, await cloud.GetAsync(1, 1));
        await UntilAsync(() => cloud.Running.Sum(node => node.ArchiveFigures.Pieces) == 22, "lost parts are there twice again");
        await EndAsync(cloud, await cloud[0].StartRestoreAsync(put.Id, Cancellation));
        Assert.Equal(bytes, await cloud.GetAsync(2, 1));
        Assert.Empty(cloud.Failures);
    }

    private static async Task EndAsync(NodeCloud cloud, ArchiveResult started)
    {
        Assert.Equal((ArchiveOutcome.Taken, ""), (started.Outcome, started.Detail));
        await UntilAsync(() => cloud[0].FindArchiveJob(started.Job!.Id) is { Ended: not null }, "the job ends");
        Assert.Equal((ArchivePhase.Completed, ""), (cloud[0].FindArchiveJob(started.Job!.Id)!.Phase, started.Detail));
    }

    private static Task UntilAsync(Func<bool> condition, string what) => FetchFixture.EventuallyAsync(condition, what, Patience);
}
