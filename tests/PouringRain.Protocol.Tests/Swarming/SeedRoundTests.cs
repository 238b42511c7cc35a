using System.Buffers.Binary;
using Simulation;

namespace PouringRain.Protocol.Tests.Swarming;

public class SeedRoundTests
{
    // So few that nobody is asked for what others were given (SpreadWatchTests has those).
    private const int BlockCount = 30, SymbolCount = 10;
    private readonly SwarmTable _table = new();
    private readonly SimContent _content = SimContent.Create(Scene.RandomBytes(BlockCount * 1024), blockBytes: 1024, symbolSize: 128);
    private Instant _now = new(1_000_000_000);

    [Fact]
    public void EveryBlockGoesToOneBeforeAnyGoesTwice()
    {
        var members = Members(4);
        var seed = members[0].Swarm.Seed!;
        var sent = new List<int>();
        while (!seed.IsOver)
        {
            var before = sent.Count;
            foreach (var member in members)
            {
                foreach (var block in Suggest(member))
                {
                    sent.Add(block);
                    seed.OnSent(_now, member, block, 4, SymbolCount);
                    seed.OnSent(_now, member, block, SymbolCount - 4, SymbolCount);
                }
            }

            Assert.True(sent.Count > before, "nobody is suggested anything");
            _now += TimeSpan.FromMilliseconds(50);
        }

        Assert.Equal(Enumerable.Range(0, BlockCount), sent.Order());
        Assert.All(members, member => Assert.Empty(Suggest(member)));
    }

    [Fact]
    public void TheSameIsSuggestedUntilItIsSentAndNothingToTwo()
    {
        var members = Members(3);
        var first = Suggest(members[0]);
        Assert.NotEmpty(first);
        Assert.Equal(first, Suggest(members[0]));
        var others = Suggest(members[1]).Concat(Suggest(members[2])).ToArray();
        Assert.Empty(first.Intersect(others));
        Assert.Equal(others.Length, others.Distinct().Count());
        members[0].Swarm.Seed!.OnSent(_now, members[0], first[0], SymbolCount - 1, SymbolCount);
        Assert.Contains(first[0], Suggest(members[0]));
        members[0].Swarm.Seed!.OnSent(_now, members[0], first[0], 1, SymbolCount);
        Assert.DoesNotContain(first[0], Suggest(members[0]));
    }

    [Fact]
    public void WhatWasSuggestedToOneThatLeavesGoesToTheNext()
    {
        var members = Members(2);
        var first = Suggest(members[0]);
        members[0].Swarm.Seed!.OnSent(_now, members[0], first[0], SymbolCount - 1, SymbolCount);
        _table.Leave(members[0]);
        Assert.Superset(first.ToHashSet(), Suggest(members[1]).ToHashSet());

        // What went to the one that left does not count.
        members[1].Swarm.Seed!.OnSent(_now, members[1], first[0], 1, SymbolCount);
        Assert.Contains(first[0], Suggest(members[1]));
    }

    [Fact]
    public void WhoDoesNotTakeWhatItWasSuggestedLosesItAfterFiveSeconds()
    {
        var members = Members(2);
        var first = Suggest(members[0]);
        _now += TimeSpan.FromSeconds(4.9);
        Assert.Empty(first.Intersect(Suggest(members[1])));
        _now += TimeSpan.FromSeconds(0.2);
        Assert.NotEmpty(first.Intersect(Finish(members[1])));
    }

    [Fact]
    public void WhatASlowMemberHasBeenSentNothingOfGoesToAnotherWhenThereIsNothingElseToGive()
    {
        var members = Members(2);
        var slow = Suggest(members[0]);
        Assert.InRange(slow.Length, 4, 16);
        members[0].Swarm.Seed!.OnSent(_now, members[0], slow[0], 1, SymbolCount);
        Assert.Empty(slow.Intersect(Finish(members[1])));

        // What it is being sent is on its way.
        _now += TimeSpan.FromSeconds(1);
        Assert.Equal(slow[1..], Finish(members[1]).Order());
        Assert.Equal([slow[0]], Suggest(members[0]));
        Assert.True(members[0].Swarm.Seed!.IsOver);
    }

    [Fact]
    public void WhatOneDeclinesCountsAsHavingBeenSent()
    {
        var members = Members(2);
        var first = Suggest(members[0]);
        Assert.DoesNotContain(first[0], Suggest(members[0], declined: [first[0], -1, int.MaxValue, first[^1] + 1000]));
        Assert.DoesNotContain(first[0], Finish(members[1]));
    }

    [Fact]
    public void TheRoundIsOverWhenAllIsSentButForALittleAndGoesOnWhenThatComesBack()
    {
        var members = Members(2);
        var seed = members[0].Swarm.Seed!;
        var last = Suggest(members[0]);
        Assert.InRange(last.Length, 2, 16);
        Finish(members[1]);
        foreach (var block in last[..^1])
        {
            seed.OnSent(_now, members[0], block, SymbolCount, SymbolCount);
        }

        while (Suggest(members[0]) is { Length: > 1 } more)
        {
            seed.OnSent(_now, members[0], more[^1], SymbolCount, SymbolCount);
        }

        Assert.True(seed.IsOver);
        var missing = Assert.Single(Suggest(members[0]));
        _table.Leave(members[0]);
        Assert.False(seed.IsOver);
        Assert.Equal([missing], Suggest(members[1]));
    }

    [Fact]
    public void AThousandMembersAreSuggestedNoMoreThanIsSentSoon()
    {
        var members = Members(1000);
        Assert.InRange(members.Sum(member => Suggest(member).Length), 1, 16);
    }

    private SwarmMember[] Members(int count) =>
    [
        .. Enumerable.Range(1, count).Select(i => _table.Enter(
            Scene.Id, _content.Manifest, isSeeded: true, new NodeId((ulong)i), PeerAddress.FromIPv4(0x0A00_0000 + (uint)i, 1980))),
    ];

    private int[] Suggest(SwarmMember member, params int[] declined)
    {
        var declinedBytes = new byte[4 * declined.Length];
        for (var i = 0; i < declined.Length; i++)
        {
            BinaryPrimitives.WriteInt32BigEndian(declinedBytes.AsSpan(4 * i), declined[i]);
        }

        var room = new byte[4 * HaveMessage.SuggestedCountMax];
        var count = member.Swarm.Seed!.Suggest(_now, member, declinedBytes, room);
        return [.. Enumerable.Range(0, count).Select(i => BinaryPrimitives.ReadInt32BigEndian(room.AsSpan(4 * i)))];
    }

    /// <summary>Sends a member whatever it is suggested, at once, until that is nothing.</summary>
    private List<int> Finish(SwarmMember member)
    {
        var sent = new List<int>();
        while (Suggest(member) is { Length: > 0 } blocks)
        {
            foreach (var block in blocks)
            {
                sent.Add(block);
                member.Swarm.Seed!.OnSent(_now, member, block, SymbolCount, SymbolCount);
            }
        }

        return sent;
    }
}
