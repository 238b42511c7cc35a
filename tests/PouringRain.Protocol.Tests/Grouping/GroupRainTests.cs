using PouringRain.Protocol.Grouping;
using Simulation;
using Simulation.Groups;

namespace PouringRain.Protocol.Tests.Grouping;

/// <summary>A sender and its receivers in the simulator: what it takes until all have everything.</summary>
public class GroupRainTests
{
    private const int Bytes = 8 << 20;

    [Fact]
    public void WithoutLossesEverySymbolIsSentOnce()
    {
        var run = new GroupRun { Receivers = 8, Bytes = Bytes }.Run();
        Assert.Equal(GroupEndReason.Completed, run.EndReason);
        Assert.Equal(0, run.SenderFigures!.RepairDroplets);
        Assert.InRange(run.Sent, 1.048, 1.053);
        Assert.InRange(run.Time, 1.048, 1.06);
    }

    [Theory]
    [InlineData(10_000, 1.10, 1.10, false)]
    [InlineData(50_000, 1.18, 1.17, false)]
    [InlineData(10_000, 1.10, 1.10, true)]
    [InlineData(50_000, 1.18, 1.17, true)]
    public void WhatEachLostIsMadeGoodForAllAtOnce(int lossPerMillion, double timeMax, double sentMax, bool isGrowing)
    {
        var run = new GroupRun { Receivers = 32, Bytes = Bytes, LossPerMillion = lossPerMillion, IsGrowing = isGrowing }.Run();
        Assert.Equal(GroupEndReason.Completed, run.EndReason);
        Assert.InRange(run.Time, 1.048 + (lossPerMillion * 1e-6), timeMax);
        Assert.InRange(run.Sent, 1.048 + (lossPerMillion * 1e-6), sentMax);
        Assert.Equal(32, run.SenderFigures!.Receivers[(int)GroupReceiverState.Done]);

        // Feedback does not grow with what each lost: each of 32 loses something of each of 8 blocks.
        Assert.InRange(run.SenderFigures.Needs, 1, 8 * 16);
    }

    /// <summary>Of few symbols all may be lost, and how many are is not known of so few: each round that brings nothing is followed by one
    /// that brings twice as many.</summary>
    [Fact]
    public void OfBlocksOfOneSymbolAPathThatLosesMostBringsAllInFewRounds() => Parallel.For(1, 41, seed =>
    {
        const int symbolSize = 1024;
        var world = new SimWorld((ulong)seed);
        var at = PeerAddress.FromIPv4(0x0A00_0001, 1980);
        using var sender = new SimGroupSender(
            world, at,
            new GroupSenderOptions
            {
                Group = GroupRun.Group,
                RateBitsPerSecond = 10_000_000,
                TokenKey = new byte[32],
                WaitForReceivers = 1,
                Rounds = 0,
            },
            new ResourceId(77), SimContent.Create(new byte[3 * symbolSize], blockBytes: symbolSize, symbolSize: symbolSize));
        using var receiver = new SimGroupReceiver(
            world, PeerAddress.FromIPv4(0x0A00_0100, 7000), GroupRun.Group, new GroupReceiverOptions { Identity = new NodeId(1) });
        world.Network.SetFaults(at, receiver.Address, new LinkFaults { LossPerMillion = 800_000 });
        world.RunUntil(() => receiver.CompletedAt is not null, TimeSpan.FromSeconds(60));
        Assert.NotNull(receiver.CompletedAt);
        Assert.InRange(sender.Sender.Snapshot(world.Now).Round, 1, 9);
    });

    [Fact]
    public void ASealedStreamCostsTheSealAndNothingElse()
    {
        var run = new GroupRun { Receivers = 8, Bytes = Bytes, LossPerMillion = 10_000, IsSealed = true }.Run();
        Assert.Equal(GroupEndReason.Completed, run.EndReason);
        Assert.InRange(run.Sent, 1.06, 1.13);
    }

    /// <summary>Ten thousand times a second, by somebody who has no secret to break.</summary>
    [Theory]
    [InlineData(Forgery.Needs)]
    [InlineData(Forgery.Announcements)]
    [InlineData(Forgery.Droplets)]
    public void WhatIsForgedSlowsTheRainByATwentiethAtMost(Forgery forged)
    {
        var plain = new GroupRun { Receivers = 8, Bytes = Bytes, LossPerMillion = 10_000 }.Run();
        var run = new GroupRun { Receivers = 8, Bytes = Bytes, LossPerMillion = 10_000, ForgedNeeds = 10_000, Forged = forged }.Run();
        Assert.Equal(GroupEndReason.Completed, run.EndReason);
        Assert.Equal(8, run.SenderFigures!.Receivers[(int)GroupReceiverState.Done]);
        Assert.InRange(run.Time, 1.05, plain.Time * 1.05);
        Assert.InRange(run.Sent, 1.05, plain.Sent * 1.05);
    }

    [Theory]
    [InlineData(300_000, 0)]
    [InlineData(0, 10)]
    public void WhoLosesMuchMoreThanTheOthersDoesNotHoldThem(int worstPerMillion, int slower)
    {
        var plain = new GroupRun { Receivers = 16, Bytes = Bytes, LossPerMillion = 10_000 }.Run();
        var run = new GroupRun
        {
            Receivers = 16,
            Bytes = Bytes,
            LossPerMillion = 10_000,
            WorstPerMillion = worstPerMillion,
            Slower = slower,
        }.Run();
        Assert.InRange(run.Time, 1.05, plain.Time * 1.04);
        Assert.InRange(run.Sent, 1.05, plain.Sent * 1.04);
    }
}
