using PouringRain.Protocol.Cluster;

namespace PouringRain.Protocol.Tests.Cluster;

[Collection(nameof(Alone))]
public class ReplicaIndexMemoryTests
{
    /// <summary>The bound is 45 bytes.</summary>
    [Fact]
    public void AMillionResourcesTakeFewBytesEach()
    {
        const int Count = 1_000_000;
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var index = new ReplicaIndex();
        for (ulong i = 0; i < Count; i++)
        {
            index.Set(new ResourceId(ClusterHash.Mix(i)), new Replica(new ReplicaVersion((long)i, i, 1000, false), true));
        }

        var bytes = (GC.GetTotalMemory(forceFullCollection: true) - before) / (double)Count;
        Assert.InRange(bytes, 30, 45);
        Assert.Equal(Count, index.Count);
    }
}
