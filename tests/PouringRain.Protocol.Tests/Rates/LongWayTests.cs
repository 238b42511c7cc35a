using Simulation;

namespace PouringRain.Protocol.Tests.Rates;

/// <summary>Rate control where a round trip takes 300 ms, so that each one that is wasted is dear.</summary>
public class LongWayTests
{
    [Fact]
    public void StartUpEndsWhenAShortQueueOverflows()
    {
        // The queue takes a third of a bandwidth-delay product: it is full before the round trip shows it.
        using var link = new Bottleneck(1, megabits: 100, roundTripMs: 300, products: 1 / 3.0);
        link.AddRain();
        link.Run(5);
        var dropped = (double)link.Link.Dropped / (link.Link.Dropped + link.Link.Passed);
        Assert.True(dropped < 0.06, $"{dropped} of all was sent into a full queue");
        Assert.True(link.Run(3)[0] > 0.97 * link.Link.RateBytesPerSecond);
    }

    [Fact]
    public void WhatThePathLosesByItselfDoesNotEndStartUp()
    {
        using var link = new Bottleneck(1, megabits: 100, roundTripMs: 100, lossPerMillion: 100_000);
        link.AddRain();
        link.Run(1.5);
        var rate = link.Run(0.5)[0];
        Assert.True(rate > 0.9 * 0.9 * link.Link.RateBytesPerSecond, $"{rate}");
    }

    [Fact]
    public void TheQueueOfStartUpIsDrainedAndNoMore()
    {
        using var link = new Bottleneck(1, megabits: 10, roundTripMs: 300);
        link.AddRain();

        // Four round trips to begin with, and one more since the first flight is bounded.
        link.Run(1.5);
        var rate = link.Run(2)[0];
        Assert.True(rate > 0.93 * link.Link.RateBytesPerSecond, $"{rate}");
    }

    [Fact]
    public void LookingIntoLossCostsAFiftiethOfThePath()
    {
        using var link = new Bottleneck(1, megabits: 10, roundTripMs: 300, lossPerMillion: 20_000);
        link.AddRain();
        link.Run(4);
        var rate = link.Run(20)[0];
        Assert.True(rate > 0.97 * 0.98 * link.Link.RateBytesPerSecond, $"{rate}");
    }
}
