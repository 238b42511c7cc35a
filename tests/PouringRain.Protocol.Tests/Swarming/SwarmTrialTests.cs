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

    /// <summary>Seeds that once broke a promise.</summary>
    [Theory]
    [InlineData(288)] // The three datagrams to the only other one were lost, and it was not asked again for 30 s.
    [InlineData(646)] // Blocks that only a liar claimed to hold filled the window, while the seeder waited to be asked for others.
    [InlineData(1195)]
    [InlineData(2205)] // A seeder waited to be asked for what it suggested to those that were dead.
    [InlineData(7331)] // The last symbol was on order of one liar, then of another, while eight others had nothing to send.
    [InlineData(4416)] // Honest ones that had brought nothing yet, since others went first, were passed over for longer and longer.
    [InlineData(7879)] // Five that said nothing had five of six turns of a slow seeder, and eight in company one.
    [InlineData(9347)] // One of whom nobody knew what he held rained wrong bytes, and could not be asked for a block alone.
    [InlineData(500265)] // One that had just come had all turns of a slow seeder, while another missed the last three blocks.
    [InlineData(2562)] // Blocks of no use were not declined by one that had not heard for a while, and were suggested for good.
    public void NoPromiseIsBrokenAgain(ulong seed)
    {
        using var trial = new SwarmTrial(seed);
        trial.Run();
        Assert.True(trial.Broken.Count == 0, string.Join("; ", trial.Broken));
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
