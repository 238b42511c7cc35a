using System.Runtime.InteropServices;

namespace PouringRain.Protocol;

/// <summary>
/// Which block is opened next, and how many there are still to open: the one place where the order of blocks is decided. Alone a fetch
/// takes them in the order of demand. In company a source is asked for what it suggests, else for what a reader waits for, else for any
/// block that it holds: if all took them in order, all would have the same, and nobody anything to give.
/// </summary>
internal sealed class BlockPicker
{
    /// <summary>Bytes ahead of a reader that come in order.</summary>
    private const int WindowBytes = 1 << 20;

    private const int WindowBlocksMin = 4;

    private readonly DemandList _demand;
    private readonly List<FetchPath> _paths;
    private readonly List<HeldMap> _others = [];
    private SplitMix _random;
    private int _window = WindowBlocksMin;

    public BlockPicker(DemandList demand, List<FetchPath> paths, ulong seed)
    {
        _demand = demand;
        _paths = paths;
        _random = new SplitMix(seed);
    }

    /// <summary>Whether any block is wanted and not opened yet.</summary>
    public bool HasAny => _demand.TryPeek(out _);

    /// <summary>Whether sources hold different blocks, so that each is asked for others.</summary>
    public bool IsInCompany { get; set; }

    /// <summary>Whether sources that want to be asked for nothing but what they suggest are asked for anything all the same: nobody has
    /// brought anything for so long that it is clear that the others, on whom they count, are of no use to this fetch.</summary>
    public bool IsStarving { get; set; }

    /// <summary>The layout is known.</summary>
    public void SetLayout(ResourceLayout layout)
    {
        _demand.SetLayout(layout);
        _window = Math.Max(WindowBlocksMin, WindowBytes / Math.Max(1, layout.BlockBytes));
        IsInCompany = false;
    }

    /// <summary>The block that is opened next because a path has room.</summary>
    /// <param name="now">The time.</param>
    /// <param name="path">Who would be asked for it.</param>
    /// <param name="block">Its index; -1 when there is none for this path.</param>
    public bool TryPick(Instant now, FetchPath path, out int block)
    {
        if (!IsInCompany)
        {
            return _demand.TryPeek(out block) && path.MayHold(block);
        }

        if (MindsSuggestions(path))
        {
            return TryPickSuggested(now, path.Neighbour!, out block);
        }

        block = -1;
        return path.MayHoldAny && (_demand.TryPickOrdered(path.Held, _window, out block) || TryPickRare(path, out block)
            || _demand.TryPickRandom(path.Held, [], ref _random, out block));
    }

    /// <summary>Whether there is a block for this path, were it to be opened now.</summary>
    public bool CanPick(FetchPath path)
    {
        if (!IsInCompany)
        {
            return HasAny;
        }

        return MindsSuggestions(path) ? path.Neighbour!.Suggested.Exists(_demand.IsOpen)
            : path.MayHoldAny && (path.Held is { } held ? _demand.IsAnyHeld(held) : HasAny);
    }

    /// <summary>Whether a path is asked for nothing but what it suggests.</summary>
    public bool MindsSuggestions(FetchPath path) => !IsStarving && path.Neighbour is { IsSuggestedOnly: true };

    /// <summary>Whether a block is wanted and not opened yet.</summary>
    public bool IsOpen(int block) => _demand.IsOpen(block);

    /// <summary>Whether a block is the first in the order of demand, as what was guessed must be to be taken up.</summary>
    public bool IsFirst(uint blockNumber) => _demand.TryPeek(out var first) && first == (int)blockNumber;

    /// <summary>How many are to open, counted to <paramref name="max"/> at most.</summary>
    public int CountUpTo(int max) => _demand.CountUpTo(max);

    /// <summary>A block is opened: it is picked no more.</summary>
    public void OnOpened(int block) => _demand.Settle(block);

    /// <summary>A block that was opened is in work no more, and wanted as before.</summary>
    public void OnPutBack(int block) => _demand.Unsettle(block);

    /// <summary>One that holds all is asked for what nobody else near holds, if there is such a block.</summary>
    private bool TryPickRare(FetchPath path, out int block)
    {
        block = -1;
        if (!path.HoldsAll)
        {
            return false;
        }

        _others.Clear();
        foreach (var other in _paths)
        {
            if (other.IsRaining && other.Held is { } held)
            {
                _others.Add(held);
            }
        }

        return _demand.TryPickRandom(null, CollectionsMarshal.AsSpan(_others), ref _random, out block);
    }

    private bool TryPickSuggested(Instant now, Neighbour neighbour, out int block)
    {
        while (neighbour.Suggested.Count > 0)
        {
            block = neighbour.Suggested[0];
            if (_demand.IsOpen(block))
            {
                neighbour.OnTaken(now, block);
                return true;
            }

            neighbour.Decline(now, block);
        }

        block = -1;
        return false;
    }
}
