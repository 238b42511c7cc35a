namespace PouringRain.Protocol;

/// <summary>Which block is opened next, and how many there are still to open: the one place where the order of blocks is decided.</summary>
internal sealed class BlockPicker
{
    private readonly DemandList _demand;

    public BlockPicker(DemandList demand) => _demand = demand;

    /// <summary>Whether any block is wanted and not opened yet.</summary>
    public bool HasAny => _demand.TryPeek(out _);

    /// <summary>The block that is opened next because a path has room: the first in the order of demand, whatever the path.</summary>
    /// <param name="path">Who would be asked for it.</param>
    /// <param name="block">Its index; -1 when there is none for this path.</param>
    public bool TryPick(FetchPath path, out int block)
    {
        _ = path;
        return _demand.TryPeek(out block);
    }

    /// <summary>Whether a block is the first in the order of demand, as what was guessed must be to be taken up.</summary>
    public bool IsFirst(uint blockNumber) => _demand.TryPeek(out var first) && first == (int)blockNumber;

    /// <summary>How many are to open, counted to <paramref name="max"/> at most.</summary>
    public int CountUpTo(int max) => _demand.CountUpTo(max);

    /// <summary>A block is opened: it is picked no more.</summary>
    public void OnOpened(int block) => _demand.Settle(block);
}
