using Simulation.Swarms;

namespace PouringRain.Protocol.Tests.Swarming;

/// <summary>Swarms in which machines die, come late, start again and lie.</summary>
public class SwarmTrialTests
{
    [Fact]
    public void NoPromiseIsBroken()
    {
        var count = ulong.Parse(
            Environment.GetEnvironmentVariable("SWARM_SEEDS") ?? "120", System.Globalization.CultureInfo.InvariantCulture);
        for (ulong seed = 1; seed <= count; seed++)
        {
            using var trial = new SwarmTrial(seed);
            trial.Run();
            Assert.True(trial.Broken.Count == 0, $"seed {seed}: {string.Join("; ", trial.Broken)}");
        }
    }

    /// <summary>Each is found within a few seeds.</summary>
    [Theory]
    [InlineData(SwarmFault.ClaimsTooMuch)]
    [InlineData(SwarmFault.KeepsTheDead)]
    public void APlantedMistakeIsFound(SwarmFault fault)
    {
        for (ulong seed = 1; seed <= 300; seed++)
        {
            using var trial = new SwarmTrial(seed, fault);
            trial.Run();
            if (trial.Broken.Count > 0)
            {
                return;
            }
        }

        Assert.Fail("It was not found.");
    }
}
