using Simulation.Stores;

namespace PouringRain.Protocol.Tests;

/// <summary>Nodes with real stores on a virtual network, stopped at any step.</summary>
public class StoreScenarioTests
{
    [Fact]
    public void WhatWasAnsweredAsStoredIsThereAfterAnyStop()
    {
        var count = ulong.Parse(
            Environment.GetEnvironmentVariable("STORE_SEEDS") ?? "30", System.Globalization.CultureInfo.InvariantCulture);
        var stops = 0;
        for (ulong seed = 1; seed <= count; seed++)
        {
            using var scenario = new StoreScenario(seed);
            scenario.Run();
            stops += scenario.StopCount;
            Assert.True(scenario.Broken.Count == 0, $"seed {seed}: {string.Join("; ", scenario.Broken)}");
        }

        Assert.True(stops > 30);
    }

    [Fact]
    public void StoresThatDoNotWaitForTheDiskAreSeenToBreakTheirPromises()
    {
        var broken = 0;
        for (ulong seed = 1; seed <= 30 && broken == 0; seed++)
        {
            using var scenario = new StoreScenario(seed, skipsFlushes: true);
            scenario.Run();
            broken += scenario.Broken.Count;
        }

        Assert.True(broken > 0);
    }
}
