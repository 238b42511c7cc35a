using PouringRain.Protocol.Grouping;
using Simulation;
using Simulation.Groups;

namespace PouringRain.Protocol.Tests.Grouping;

/// <summary>A receiver to which the group does not pass, and one that cannot write.</summary>
public sealed class GroupFallbackTests : IDisposable
{
    private static readonly PeerAddress SenderAt = PeerAddress.FromIPv4(0x0A00_0001, 1980);
    private static readonly PeerAddress Other = PeerAddress.FromIPv4(0xEF4D_0002, 7855);

    private readonly SimWorld _world = new(1) { TimerLateness = TimeSpan.FromMicroseconds(200) };
    private readonly SimGroupSender _sender;

    public GroupFallbackTests()
    {
        var bytes = new byte[2 << 20];
        _world.Random.Fill(bytes);
        _sender = new SimGroupSender(
            _world, SenderAt,
            new GroupSenderOptions
            {
                Group = GroupRun.Group,
                RateBitsPerSecond = 50_000_000,
                TokenKey = new byte[32],
                RainPort = 1980,
                WaitForReceivers = 2,
                WaitAtMost = TimeSpan.FromMinutes(1),
            },
            new ResourceId(77), SimContent.Create(bytes, blockBytes: 1 << 18));
    }

    /// <summary>An access point sends multicast at its basic rate.</summary>
    [Fact]
    public void WhereMulticastCrawlsAndUnicastDoesNotItIsFetchedAndTheOthersAreNotHeld()
    {
        using var wired = Receive(1);
        using var wifi = Receive(2);
        wifi.GroupDownlink = new SimPipe { RateBytesPerSecond = 300_000, QueueBytes = 50_000 };
        wifi.Downlink = new SimPipe { RateBytesPerSecond = 10_000_000, QueueBytes = 100_000 };
        _world.RunUntil(() => wifi.CompletedAt is not null && wired.CompletedAt is not null, TimeSpan.FromSeconds(10));
        Assert.Equal([GroupUnicastReason.Crawls], wifi.UnicastReasons);
        Assert.Empty(wired.UnicastReasons);
        Assert.InRange((wired.CompletedAt!.Value - wired.StartedAt).TotalSeconds, 0.3, 0.48);
        Assert.InRange((wifi.CompletedAt!.Value - wifi.StartedAt).TotalSeconds, 0.3, 1.5);
        Assert.InRange(wifi.Receiver.Snapshot().TrainBitsPerSecond, 30_000_000, 90_000_000);
        Assert.Equal(1, _sender.Sender.Snapshot(_world.Now).Round);
    }

    /// <summary>There unicast would be no faster, or lose as much.</summary>
    [Theory]
    [InlineData(600_000, 0)]
    [InlineData(0, 700_000)]
    public void OnALinkThatIsSlowOrLosesForBothNobodyTurnsToUnicastBeforeTheEnd(long bytesPerSecond, int lossPerMillion)
    {
        using var wired = Receive(1);
        using var poor = Receive(2);
        poor.Downlink = new SimPipe { RateBytesPerSecond = bytesPerSecond, QueueBytes = 50_000 };
        _world.Network.SetFaults(SenderAt, poor.Address, new LinkFaults { LossPerMillion = lossPerMillion });
        _world.RunUntil(() => poor.UnicastReasons.Count > 0, TimeSpan.FromSeconds(10));
        Assert.Equal([GroupUnicastReason.Over], poor.UnicastReasons);
        Assert.True(poor.Receiver.Snapshot().Loss > 1 / 3.0, "It loses little, and never asked.");
    }

    /// <summary>Announcements pass, droplets do not.</summary>
    [Fact]
    public void WhereLargeDatagramsVanishItIsFetchedInSmallOnesAfterThreeSeconds()
    {
        using var narrow = Receive(1);
        using var other = Receive(2);
        _world.Network.SetMtu(SenderAt, narrow.Address, 1300);
        _world.RunUntil(() => narrow.CompletedAt is not null, TimeSpan.FromSeconds(20));
        Assert.NotNull(narrow.CompletedAt);
        Assert.NotEqual(GroupUnicastReason.Silent, Assert.Single(narrow.UnicastReasons));
    }

    [Fact]
    public void OfAStreamThatRainsAndBringsOnlyShortDatagramsNobodyAwaitsTheEnd()
    {
        var bytes = new byte[8 << 20];
        _world.Random.Fill(bytes);
        using var slow = new SimGroupSender(
            _world, SenderAt with { Port = 1981 },
            new GroupSenderOptions { Group = Other, RateBitsPerSecond = 5_000_000, TokenKey = new byte[32], RainPort = 1981 },
            new ResourceId(78), SimContent.Create(bytes, blockBytes: 1 << 18));
        using var narrow = new SimGroupReceiver(
            _world, PeerAddress.FromIPv4(0x0A00_0100, 7000), Other, new GroupReceiverOptions { Identity = new NodeId(1) });
        _world.Network.SetMtu(slow.Address, narrow.Address, 1300);
        _world.RunUntil(() => narrow.BlocksByUnicast > 0, TimeSpan.FromSeconds(6));
        Assert.Equal([GroupUnicastReason.Narrow], narrow.UnicastReasons);
        Assert.True(narrow.BlocksByUnicast > 0, "Nothing has come by unicast.");
        Assert.Equal(GroupStage.Raining, slow.Sender.Stage);
    }

    private SimGroupReceiver Receive(int number) => new(
        _world, PeerAddress.FromIPv4(0x0A00_0100 + (uint)number, 7000), GroupRun.Group,
        new GroupReceiverOptions { Identity = new NodeId((ulong)number) });

    public void Dispose() => _sender.Dispose();

    [Fact]
    public void WhereMulticastDoesNotPassUnicastTakesOverWithinThreeSeconds()
    {
        using var deaf = new SimGroupReceiver(
            _world, PeerAddress.FromIPv4(0x0A00_0100, 7000), GroupRun.Group,
            new GroupReceiverOptions { Identity = new NodeId(1), Sender = SenderAt }, isOnGroup: false);
        _world.RunUntil(() => deaf.BlocksByUnicast > 0, TimeSpan.FromSeconds(3.3));
        Assert.True(deaf.BlocksByUnicast > 0, "Nothing has come by unicast.");
        _world.RunUntil(() => deaf.CompletedAt is not null, TimeSpan.FromSeconds(5));
        Assert.NotNull(deaf.CompletedAt);
        Assert.Equal(GroupStage.Waiting, _sender.Sender.Stage);
    }

    [Fact]
    public void WhoFailsBeforeItHearsAnythingTellsTheFirstSenderSo()
    {
        using var failing = new SimGroupReceiver(
            _world, PeerAddress.FromIPv4(0x0A00_0100, 7000), GroupRun.Group, new GroupReceiverOptions { Identity = new NodeId(1) });
        failing.Receiver.Fail(failing.LocalNow, GroupFailure.NotWritable);
        _world.RunUntil(() => failing.HasEnded, TimeSpan.FromSeconds(2));
        Assert.Equal(GroupReceiverEndReason.Failed, failing.Receiver.EndReason);
        var row = Assert.Single(_sender.Sender.Receivers());
        Assert.Equal((GroupReceiverState.Failed, GroupFailure.NotWritable), (row.State, row.Failure));
        Assert.Empty(failing.Disk);
    }
}
