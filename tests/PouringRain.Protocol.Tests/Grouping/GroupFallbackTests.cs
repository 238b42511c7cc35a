using PouringRain.Protocol.Grouping;
using Simulation;
using Simulation.Groups;

namespace PouringRain.Protocol.Tests.Grouping;

/// <summary>A receiver to which the group does not pass, and one that cannot write.</summary>
public sealed class GroupFallbackTests : IDisposable
{
    private static readonly PeerAddress SenderAt = PeerAddress.FromIPv4(0x0A00_0001, 1980);

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
