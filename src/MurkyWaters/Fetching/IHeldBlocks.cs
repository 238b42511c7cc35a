using PouringRain.Protocol;

namespace MurkyWaters.Fetching;

/// <summary>Which blocks of a version are here. What it says may change while it is looked at, by blocks that come.</summary>
internal interface IHeldBlocks
{
    ResourceLayout Layout { get; }

    int HeldCount { get; }

    bool IsComplete { get; }

    bool HasBlock(int blockIndex);
}
