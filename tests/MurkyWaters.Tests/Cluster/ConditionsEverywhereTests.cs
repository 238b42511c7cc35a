using MurkyWaters.Cluster;
using MurkyWaters.Tests.Network;
using PouringRain.Protocol;

namespace MurkyWaters.Tests.Cluster;

/// <summary>Conditions of writes at several nodes on real sockets, which have one registry in memory.</summary>
public sealed class ConditionsEverywhereTests
{
    private static readonly ResourceId Id = new(7);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task OfManyWritesAtOnceOneWinsEachGeneration()
    {
        const int nodes = 4, writes = 16;
        await using var registry = new TurnsInMemory();
        await using var cloud = await StartAsync(registry, nodes);
        var sizes = new[] { 100, 100_000, 300, 70_000 };
        Sha256Digest? version = null;
        for (var generation = 0; generation < sizes.Length; generation++)
        {
            var expected = version;
            var results = await Task.WhenAll(Enumerable.Range(generation * writes, writes).Select(i => PutAsync(
                cloud[i % nodes], Bytes.Random(sizes[i / writes], i), found => found?.Manifest.Version == expected)));
            var won = Assert.Single(results, result => result.Outcome is UploadOutcome.Created or UploadOutcome.Replaced);
            Assert.Equal(generation == 0 ? UploadOutcome.Created : UploadOutcome.Replaced, won.Outcome);
            Assert.All(results.Where(result => result != won), result =>
            {
                Assert.Equal(UploadOutcome.PreconditionFailed, result.Outcome);
                Assert.Equal(won.Resource!.Manifest.Version, result.Resource!.Manifest.Version);
            });
            version = won.Resource!.Manifest.Version;
        }

        var deletions = await Task.WhenAll(Enumerable.Range(0, nodes).Select(i => cloud[i].DeleteAsync(
            Id, found => found?.Version == version, Cancellation)));
        Assert.Single(deletions, deletion => deletion.Outcome == DeleteOutcome.Deleted);
        Assert.All(deletions, deletion => Assert.True(deletion.Outcome is DeleteOutcome.Deleted or DeleteOutcome.PreconditionFailed));

        // What was deleted may be created again, once.
        var again = await Task.WhenAll(Enumerable.Range(0, nodes).Select(i => PutAsync(cloud[i], [(byte)i], found => found is null)));
        Assert.Single(again, result => result.Outcome == UploadOutcome.Created);
        Assert.Equal(0, registry.Count);
        Assert.Empty(cloud.Failures);
    }

    /// <summary>A node that has an older version, or none, and is no holder.</summary>
    [Fact]
    public async Task TheConditionIsAboutWhatAnotherNodeHas()
    {
        await using var registry = new TurnsInMemory();
        await using var cloud = await StartAsync(registry, 3, replicas: 1);
        var first = await PutAsync(cloud[0], Bytes.Random(50_000, 1), _ => true);
        var second = await PutAsync(cloud[1], Bytes.Random(50_000, 2), found => found?.Manifest.Version == VersionOf(first));
        Assert.Equal(UploadOutcome.Replaced, second.Outcome);
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(VersionOf(second), (await cloud[i].FindNewestAsync(Id, Cancellation))!.Version);
        }

        var third = await PutAsync(cloud[2], [3], found => found?.Manifest.Version == VersionOf(first));
        Assert.Equal(UploadOutcome.PreconditionFailed, third.Outcome);
        Assert.True((await PutAsync(cloud[2], [3], found => found?.Manifest.Version == VersionOf(second))).Resource!.Manifest.Stamp
            > second.Resource!.Manifest.Stamp);
    }

    [Fact]
    public async Task WithoutTheRegistryOnlyWritesWithoutConditionsGoOn()
    {
        await using var registry = new TurnsInMemory();
        await using var cloud = await StartAsync(registry, 3);
        var put = await cloud.PutAsync(0, Id.Value, [1, 2, 3]);
        registry.IsAway = true;

        await Assert.ThrowsAsync<ClusterUnavailableException>(() => PutAsync(cloud[1], [4], _ => true));
        await Assert.ThrowsAsync<ClusterUnavailableException>(() => cloud[1].DeleteAsync(Id, _ => true, Cancellation));
        await Assert.ThrowsAsync<ClusterUnavailableException>(() => cloud[1].FindNewestAsync(Id, Cancellation));
        Assert.Equal([1, 2, 3], await cloud.GetAsync(2, Id.Value));
        var later = await cloud.PutAsync(1, Id.Value, [5]);
        Assert.True(later.Manifest.Stamp > put.Manifest.Stamp);
        Assert.Equal(DeleteOutcome.Deleted, (await cloud[1].DeleteAsync(Id, null, Cancellation)).Outcome);

        registry.IsAway = false;
        Assert.Equal(UploadOutcome.Created, (await PutAsync(cloud[2], [6], found => found is null)).Outcome);
    }

    [Fact]
    public async Task ATurnThatIsLostBeforeTheCommitStoresNothing()
    {
        await using var registry = new TurnsInMemory { Began = turn => turn.IsHeld = false };
        await using var cloud = await StartAsync(registry, 2);
        await Assert.ThrowsAsync<ClusterUnavailableException>(() => PutAsync(cloud[0], [4], _ => true));
        Assert.Null(cloud[0].Find(Id));
    }

    private static Sha256Digest? VersionOf(UploadResult result) => result.Resource?.Manifest.Version;

    private static Task<NodeCloud> StartAsync(TurnsInMemory registry, int count, int replicas = 3) => NodeCloud.StartAsync(
        count, (_, options) => options with
        {
            OpenRegistry = () => registry,
            Cluster = options.Cluster with { Replicas = replicas },
        });

    private static async Task<UploadResult> PutAsync(MurkyNode node, byte[] bytes, Func<StoredResource?, bool> precondition)
    {
        await using var upload = node.BeginUpload(
            new UploadOptions { Id = Id, Length = bytes.Length, Precondition = precondition });
        await upload.WriteAsync(bytes, Cancellation);
        return await upload.CommitAsync(Cancellation);
    }
}
