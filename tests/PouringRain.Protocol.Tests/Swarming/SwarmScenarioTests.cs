using Simulation.Swarms;

namespace PouringRain.Protocol.Tests.Swarming;

public class SwarmScenarioTests
{
    [Fact]
    public void SixteenNodesUseTheirLinks()
    {
        var result = new SwarmScenario { NodeCount = 16, BlockCount = 256, Ceiling = 0.98 }.Run();

        // 1.081 are headers and the ceiling, and a block takes its time from node to node: 1.29. Where those who come last have four
        // neighbours, it is 1.42.
        Assert.InRange(result.Last, 1.1, 1.35);
        Assert.InRange(result.Seeded, 1, 1.3);
    }

    /// <summary>The seeder's link carries 40 manifests in the time of a third of the blocks; it sends them to a few, who give them
    /// on.</summary>
    [Fact]
    public void ManifestsComeFromWhoHasThem()
    {
        var scenario = new SwarmScenario
        {
            NodeCount = 41,
            BlockCount = 512,
            BlockBytes = 4096,
            RateBytesPerSecond = 250_000,
            Ceiling = 0.98,
        };
        var result = scenario.Run();
        var afterwards = (scenario with { FindsOthersFirst = false }).Run();

        Assert.InRange(result.Seeded / afterwards.Seeded, 0.1, 0.9);
        Assert.InRange(result.Last / afterwards.Last, 0.1, 0.9);
    }

    /// <summary>Of a transfer of 2.5 s. Who is silent is given up after seconds, and what it was to pass on is sent again.</summary>
    [Theory]
    [InlineData(SwarmHarm.WrongBytes, 1.6)]
    [InlineData(SwarmHarm.SendsNothing, 2.1)]
    [InlineData(SwarmHarm.Killed, 2.1)]
    [InlineData(SwarmHarm.Slow, 1.25)]
    [InlineData(SwarmHarm.Lossy, 1.25)]
    [InlineData(SwarmHarm.Late, 1.25)]
    [InlineData(SwarmHarm.Narrow, 1.25)]
    public void WhatIsTheMatterWithOneKeepsNobodyElseFromFinishing(SwarmHarm harm, double atMost)
    {
        var well = new SwarmScenario { NodeCount = 8, BlockCount = 96, Ceiling = 0.98 }.Run();
        var result = new SwarmScenario { NodeCount = 8, BlockCount = 96, Ceiling = 0.98, Harm = harm }.Run();

        Assert.InRange(result.Last / well.Last, 0.8, atMost);
    }
}
