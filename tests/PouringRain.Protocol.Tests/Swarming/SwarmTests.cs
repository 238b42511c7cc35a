using Simulation;

namespace PouringRain.Protocol.Tests.Swarming;

public class SwarmTests
{
    private readonly SwarmTable _table = new();
    private readonly SimContent _content = SimContent.Create(Scene.RandomBytes(40_000), blockBytes: 1024, symbolSize: 128);
    private SplitMix _random = new(5);

    [Fact]
    public void TheAskerIsNeverDrawnAndNobodyTwice()
    {
        var members = Enumerable.Range(1, 60).Select(i => Enter(i, Address(i))).ToArray();
        var seen = new HashSet<PeerAddress>();
        for (var i = 0; i < 200; i++)
        {
            var drawn = Draw(except: 7, max: 50);
            Assert.Equal(50, drawn.Length);
            Assert.Equal(50, drawn.Distinct().Count());
            Assert.DoesNotContain(Address(7), drawn);
            seen.UnionWith(drawn);
        }

        Assert.Equal(59, seen.Count);
        Assert.Equal(60, members[0].Swarm.MemberCount);
    }

    [Fact]
    public void WhoIsOnThisMachineIsNamedOnlyOnIt()
    {
        Enter(1, PeerAddress.FromIPv4(0x7F00_0001, 1980));
        Enter(2, new PeerAddress(1, 1980));
        Enter(3, Address(3));
        Enter(4, new PeerAddress(new Bits128(0xFE80000000000000, 1), 1980, 2));
        Assert.Equal([Address(3)], Draw(except: 9));
        Assert.Equal(3, Draw(except: 9, withLoopback: true).Length);
    }

    [Fact]
    public void WhoRainsNothingIsNamedToNobodyUntilItDoes()
    {
        var silent = Enter(1, Address(1) with { Port = 0 });
        Assert.Empty(Draw(except: 9));
        Assert.Equal(0, silent.Swarm.Changes);
        silent.Swarm.Move(silent, Address(1));
        Assert.Equal([Address(1)], Draw(except: 9));
        Assert.Equal(1, silent.Swarm.Changes);
        silent.Swarm.Move(silent, Address(1) with { Port = 0 });
        Assert.Empty(Draw(except: 9));
    }

    [Fact]
    public void ANodeIsOneMemberHoweverManySubscriptionsItHasAndASwarmWithoutMembersIsForgotten()
    {
        var random = new Random(2);
        var rows = new List<SwarmMember>();
        for (var i = 0; i < 5000; i++)
        {
            if (rows.Count == 0 || random.Next(100) < 50)
            {
                var node = random.Next(1, 20);
                rows.Add(Enter(node, Address(node) with { Port = (ushort)random.Next(2) }));
            }
            else
            {
                var index = random.Next(rows.Count);
                _table.Leave(rows[index]);
                rows.RemoveAt(index);
            }

            var raining = rows.Where(row => row.Address.Port != 0).DistinctBy(row => row.Node).ToArray();
            Assert.Equal(raining.Length, _table.CountMembers(Scene.Id, _content.Manifest.Version));
            Assert.Superset(raining.Select(row => row.Address).ToHashSet(), Draw(except: 99).ToHashSet());
            Assert.InRange(Draw(except: 99).DistinctBy(peer => peer.Address).Count(), raining.Length, 19);
            Assert.Equal(rows.Count == 0 ? 0 : 1, _table.Count);
        }
    }

    [Fact]
    public void WhoHasFinishedIsStillNamedAsLongAsOthersFetchButFewOfThem()
    {
        Enter(1, Address(1));
        var second = Enter(2, Address(2));
        _table.Leave(second);
        Assert.Equal([Address(2)], Draw(except: 1));
        Assert.Equal((1, 2), (second.Swarm.MemberCount, second.Swarm.KnownCount));

        // It comes back, at another port.
        var elsewhere = Address(2) with { Port = 1981 };
        Assert.Same(second, Enter(2, elsewhere));
        Assert.Equal([elsewhere], Draw(except: 1));
        Assert.Equal((2, 2), (second.Swarm.MemberCount, second.Swarm.KnownCount));
        for (var i = 100; i < 1000; i++)
        {
            _table.Leave(Enter(i, Address(i)));
        }

        _table.Leave(second);
        Assert.Equal((1, 65), (second.Swarm.MemberCount, second.Swarm.KnownCount));
        Assert.Contains(elsewhere, Draw(except: 1, max: 65));
        Assert.DoesNotContain(Address(100), Draw(except: 1, max: 65));
    }

    private static PeerAddress Address(int i) => PeerAddress.FromIPv4(0x0A00_0000 + (uint)i, 1980);

    private SwarmMember Enter(int node, PeerAddress address) =>
        _table.Enter(Scene.Id, _content.Manifest, isSeeded: true, new NodeId((ulong)node), address);

    private PeerAddress[] Draw(int except, bool withLoopback = false, int max = 50)
    {
        var peers = new PeerAddress[max];
        var swarm = _table.Find(Scene.Id, _content.Manifest.Version);
        return swarm is null ? [] : peers[..swarm.Draw(ref _random, new NodeId((ulong)except), withLoopback, peers)];
    }
}
