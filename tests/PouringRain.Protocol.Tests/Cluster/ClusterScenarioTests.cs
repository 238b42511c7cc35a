using Simulation.Cluster;

namespace PouringRain.Protocol.Tests.Cluster;

/// <summary>Whole clusters on a virtual network, with everything that can happen to them.</summary>
public class ClusterScenarioTests
{
    [Fact]
    public void NoPromiseIsBroken()
    {
        var count = ulong.Parse(
            Environment.GetEnvironmentVariable("CLUSTER_SEEDS") ?? "60", System.Globalization.CultureInfo.InvariantCulture);
        var stops = 0;
        for (ulong seed = 1; seed <= count; seed++)
        {
            using var scenario = new ClusterScenario(seed);
            scenario.Run();
            stops += scenario.StopCount;
            Assert.True(scenario.Broken.Count == 0, $"seed {seed}: {string.Join("; ", scenario.Broken)}");
        }

        Assert.True(stops > 60);
    }

    /// <summary>Each is found within a few seeds.</summary>
    [Theory]
    [InlineData(ClusterFault.TombstoneForgottenEarly)]
    [InlineData(ClusterFault.CachedCountsAsKept)]
    [InlineData(ClusterFault.WallClockStamps)]
    public void APlantedMistakeIsFound(ClusterFault fault)
    {
        for (ulong seed = 1; seed <= 1000; seed++)
        {
            using var scenario = new ClusterScenario(seed, fault);
            scenario.Run();
            if (scenario.Broken.Count > 0)
            {
                return;
            }
        }

        Assert.Fail("Nobody has noticed.");
    }

    /// <summary>Clusters that once broke a promise.</summary>
    /// <param name="seed">486: a node that came back with an old disk had forgotten fewer tombstones than before, and was compared by what
    /// it had forgotten then; 594: one that had been taken off the list brought what had been deleted; 23567: with one replica, a copy
    /// was given up in the moment in which the disk that had just got the only other one was lost, which nobody can help; 34186: a
    /// version was made elsewhere while one of which the holders had not heard was the newest; 35794: a copy was given up too
    /// early.</param>
    [Theory]
    [InlineData(486)]
    [InlineData(594)]
    [InlineData(23567)]
    [InlineData(34186)]
    [InlineData(35794)]
    public void APromiseThatWasMendedHolds(ulong seed)
    {
        using var scenario = new ClusterScenario(seed);
        scenario.Run();
        Assert.True(scenario.Broken.Count == 0, string.Join("; ", scenario.Broken));
    }
}
