using MurkyWaters.Archive;
using MurkyWaters.Cluster;
using MurkyWaters.Tests.Fetching;
using MurkyWaters.Tests.Network;
using PouringRain.Coding.Erasure;

namespace MurkyWaters.Tests.Archive;

/// <summary>A node with pieces that is drained.</summary>
public class DrainedPiecesTests
{
    private const int Last = 3;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    /// <summary>It may be switched off when the others have all pieces, and not before.</summary>
    [Fact]
    public async Task ADrainedNodeGivesAwayThePiecesThatItAloneHas()
    {
        await using var cloud = await NodeCloud.StartAsync(4, (_, options) => options with
        {
            Secret = "a secret"u8.ToArray(),
            Cluster = options.Cluster with { Replicas = 2, SweepInterval = TimeSpan.FromSeconds(1) },
            PieceLookInterval = TimeSpan.FromSeconds(4),
        });
        var bytes = Bytes.Random(2_000_003, 1);
        var put = await cloud.PutAsync(0, 1, bytes);
        await UntilAsync(() => cloud[0].Nodes.Count == 4, "all nodes are known");
        var started = await cloud[0].StartArchiveAsync(put.Id, null, isForced: true, TestContext.Current.CancellationToken);
        await UntilAsync(() => cloud[0].FindArchiveJob(started.Job!.Id) is { Phase: ArchivePhase.Completed }, "the job ends");
        Assert.Equal(4, cloud[Last].ArchiveFigures.Pieces);
        Assert.True(PieceShape.TryCreate(put.Id, put.Manifest, ErasureCodes.RapidRaid, out var shape));

        Assert.Equal(DrainResult.Taken, await cloud[Last].StartDrainAsync(cloud[Last].Id, TestContext.Current.CancellationToken));
        await UntilAsync(() => cloud[Last].Nodes[0].Drain is { IsDone: true }, "it has given away what it had");
        Assert.All(Enumerable.Range(0, 16), piece => Assert.Contains(
            Enumerable.Range(0, Last), node => cloud[node].Find(shape.IdOf(piece)) is { Retention: Retention.Kept }));
        await cloud.StopAsync(Last);
        Assert.Equal(bytes, await cloud.GetAsync(1, 1));
        Assert.Empty(cloud.Failures);
    }

    private static Task UntilAsync(Func<bool> condition, string what) => FetchFixture.EventuallyAsync(condition, what, Patience);
}
