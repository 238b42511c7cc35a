using MurkyWaters.Cluster;
using PouringRain.Protocol;
using PouringRain.Protocol.Cluster;

namespace MurkyWaters.Tests.Cluster;

/// <summary>Whether a node may be drained.</summary>
public class DrainRoomTests
{
    [Theory]
    [InlineData("UUUU", "", 3, true)]
    [InlineData("UUU", "", 3, false)]
    [InlineData("UUUU", "2", 3, false)]
    [InlineData("UUUUU", "2", 3, true)]
    [InlineData("UU", "", 3, true)]
    [InlineData("U", "", 3, false)]
    [InlineData("U", "", 0, false)]
    [InlineData("UU", "", 0, true)]
    [InlineData("UD", "", 2, false)]
    [InlineData("UUL", "", 2, false)]
    [InlineData("UUUL", "", 2, true)]
    [InlineData("UUG", "", 2, false)]
    [InlineData("UUUD", "", 3, false)]
    [InlineData("DUUU", "", 3, true)]
    [InlineData("DUU", "", 3, true)]
    [InlineData("XXUU", "2", 3, false)]
    [InlineData("UUU", "23", 3, false)]
    public void ANodeIsDrainedWhereEnoughAreLeftOrTooFewWereThereBefore(string states, string drained, int replicas, bool isAllowed)
    {
        var nodes = states.Select((state, index) => (Id(index + 1), State: state switch
        {
            'U' => MemberState.Up,
            'L' => MemberState.Late,
            'D' => MemberState.Down,
            'X' => MemberState.Draining,
            _ => MemberState.Gone,
        })).ToList();
        var refusal = DrainRoom.FindRefusal(Id(1), nodes, drained.Select(digit => Id(digit - '0')).ToHashSet(), replicas);
        Assert.Equal(isAllowed, refusal is null);
    }

    private static NodeId Id(int number) => new((ulong)number);
}
