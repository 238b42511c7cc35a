using MurkyWaters.Cluster;
using PouringRain.Protocol;
using PouringRain.Protocol.Cluster;

namespace MurkyWaters.Tests.Network;

/// <summary>A cluster on real sockets, of which a node is drained and switched off.</summary>
[Collection(nameof(Alone))]
public class DrainedNodeTests
{
    private const int Last = 3;

    [Fact]
    public async Task ANodeGivesAwayAllThatItKeepsAndIsNotMissed()
    {
        await using var cloud = await NodeCloud.StartAsync(4, (index, options) => options with
        {
            Secret = "a secret"u8.ToArray(),
            Cluster = options.Cluster with { Replicas = 2, Zone = $"zone {index % 2}", SweepInterval = TimeSpan.FromSeconds(3) },
        });
        await EventuallyAsync(() => Enumerable.Range(0, 4).All(i => cloud[i].ClusterFigures.Nodes.GetValueOrDefault(MemberState.Up) == 4));
        for (ulong id = 1; id <= 40; id++)
        {
            await cloud.PutAsync((int)(id % 4), id, Bytes.Random(1000 * (int)id, (int)id));
        }

        await EventuallyAsync(() => Survives(cloud[0]) == (1, 1, 0) && cloud[0].ClusterFigures.UnderReplicated == 0);
        var self = cloud[Last].Nodes[0].Id;
        Assert.Equal(DrainResult.Taken, await cloud[Last].StartDrainAsync(self, TestContext.Current.CancellationToken));
        await cloud.PutAsync(Last, 41, Bytes.Random(300_000, 41));
        await EventuallyAsync(() => cloud[0].Nodes.Any(node => node.Id == self && node.State == MemberState.Draining));

        // The process that is told is not the one that ends it.
        await cloud.StopAsync(Last);
        await cloud.StartAsync(Last);
        await cloud.PutAsync(Last, 42, Bytes.Random(10, 42));
        await EventuallyAsync(() => cloud[0].Nodes.Any(node => node.Id == self && node.Drain is { IsDone: true }));
        Assert.Equal(new NodeDrain(true, 0, 0, 0, 0), cloud[Last].Nodes[0].Drain! with { RateBytesPerSecond = 0 });
        await cloud.StopAsync(Last);
        await EventuallyAsync(() => cloud[0].ClusterFigures.Nodes.GetValueOrDefault(MemberState.Down) == 1);
        await EventuallyAsync(() => Survives(cloud[0]) == (1, 1, 0));
        for (ulong id = 1; id <= 42; id++)
        {
            var holders = Enumerable.Range(0, 3).Select(i => cloud[i].HoldersOf(new ResourceId(id)).Holders.Length).Max();
            Assert.True(holders == 2, $"{id} has {holders} holders");
        }
    }

    private static (int Nodes, int Zones, int Unknown) Survives(MurkyNode node)
    {
        var survives = node.ClusterFigures.Survives;
        return (survives.Nodes, survives.Zones, survives.Unknown.Length);
    }

    private static async Task EventuallyAsync(Func<bool> condition)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromMinutes(3));
        while (!condition())
        {
            await Task.Delay(20, limit.Token);
        }
    }
}
