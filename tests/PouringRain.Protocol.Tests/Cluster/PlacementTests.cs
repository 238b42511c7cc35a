using PouringRain.Protocol.Cluster;
using Simulation;

namespace PouringRain.Protocol.Tests.Cluster;

public class PlacementTests
{
    private const int IdCount = 20_000;

    [Fact]
    public void MembersHaveTheSharesOfTheirWeights()
    {
        double[] weights = [1, 1, 2, 0.5, 4];
        var members = weights.Select((weight, i) => Member(i) with { Weight = weight }).ToArray();
        var placement = Placement.Of(members, 1);
        var counts = Ids().GroupBy(id => placement.Holders(id)[0]).ToDictionary(group => group.Key, group => group.Count());
        foreach (var member in members)
        {
            // Four standard deviations of a binomial distribution are below 300.
            Assert.InRange(counts[member.Id] - (IdCount * member.Weight / weights.Sum()), -300, 300);
        }
    }

    [Fact]
    public void WhoJoinsTakesItsPlacesAndNothingElseMoves()
    {
        var members = Enumerable.Range(0, 6).Select(Member).ToArray();
        var (before, after) = (Placement.Of(members[..5], 3), Placement.Of(members, 3));
        var taken = 0;
        foreach (var id in Ids())
        {
            var (old, now) = (before.Holders(id), after.Holders(id));
            Assert.All(now, holder => Assert.True(holder == members[5].Id || old.Contains(holder)));
            Assert.Equal(now.Contains(members[5].Id) ? 1 : 0, old.Except(now).Count());
            taken += now.Contains(members[5].Id) ? 1 : 0;
        }

        Assert.InRange(taken, IdCount * 0.47, IdCount * 0.53);
    }

    [Fact]
    public void CopiesAreInDistinctZonesThenOnDistinctMachines()
    {
        var members = Enumerable.Range(0, 9)
            .Select(i => Member(i) with { Zone = $"z{i % 3}", Host = i < 6 ? $"h{i}" : "h9", Weight = i == 0 ? 30 : 1 }).ToArray();
        var byId = members.ToDictionary(member => member.Id);
        foreach (var id in Ids().Take(2000))
        {
            var holders = Placement.Of(members, 3).Holders(id).Select(holder => byId[holder]).ToArray();
            Assert.Equal(3, holders.Select(holder => holder.Zone).Distinct().Count());
            var five = Placement.Of(members, 5).Holders(id).Select(holder => byId[holder]).ToArray();
            Assert.Equal(holders, five[..3]);
            Assert.All(five.GroupBy(holder => holder.Zone), zone => Assert.InRange(zone.Count(), 1, 2));
        }

        var twins = Enumerable.Range(0, 4).Select(i => Member(i) with { Host = $"h{i / 2}" }).ToArray();
        foreach (var id in Ids().Take(2000))
        {
            var hosts = Placement.Of(twins, 2).Holders(id).Select(holder => twins.Single(twin => twin.Id == holder).Host);
            Assert.Equal(2, hosts.Distinct().Count());
        }
    }

    [Fact]
    public void TheOrderOfTheMembersAndThoseWithoutPlacesDoNotMatter()
    {
        var members = Enumerable.Range(0, 7).Select(i => Member(i) with { Zone = $"{i % 2}" }).ToArray();
        var one = Placement.Of(members, 3);
        ClusterMember[] others =
        [
            .. members.Reverse(), members[0], Member(8) with { State = MemberState.Down }, Member(9) with { State = MemberState.Draining },
            Member(10) with { State = MemberState.Gone },
        ];
        var other = Placement.Of(others.Select(m => m.Id == members[2].Id ? m with { State = MemberState.Late } : m), 3);
        Assert.Equal(one.Hash, other.Hash);
        Assert.All(Ids().Take(1000), id => Assert.Equal(one.Holders(id), other.Holders(id)));
        Assert.NotEqual(one.Hash, Placement.Of(members, 2).Hash);
        Assert.NotEqual(one.Hash, Placement.Of(members[1..], 3).Hash);
        Assert.NotEqual(one.Hash, Placement.Of(members.Select(m => m with { Weight = 2 }), 3).Hash);
        Assert.NotEqual(one.Hash, Placement.Of(members.Select(m => m with { Zone = "" }), 3).Hash);
    }

    [Theory]
    [InlineData(0, 4, 4)]
    [InlineData(3, 2, 2)]
    [InlineData(3, 0, 0)]
    [InlineData(1, 4, 1)]
    public void AsManyAreHoldersAsAreWantedAndThere(int replicas, int members, int wanted)
    {
        var placement = Placement.Of(Enumerable.Range(0, members).Select(Member), replicas);
        Assert.Equal(wanted, placement.WantedCount);
        var holders = placement.Holders(new ResourceId(1));
        Assert.Equal(wanted, holders.Distinct().Count());
        Assert.All(placement.Members, member => Assert.Equal(holders.Contains(member), placement.IsHolder(new ResourceId(1), member)));
        Assert.False(placement.IsHolder(new ResourceId(1), new NodeId(4711)));
    }

    /// <summary>What every machine must find, on whatever processor: a change of it moves everything there is.</summary>
    [Fact]
    public void PlacesAreTheseForEver()
    {
        var placement = Placement.Of(Enumerable.Range(0, 5).Select(i => Member(i) with { Weight = 1 + (i / 10.0) }), 2);
        var all = Ids().Take(64).Select(id => string.Concat(placement.Holders(id).Select(holder => placement.Members.IndexOf(holder))));
        Assert.Equal(Golden, string.Join(' ', all));
    }

    [Fact]
    public void TheLogarithmIsRight()
    {
        var random = new SimRandom(1);
        var drawn = Enumerable.Range(0, 10_000).Select(_ => random.Next() >> (int)random.Below(64));
        ulong[] draws = [0, 1, 2, 3, ulong.MaxValue, 1UL << 63, (1UL << 63) - 1, .. drawn];
        foreach (var draw in draws)
        {
            var right = 64 - Math.Log2(Math.Max(draw, 1));
            Assert.Equal(right, FixedLog2.Negative(draw) / (double)(1UL << FixedLog2.FractionBits), 2e-7);
        }

        Assert.All(Enumerable.Range(0, 100_000), i => Assert.True(
            FixedLog2.Negative((ulong)i << 40) >= FixedLog2.Negative((ulong)(i + 1) << 40)));
    }

    /// <summary>Computed by another program, with logarithms in floating point.</summary>
    private const string Golden =
        "10 12 03 23 24 41 41 43 01 34 20 34 12 21 20 14 04 13 03 12 41 03 40 24 31 34 32 14 13 04 34 40 "
        + "32 01 01 01 01 40 40 14 24 42 10 04 02 42 21 42 32 40 12 20 32 30 14 23 02 21 34 03 30 31 03 12";

    private static IEnumerable<ResourceId> Ids() => Enumerable.Range(0, IdCount).Select(i => new ResourceId((ulong)i));

    private static ClusterMember Member(int number) =>
        new() { Id = new NodeId(new Bits128((ulong)(number + 1), 77)), Host = $"h{number}" };
}
