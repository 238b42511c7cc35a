using Simulation.Groups;

namespace PouringRain.Protocol.Tests.Grouping;

/// <summary>Group rain drawn from seeds, in which something happens; <c>Simulation --groups</c> runs more.</summary>
public class GroupTrialTests
{
    [Fact]
    public void WhatIsPromisedHoldsWhateverHappens()
    {
        Parallel.For(1, 41, seed =>
        {
            using var trial = new GroupTrial((ulong)seed);
            trial.Run();
            Assert.True(trial.Broken.Count == 0, $"seed {seed}: {trial.Description}: {string.Join("; ", trial.Broken)}");
        });
    }

    [Theory]
    [InlineData(GroupFault.WrongByte)]
    [InlineData(GroupFault.CutOff)]
    public void MistakesOnPurposeAreFound(GroupFault fault)
    {
        var found = 0;
        for (var seed = 1UL; seed <= 6; seed++)
        {
            using var trial = new GroupTrial(seed, fault);
            trial.Run();
            found += trial.Broken.Count > 0 ? 1 : 0;
        }

        Assert.InRange(found, 2, 6);
    }
}
