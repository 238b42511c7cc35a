using PouringRain.Protocol.Cluster;

namespace PouringRain.Protocol.Tests.Cluster;

public class ClusterClockTests
{
    [Theory]
    [InlineData(1000, long.MinValue, 1000)]
    [InlineData(1000, 999, 1000)]
    [InlineData(1000, 1000, 1001)]
    [InlineData(1000, 1599, 1600)]
    [InlineData(1000, 1600, ClusterClock.Refused)]
    [InlineData(1000, long.MaxValue, ClusterClock.Refused)]
    [InlineData(-5, long.MinValue, 0)]
    public void AStampIsAtLeastTheWallClockAndAfterWhatWasSeen(long wall, long seen, long stamp) =>
        Assert.Equal(stamp, new ClusterClock(600).Next(wall, seen));

    [Fact]
    public void NoStampIsLaterThanAVersionMayBe() =>
        Assert.Equal(ClusterClock.Refused, new ClusterClock(600).Next(Manifest.StampMax, Manifest.StampMax));

    [Theory]
    [InlineData(1600, true)]
    [InlineData(1601, false)]
    [InlineData(long.MinValue, true)]
    [InlineData(long.MaxValue, false)]
    public void WhatIsTooFarAheadIsNot(long stamp, bool isPossible) =>
        Assert.Equal(isPossible, new ClusterClock(600).IsPossible(1000, stamp));
}
