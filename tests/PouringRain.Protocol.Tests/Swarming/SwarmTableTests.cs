using Simulation;

namespace PouringRain.Protocol.Tests.Swarming;

/// <summary>Who is known to fetch what, and what they were sent.</summary>
public class SwarmTableTests
{
    private static readonly ResourceId Id = new(7);
    private static readonly Manifest Version = SimContent.Create(new byte[200_000], blockBytes: 65_536).Manifest;

    private readonly SwarmTable _table = new();

    [Fact]
    public void WhatANodeWasSentIsCountedForAsLongAsSomebodyWatches()
    {
        var gifts = _table.Watch(Id, Version.Version);
        var member = Enter(1, port: 100);
        member.Gift.Add(1000);
        _table.Leave(member);

        Assert.Equal((0, 0), (_table.Count, _table.MemberCount));
        Assert.Equal((1000, 0), (gifts.BytesTo(Address(100)), gifts.BytesTo(Address(101))));

        // It comes back: the account goes on.
        var again = Enter(1, port: 100);
        again.Gift.Add(500);
        Assert.Equal(1500, gifts.BytesTo(Address(100)));

        _table.Leave(again);
        _table.Unwatch(Id, Version.Version);
        Assert.Equal(0, _table.Watch(Id, Version.Version).Bytes);
        Assert.Equal(1500, gifts.Bytes);
    }

    [Fact]
    public void WhoBeginsToWatchLateSeesWhatThoseWhoAreThereHaveHad()
    {
        Enter(1, port: 100).Gift.Add(10);
        Enter(2, port: 101).Gift.Add(20);

        var gifts = _table.Watch(Id, Version.Version);

        Assert.Equal((30, 10, 20), (gifts.Bytes, gifts.BytesTo(Address(100)), gifts.BytesTo(Address(101))));
        Assert.Equal((1, 2, 2), (_table.Count, _table.MemberCount, _table.CountMembers(Id, Version.Version)));
    }

    [Fact]
    public void OneThatMovesHasAnAccountAtEachPlace()
    {
        var member = Enter(1, port: 100);
        member.Gift.Add(10);
        member.Swarm.Move(member, Address(200));
        member.Gift.Add(5);

        var gifts = _table.Watch(Id, Version.Version);
        Assert.Equal((10, 5), (gifts.BytesTo(Address(100)), gifts.BytesTo(Address(200))));
    }

    [Fact]
    public void WhoIsSentMoreThanOnceAndAHalfWhatItBringsAndAMebibyteMoreIsATaker()
    {
        var member = Enter(1, port: 100);
        var gifts = _table.Watch(Id, Version.Version);
        member.Gift.Add(50_000_000);

        // What it was sent before it could be asked for anything tells nothing, and neither does what others are sent.
        gifts.NoteBrought(Address(100), 0, hasLied: false);
        gifts.NoteBrought(Address(101), 0, hasLied: false);
        Assert.False(member.IsTaker);

        member.Gift.Add(2_400_000);
        gifts.NoteBrought(Address(100), 1_000_000, hasLied: false);
        Assert.False(member.IsTaker);
        gifts.NoteBrought(Address(100), 900_000, hasLied: false);
        Assert.False(member.IsTaker, "By another way it has brought a million before.");
        member.Gift.Add(2_000_000);
        gifts.NoteBrought(Address(100), 900_000, hasLied: false);
        Assert.True(member.IsTaker);
        gifts.NoteBrought(Address(100), 2_000_000, hasLied: false);
        Assert.False(member.IsTaker);
        gifts.NoteBrought(Address(100), 2_000_000, hasLied: true);
        Assert.True(member.IsTaker);
    }

    [Fact]
    public void WhoTakesTheIdentityOfAnotherIsAnotherMember()
    {
        var member = Enter(1, port: 100);
        var elsewhere = PeerAddress.FromIPv4(0x0A00_0002, 100);
        var other = _table.Enter(Id, Version, isSeeded: true, new NodeId(1), elsewhere);

        Assert.NotSame(member, other);
        Assert.Equal((Address(100), elsewhere), (member.Address, other.Address));
        _table.Leave(other);
        Assert.Equal(1, _table.CountMembers(Id, Version.Version));
        Assert.Same(member, Enter(1, port: 101));
    }

    [Fact]
    public void WhoRainsOnNothingIsAMemberAndNamedToNobody()
    {
        Enter(1, port: 0);

        Assert.Equal((1, 1, 0), (_table.Count, _table.MemberCount, _table.CountMembers(Id, Version.Version)));
    }

    [Fact]
    public void OfMoreNodesThanThereAreAccountsTheSumIsKnown()
    {
        const int all = SwarmTable.AccountCountMax;
        var members = Enumerable.Range(1, all + 10).Select(port => Enter((ulong)port, (ushort)port)).ToList();
        members.ForEach(member => member.Gift.Add(1));

        var gifts = _table.Watch(Id, Version.Version);
        Assert.Equal(all + 10, gifts.Bytes);
        Assert.Equal((1, 0), (gifts.BytesTo(Address(all)), gifts.BytesTo(Address(all + 1))));

        // What is watched no more makes room.
        members.ForEach(_table.Leave);
        _table.Unwatch(Id, Version.Version);
        Enter(1, 1).Gift.Add(5);
        Assert.Equal(5, _table.Watch(Id, Version.Version).BytesTo(Address(1)));
    }

    private static PeerAddress Address(int port) => PeerAddress.FromIPv4(0x0A00_0001, (ushort)port);

    private SwarmMember Enter(ulong node, ushort port) =>
        _table.Enter(Id, Version, isSeeded: true, new NodeId(node), Address(port));
}
