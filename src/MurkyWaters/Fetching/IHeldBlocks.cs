using PouringRain.Protocol;

namespace MurkyWaters.Fetching;

/// <summary>Which blocks of a version are here. What it says may change while it is looked at, by blocks that come.</summary>
internal interface IHeldBlocks
{
    ResourceLayout Layout { get; }

    /// <summary>How many were taken so far, each as often as it was: more than before when something came.</summary>
    int TakenCount { get; }

    /// <summary>Whether all of it is on the disk.</summary>
    bool IsComplete { get; }

    /// <summary>Whether a block can be read.</summary>
    bool HasBlock(int blockIndex);

    /// <summary>Whether it is in memory, from which it is dropped when all have passed it.</summary>
    bool IsInMemory(int blockIndex);
}
