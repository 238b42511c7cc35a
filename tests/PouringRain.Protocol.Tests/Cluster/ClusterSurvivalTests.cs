using PouringRain.Protocol.Cluster;

namespace PouringRain.Protocol.Tests.Cluster;

/// <summary>How much of a cluster can be lost, by what its nodes say.</summary>
public class ClusterSurvivalTests
{
    private static readonly Instant Now = new(5_000_000_000_000);
    private static readonly TimeSpan DownAfter = TimeSpan.FromMinutes(10);

    [Fact]
    public void AllButOneOfTheFewestCopiesCanBeLost() =>
        Assert.Equal((2, 1, 0), Survives(Node(1, "a", 3, 2), Node(2, "b", 3, 3), Node(3, "c", 4, 4), Node(4, "d", 3, 3)));

    [Fact]
    public void OneNodeAloneSurvivesNothing() => Assert.Equal((0, 0, 0), Survives(Node(1, "a", null)));

    [Fact]
    public void NoMoreThanThereAreCanBeLost() => Assert.Equal((1, 0, 0), Survives(Node(1, "a", 9, 9), Node(2, "a", 9, 9)));

    [Fact]
    public void WhatHasNoCopyAtAllSurvivesNothing() => Assert.Equal((0, 0, 0), Survives(Node(1, "a", 0, 0), Node(2, "b", 3, 3)));

    [Fact]
    public void WhoIsSilentIsLostAlready() =>
        Assert.Equal((1, 1, 0), Survives(Node(1, "a", 3, 3), Node(2, "b", 3, 3), Node(3, "c", 3, 3, MemberState.Late)));

    [Fact]
    public void SilentNodesOfOneZoneAreOneZone() => Assert.Equal(
        (1, 1, 0),
        Survives(
            Node(1, "a", 4, 3), Node(2, "b", 4, 3), Node(3, "c", 4, 3, MemberState.Late), Node(4, "c", 4, 3, MemberState.Late)));

    [Fact]
    public void WhatADownNodeHadIsElsewhereByNowWhenOthersHadItToo() => Assert.Equal(
        (2, 2, 0),
        Survives(
            Node(1, "a", 3, 3), Node(2, "b", 3, 3), Node(3, "c", 3, 3), Node(4, "d", 3, 3, MemberState.Down, TimeSpan.FromMinutes(30))));

    [Fact]
    public void OneThatIsDownSinceJustNowStillCountsAsOneOfTheCopies() => Assert.Equal(
        (1, 1, 0),
        Survives(
            Node(1, "a", 3, 3), Node(2, "b", 3, 3), Node(3, "c", 3, 3), Node(4, "d", 3, 3, MemberState.Down, DownAfter)));

    [Fact]
    public void NothingIsPromisedWhileASilentNodeMayHaveWhatNobodyElseHas()
    {
        Assert.Equal((0, 0, 1), Survives(Node(1, "a", 3, 3), Node(2, "b", 3, 3), Node(3, "c", 1, 1, MemberState.Late)));
        Assert.Equal(
            (0, 0, 1),
            Survives(Node(1, "a", 3, 3), Node(2, "b", 3, 3), Node(3, "c", 1, 1, MemberState.Down, TimeSpan.FromHours(3))));
        Assert.Equal(
            (0, 0, 2), Survives(Node(1, "a", 3, 3), Node(2, "b", 2, 2, MemberState.Late), Node(3, "c", 2, 2, MemberState.Late)));
    }

    [Fact]
    public void NothingIsPromisedWhileANodeDoesNotSay()
    {
        var survival = ClusterSurvival.Of([Node(1, "a", 3, 3), Node(2, "b", null)], [], Now, DownAfter);
        Assert.Equal((0, 0), (survival.Nodes, survival.Zones));
        Assert.Equal([new NodeId(2)], survival.Unknown);
        survival = ClusterSurvival.Of([Node(1, "a", 3, 3), Node(2, "b", 3, 3)], [new NodeId(9)], Now, DownAfter);
        Assert.Equal([new NodeId(9)], survival.Unknown);
    }

    [Fact]
    public void OneThatHadGivenAwayAllMayBeSwitchedOff()
    {
        var drained = Node(4, "d", 3, 3, MemberState.Down);
        drained = drained with { Status = drained.Status with { IsDraining = true } };
        Assert.Equal((0, 0, 3), Survives(Node(1, "a", 3, 3), Silent(drained), Silent(Node(5, "e", 3, 3)), Silent(Node(6, "f", 3, 3))));
        Assert.Equal((1, 0, 0), Survives(Node(1, "a", 3, 3), Node(2, "b", 2, 1), Silent(drained)));
        var done = drained with { Status = drained.Status with { Replication = new NodeReplication { IsSettled = true } } };
        Assert.Equal((1, 0, 0), Survives(Node(1, "a", 3, 3), Node(2, "b", 2, 1), Silent(done)));
        done = done with { Status = done.Status with { Replication = new NodeReplication { IsSettled = true, Strays = 1 } } };
        Assert.Equal((0, 0, 1), Survives(Node(1, "a", 3, 3), Node(2, "b", 2, 1), Silent(done)));

        static ClusterNode Silent(ClusterNode node) => node with { State = MemberState.Down, LastHeard = Now - TimeSpan.FromSeconds(20) };
    }

    [Fact]
    public void WhoIsGoneDoesNotMatter() => Assert.Equal(
        (2, 2, 0),
        Survives(Node(1, "a", 3, 3), Node(2, "b", 3, 3), Node(3, "c", 3, 3), Node(4, "d", null, 0, MemberState.Gone)));

    private static (int Nodes, int Zones, int Unknown) Survives(params ClusterNode[] nodes)
    {
        var survival = ClusterSurvival.Of(nodes, [], Now, DownAfter);
        return (survival.Nodes, survival.Zones, survival.Unknown.Length);
    }

    private static ClusterNode Node(
        int id, string zone, int? nodes, int zones = 0, MemberState state = MemberState.Up, TimeSpan? silence = null) => new()
        {
            Id = new NodeId((ulong)id),
            State = state,
            LastHeard = Now - (silence ?? TimeSpan.FromSeconds(state == MemberState.Up ? 1 : 20)),
            Status = new NodeStatus
            {
                Zone = zone,
                Replication = nodes is { } count ? new NodeReplication { Least = new CopyCount(count, zones) } : null,
            },
        };
}
