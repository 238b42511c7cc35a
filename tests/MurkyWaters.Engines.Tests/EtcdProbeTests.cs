using MurkyWaters.Engines.Etcd;

namespace MurkyWaters.Engines.Tests;

[Collection(nameof(FaultCollection))]
public sealed class EtcdProbeTests(EtcdServers servers) : EtcdTest(servers)
{
    [Fact]
    public async Task Every_server_answers_for_itself_and_names_its_cluster()
    {
        var looks = await Task.WhenAll(Servers.Addresses.Select(LookAsync));
        Assert.All(looks, look => Assert.Null(look.Trouble));
        Assert.All(looks, look => Assert.Matches(@"^3\.\d+\.\d+", look.Version));
        Assert.Single(looks.Select(look => look.Cluster).Distinct());
        Assert.NotNull(looks[0].Cluster);
        Assert.Empty(await Servers.ListAsync(Root));
    }

    [Fact]
    public async Task One_without_a_majority_says_who_it_is_and_is_of_no_use()
    {
        await Servers.KillAsync(0);
        await Servers.KillAsync(1);
        var looks = await Task.WhenAll(Servers.Addresses.Select(LookAsync));
        Assert.All(looks, look => Assert.NotNull(look.Trouble));
        Assert.Equal([null, null], looks[..2].Select(look => look.Version));
        Assert.Matches(@"^3\.\d+\.\d+", looks[2].Version);
    }

    private Task<EtcdLook> LookAsync(Uri address) => EtcdProbe.LookAsync(address, Cluster, TimeProvider.System, Limit);
}
