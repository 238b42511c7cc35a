using PouringRain.Protocol.Grouping;
using Simulation.Groups;

namespace PouringRain.Protocol.Tests.Grouping;

/// <summary>A sender that finds its rate out, on a link of 20 Mbit/s with a queue of 20 ms, where it might go ten times as fast.</summary>
public class GroupRateTests
{
    private const int Bytes = 24 << 20;

    [Theory]
    [InlineData(0, 1.30)]
    [InlineData(50_000, 1.40)]
    public void ItFindsWhatTheLinkCarriesAndTakesChanceForChance(int lossPerMillion, double timeMax)
    {
        var run = Run(
            new GroupRun { Receivers = 8, Bytes = Bytes, Megabits = 20, IsRateAutomatic = true, LossPerMillion = lossPerMillion });
        Assert.InRange(run.Time, 1.05, timeMax);
        Assert.InRange(run.Sent, 1.05, timeMax);
    }

    [Fact]
    public void ASlowOneOfManyDoesNotHoldTheOthers()
    {
        var run = Run(new GroupRun { Receivers = 24, Bytes = Bytes, Megabits = 20, IsRateAutomatic = true, Slower = 10 });
        Assert.InRange(run.Time, 1.05, 1.35);
    }

    [Fact]
    public void TcpOnTheSameLinkHasAShare()
    {
        var run = Run(new GroupRun { Receivers = 8, Bytes = Bytes, Megabits = 20, IsRateAutomatic = true, TcpFlows = 1 });
        Assert.InRange(run.TcpShare, 0.15, 0.7);
        Assert.InRange(run.Time, 1.05, 3.0);
    }

    [Fact]
    public void TenThousandForgedNeedsASecondSlowNothing()
    {
        var plain = Run(new GroupRun { Receivers = 8, Bytes = 4 << 20, LossPerMillion = 10_000 });
        var run = Run(new GroupRun { Receivers = 8, Bytes = 4 << 20, LossPerMillion = 10_000, ForgedNeeds = 10_000 });
        Assert.InRange(run.SenderFigures!.Refused, 5000, int.MaxValue);
        Assert.InRange(run.Time, 1.05, plain.Time * 1.05);
        Assert.InRange(run.Sent, 1.05, plain.Sent * 1.05);
    }

    private static GroupRun Run(GroupRun run)
    {
        run.Run();
        Assert.Equal(GroupEndReason.Completed, run.EndReason);
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"time {run.Time:F3}, sent {run.Sent:F3}, TCP {run.TcpShare:F3}, "
            + $"rates {string.Join(" ", run.Rates.Select(rate => $"{rate:F0}"))}");
        return run;
    }
}
