using System.Net;
using System.Text;
using MurkyWaters.Cluster;
using MurkyWaters.Engines.Etcd;
using MurkyWaters.Tests;
using PouringRain.Protocol;
using PouringRain.Protocol.Cluster;

namespace MurkyWaters.Engines.Tests;

/// <summary>Nodes that are told in etcd to give away what they keep.</summary>
[Collection(nameof(FaultCollection))]
public sealed class DrainTests(EtcdServers servers) : EtcdTest(servers), IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("drains-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_node_is_drained_at_the_word_of_another_and_goes_on_after_a_restart_without_etcd()
    {
        NodeId otherId;
        await using var node = await StartAsync("one");
        await using (var other = await StartAsync("other"))
        {
            otherId = other.Nodes[0].Id;
            await EventuallyAsync(() => StateOf(node, otherId) == MemberState.Up);
            Assert.Equal(DrainResult.Taken, await node.StartDrainAsync(otherId, Limit));
            await EventuallyAsync(() => StateOf(node, otherId) == MemberState.Draining && other.Nodes[0].State == MemberState.Draining);
            Assert.Equal(DrainOutcome.Refused, (await other.StartDrainAsync(node.Nodes[0].Id, Limit)).Outcome);
        }

        for (var i = 0; i < EtcdServers.Count; i++)
        {
            await Servers.KillAsync(i);
        }

        await using (var other = await StartAsync("other"))
        {
            Assert.Equal((MemberState.Draining, otherId), (other.Nodes[0].State, other.Nodes[0].Id));
            Assert.Equal(DrainOutcome.Unavailable, (await node.StopDrainAsync(otherId, Limit)).Outcome);
            await Servers.HealAsync();
            await EventuallyAsync(() => node.ClusterFigures.Registry!.IsConnected && other.ClusterFigures.Registry!.IsConnected);
            Assert.Equal(MemberState.Draining, other.Nodes[0].State);
            Assert.Equal(DrainResult.Taken, await node.StopDrainAsync(otherId, Limit));
            await EventuallyAsync(() => StateOf(node, otherId) == MemberState.Up && other.Nodes[0].State == MemberState.Up);
        }
    }

    [Fact]
    public async Task Of_two_that_are_told_at_once_one_is_refused()
    {
        await using var one = await StartAsync("one", replicas: 2);
        await using var other = await StartAsync("other", replicas: 2);
        await using var third = await StartAsync("third", replicas: 2);
        var ids = new[] { one, other, third }.Select(node => node.Nodes[0].Id).ToArray();
        await EventuallyAsync(() => ids.All(id => new[] { one, other, third }.All(node => StateOf(node, id) == MemberState.Up)));
        var results = await Task.WhenAll(one.StartDrainAsync(ids[0], Limit), other.StartDrainAsync(ids[1], Limit));
        Assert.Equal([DrainOutcome.Taken, DrainOutcome.Refused], results.Select(result => result.Outcome).Order());
        await EventuallyAsync(() => third.Nodes.Count(node => node.State == MemberState.Draining) == 1);
    }

    private static MemberState? StateOf(MurkyNode node, NodeId id) => node.Nodes.FirstOrDefault(known => known.Id == id)?.State;

    private async Task<MurkyNode> StartAsync(string name, int replicas = 3)
    {
        var path = Directory.CreateDirectory(Path.Combine(_folder, name)).FullName;
        await File.WriteAllTextAsync(Path.Combine(path, "servers.json"), "[]", Limit);
        var cluster = new ClusterOptions { Etcd = Servers.Addresses, Name = Cluster, Replicas = replicas };
        var loggers = new TestLoggers(name);
        return await MurkyNode.StartAsync(
            new MurkyOptions
            {
                StorePath = Path.Combine(path, "data"),
                Listen = [new IPEndPoint(IPAddress.Loopback, 0)],
                ServersFile = Path.Combine(path, "servers.json"),
                Secret = Encoding.ASCII.GetBytes(Cluster),
                Cluster = cluster,
                OpenRegistry = () => EtcdRegistry.Open(cluster, TimeProvider.System, loggers.CreateLogger("etcd")),
            },
            loggers, Limit);
    }

    private async Task EventuallyAsync(Func<bool> condition)
    {
        while (!condition())
        {
            await Task.Delay(20, Limit);
        }
    }
}
