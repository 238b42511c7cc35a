namespace PouringRain.Protocol.Tests.Fetching;

public class InflowTests
{
    private const int DropletBytes = 1434;
    private static readonly Instant Begin = new(1_000_000_000);

    [Fact]
    public void WithNothingSeenAFewDropletsMayCome() =>
        Assert.Equal(4 * DropletBytes, new Inflow([]).InFlightOfOne(DropletBytes));

    [Fact]
    public void WhatWasSeenIsDividedAmongThoseOfWhomSomethingIsOnOrder()
    {
        List<FetchPath> paths = [PathTo(1), PathTo(2), PathTo(3)];
        var inflow = new Inflow(paths);
        Pour(inflow, Begin, TimeSpan.FromSeconds(1), bytesPerMillisecond: 10 * DropletBytes);
        paths[0].Log.Add(new RequestItem(1, 0, 1, 10));
        var alone = inflow.InFlightOfOne(DropletBytes);
        paths[1].Log.Add(new RequestItem(2, 0, 1, 10));

        Assert.InRange(alone, 100 * DropletBytes, 10_000 * DropletBytes);
        Assert.Equal(alone / 2, inflow.InFlightOfOne(DropletBytes));
    }

    [Fact]
    public void WhatWasSeenLongAgoIsForgotten()
    {
        var inflow = new Inflow([]);
        Pour(inflow, Begin, TimeSpan.FromSeconds(1), bytesPerMillisecond: 10 * DropletBytes);
        var fast = inflow.InFlightOfOne(DropletBytes);
        Pour(inflow, Begin + TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(3), bytesPerMillisecond: DropletBytes);

        Assert.InRange(inflow.InFlightOfOne(DropletBytes), fast / 12, fast / 8);
    }

    private static void Pour(Inflow inflow, Instant from, TimeSpan duration, int bytesPerMillisecond)
    {
        for (var at = from; at < from + duration; at += TimeSpan.FromMilliseconds(1))
        {
            inflow.OnDroplet(at, bytesPerMillisecond);
        }
    }

    private static FetchPath PathTo(uint address) =>
        new(PeerAddress.FromIPv4(address, 1), default, default, Begin, isBackground: false, new PathCeiling(null, []))
        {
            State = SourceState.Raining,
        };
}
