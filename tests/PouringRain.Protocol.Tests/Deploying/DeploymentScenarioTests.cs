using PouringRain.Protocol.Deploying;
using Simulation.Deployments;

namespace PouringRain.Protocol.Tests.Deploying;

/// <summary>Deployments on a virtual network, with everything that can happen to them.</summary>
public class DeploymentScenarioTests
{
    [Fact]
    public void NoPromiseIsBroken()
    {
        var count = ulong.Parse(
            Environment.GetEnvironmentVariable("DEPLOYMENT_SEEDS") ?? "300", System.Globalization.CultureInfo.InvariantCulture);
        var ends = new Dictionary<DeploymentPhase, int>();
        for (ulong seed = 1; seed <= count; seed++)
        {
            using var scenario = new DeploymentScenario(seed);
            scenario.Run();
            Assert.True(scenario.Broken.Count == 0, $"seed {seed}: {string.Join("; ", scenario.Broken)}");
            ends[scenario.Phase] = ends.GetValueOrDefault(scenario.Phase) + 1;
        }

        Assert.All(
            [DeploymentPhase.Completed, DeploymentPhase.Failed, DeploymentPhase.Stopped],
            phase => Assert.True(ends.GetValueOrDefault(phase) > 10));
    }

    /// <summary>Each is found within a few seeds.</summary>
    [Theory]
    [InlineData(DeploymentFault.EarlyReceipt)]
    [InlineData(DeploymentFault.AllAtOnce)]
    [InlineData(DeploymentFault.SmallQuorum)]
    [InlineData(DeploymentFault.DeafToStop)]
    public void APlantedMistakeIsFound(DeploymentFault fault)
    {
        for (ulong seed = 1; seed <= 300; seed++)
        {
            using var scenario = new DeploymentScenario(seed, fault);
            scenario.Run();
            if (scenario.Broken.Count > 0)
            {
                return;
            }
        }

        Assert.Fail("Nobody has noticed.");
    }
}
