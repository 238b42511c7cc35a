using PouringRain.Protocol.Cluster;
using Simulation;

namespace PouringRain.Protocol.Tests.Cluster;

public class ReplicaIndexTests
{
    /// <summary>Random changes beside a dictionary.</summary>
    [Fact]
    public void ItIsAsADictionaryWouldBe()
    {
        var random = new SimRandom(5);
        var index = new ReplicaIndex();
        var model = new Dictionary<ResourceId, Replica>();
        for (var i = 0; i < 60_000; i++)
        {
            var id = new ResourceId(random.Chance(500_000) ? ClusterHash.Mix((ulong)random.Below(20_000)) : (ulong)random.Below(20_000));
            if (random.Chance(300_000))
            {
                Assert.Equal(model.Remove(id), index.Remove(id));
            }
            else
            {
                var replica = Draw(random);
                index.Set(id, replica);
                model[id] = replica;
            }
        }

        Assert.Equal(model.Count, index.Count);
        Assert.Equal(model.Values.Count(replica => replica.Version.IsDeleted), index.TombstoneCount);
        var bodies = model.Values.Where(replica => !replica.Version.IsDeleted).ToArray();
        Assert.Equal(bodies.Count(replica => replica.IsKept), index.KeptCount);
        Assert.Equal(bodies.Where(replica => replica.IsKept).Sum(replica => replica.Version.Length), index.KeptBytes);
        Assert.Equal(bodies.Where(replica => !replica.IsKept).Sum(replica => replica.Version.Length), index.CachedBytes);
        foreach (var (id, replica) in model)
        {
            Assert.True(index.TryFind(id, out var found));
            Assert.Equal(replica, found);
        }

        var walked = Enumerable.Range(0, ReplicaIndex.PartitionCount).SelectMany(partition => Walk(index, partition));
        Assert.Equal(model.Keys.Order(), walked.Order());
    }

    [Fact]
    public void APartitionIsWalkedInTheOrderOfIdsInPiecesOfAnyLength()
    {
        var index = new ReplicaIndex();
        for (ulong i = 0; i < 20_000; i++)
        {
            index.Set(new ResourceId(i * 0x9E37_79B9_7F4A_7C15), new Replica(new ReplicaVersion((long)i, i, 1, false), true));
        }

        var ids = Walk(index, 7, 3);
        Assert.Equal(ids, Walk(index, 7, 1000));
        Assert.Equal(ids.Order(), ids);
        Assert.All(ids, id => Assert.Equal(7, ReplicaIndex.PartitionOf(id)));
        Assert.InRange(ids.Count, 5, 60);
    }

    [Theory]
    [InlineData("raptorq", false)]
    [InlineData("lt", false)]
    [InlineData("rapidraid", true)]
    public void ATombstonesCodeIsKnown(string code, bool isToBeTold)
    {
        var index = new ReplicaIndex();
        var manifest = Manifest.CreateTombstone(code, 1234);
        var id = new ResourceId(3);
        index.Set(id, new Replica(ReplicaVersion.Of(manifest), true), isToBeTold ? code : null);
        Assert.True(index.TryFindEntry(id, out var entry));
        Assert.True(Tombstones.TryCreate(entry.Code, entry.Replica.Version, out var made));
        Assert.Equal(manifest.Version, made.Version);
        Assert.False(Tombstones.TryCreate(entry.Code, entry.Replica.Version with { Stamp = 1235 }, out _));
    }

    [Fact]
    public void ACopyInDoubtStaysSoUntilAnotherVersionComes()
    {
        var index = new ReplicaIndex();
        var id = new ResourceId(9);
        var replica = new Replica(new ReplicaVersion(5, 6, 7, false), true);
        index.Set(id, replica);
        index.SetDoubt(id, true);
        index.Set(id, replica with { IsKept = false });
        Assert.True(index.TryFindEntry(id, out var entry) && entry.IsInDoubt);
        index.Set(id, replica with { Version = replica.Version with { Stamp = 8 } });
        Assert.True(index.TryFindEntry(id, out entry) && !entry.IsInDoubt);
    }

    private static Replica Draw(SimRandom random)
    {
        var isDeleted = random.Chance(200_000);
        return new Replica(
            new ReplicaVersion(random.Below(1000), random.Next(), isDeleted ? 0 : random.Below(1 << 40), isDeleted),
            isDeleted || random.Chance(500_000));
    }

    private static List<ResourceId> Walk(ReplicaIndex index, int partition, int step = 16)
    {
        var entries = new ReplicaEntry[step];
        var ids = new List<ResourceId>();
        for (ResourceId? after = null; ; after = ids[^1])
        {
            var count = index.CopyAfter(partition, after, entries);
            ids.AddRange(entries.Take(count).Select(entry => entry.Id));
            if (count < step)
            {
                return ids;
            }
        }
    }
}
