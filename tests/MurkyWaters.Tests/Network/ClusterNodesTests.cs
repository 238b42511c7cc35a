using MurkyWaters.Tests.Fetching;
using PouringRain.Protocol.Cluster;

namespace MurkyWaters.Tests.Network;

/// <summary>Who knows whom, on real sockets.</summary>
public class ClusterNodesTests
{
    [Fact]
    public async Task NodesOfOneSecretKnowEachOtherOnceWhateverTheirAddressesAndNoStranger()
    {
        await using var cloud = await NodeCloud.StartAsync(3, (index, options) => options with
        {
            Secret = index == 2 ? "another secret"u8.ToArray() : "a secret"u8.ToArray(),
            Cluster = options.Cluster with { Zone = $"zone {index}", AdvertiseUrl = $"http://node{index}.example:8080" },
        });

        await FetchFixture.EventuallyAsync(
            () => cloud[0].Nodes.Count == 2 && cloud[1].Nodes.Count == 2, "two of them know each other");

        var (self, other) = (cloud[0].Nodes[0], cloud[0].Nodes[1]);
        Assert.Equal((cloud[1].Nodes[0].Id, "zone 1", "http://node1.example:8080", MemberState.Up),
            (other.Id, other.Zone, other.Url, other.State));
        Assert.Equal((cloud[1].Nodes[1].Id, "zone 0"), (self.Id, self.Zone));
        Assert.Equal([cloud[1].ListenEndPoints[0].ToString()], other.Rain.Take(1));
        Assert.Single(cloud[2].Nodes);
    }
}
