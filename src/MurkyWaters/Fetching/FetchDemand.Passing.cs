namespace MurkyWaters.Fetching;

/// <summary>
/// The demand of a fetch whose blocks pass through memory. Only so many are asked for as fit there: next those that a reader comes to
/// soonest. A block keeps its place from when it is asked for until all readers have passed it, so that the slowest holds the rain back. A
/// reader who stands before a block for which there is no place takes that of the block which is needed last.
/// </summary>
internal sealed partial class FetchDemand
{
    /// <summary>Runs asked of one round: a round that is asked for more than some thousand brings all there is.</summary>
    private const int PassingRunsMax = 500;

    private readonly HashSet<int> _placed = [];
    private readonly HashSet<int> _askedNow = [];
    private int _passingMax;
    private int _runCount;
    private bool _mustBeginAnew;

    /// <summary>Whether blocks pass through memory.</summary>
    public bool IsPassing { get; private set; }

    public void BeginPassing() => IsPassing = true;

    /// <summary>How many blocks may be in memory at once, at least 1.</summary>
    public void Allow(int passingMax) => _passingMax = passingMax;

    /// <summary>A reader has read all before an offset, or does not want it.</summary>
    public void Pass(object reader, long offset)
    {
        if (_wants.Find(want => want.Reader == reader) is { } want)
        {
            want.Position = offset;
            want.IsWaiting = false;
        }
    }

    /// <summary>A block that may go from memory, because nobody needs it there any more.</summary>
    public bool TryDrop(IHeldBlocks held, out int block)
    {
        foreach (var placed in _placed)
        {
            if (held.IsInMemory(placed) && DistanceOf(placed) == int.MaxValue)
            {
                _placed.Remove(block = placed);
                return true;
            }
        }

        block = -1;
        return false;
    }

    /// <summary>A block that has to go from memory so that one for which a reader waits finds a place. No block goes that a reader comes to
    /// next.</summary>
    public bool TryMakePlace(IHeldBlocks held, out int dropped)
    {
        dropped = -1;
        if (_placed.Count < _passingMax || !_wants.Exists(want => want.IsWaiting && IsPlaceless(want.Position, held)))
        {
            return false;
        }

        var farthest = 0;
        foreach (var placed in _placed)
        {
            var distance = DistanceOf(placed);
            if (held.IsInMemory(placed) && distance > farthest)
            {
                (dropped, farthest) = (placed, distance);
            }
        }

        return dropped >= 0 && _placed.Remove(dropped);
    }

    private bool IsPlaceless(long offset, IHeldBlocks held) =>
        _layout!.BlockAt(offset) is var block && !_placed.Contains(block) && !held.HasBlock(block);

    /// <summary>Whether all that is wanted from where the readers are is here.</summary>
    private bool IsAllHere(IHeldBlocks held)
    {
        foreach (var want in _wants)
        {
            for (var (block, end) = BlocksAhead(want); block < end; block++)
            {
                if (!held.HasBlock(block))
                {
                    return false;
                }
            }
        }

        return true;
    }

    /// <summary>The next blocks for which there is a place. While nobody waits they are asked for some at a time, not one by one.</summary>
    private bool TryFindPassing(IHeldBlocks held, out (int First, int End) blocks)
    {
        blocks = default;
        var free = _passingMax - _placed.Count;
        var isSomebodyWaiting = _wants.Exists(want => want.IsWaiting);
        if (free <= 0 || (!isSomebodyWaiting && free < (_passingMax + 1) / 2))
        {
            return false;
        }

        var nearest = int.MaxValue;
        foreach (var want in _wants)
        {
            var (from, end) = BlocksAhead(want);
            for (var block = from; block < end && block - from < nearest; block++)
            {
                if (!held.HasBlock(block) && !_placed.Contains(block))
                {
                    (nearest, blocks) = (block - from, (block, end));
                }
            }
        }

        if (nearest == int.MaxValue)
        {
            return false;
        }

        var (first, last) = (blocks.First, blocks.First + 1);
        while (last < blocks.End && last - first < free && !held.HasBlock(last) && !_placed.Contains(last))
        {
            last++;
        }

        blocks = (first, last);
        return true;
    }

    private bool TryAskPassing(IHeldBlocks held, out (long Offset, long Length) bytes)
    {
        bytes = default;
        if (_mustBeginAnew || _runCount >= PassingRunsMax || !TryFindPassing(held, out var blocks))
        {
            return false;
        }

        for (var block = blocks.First; block < blocks.End; block++)
        {
            if (_askedNow.Contains(block))
            {
                // The round has brought it once and does not do so again.
                _mustBeginAnew = true;
                blocks.End = block;
            }
        }

        if (blocks.First == blocks.End)
        {
            return false;
        }

        Place(blocks);
        bytes = BytesOf(blocks);
        return true;
    }

    private void Place((int First, int End) blocks)
    {
        _runCount++;
        for (var block = blocks.First; block < blocks.End; block++)
        {
            _placed.Add(block);
            _askedNow.Add(block);
        }
    }

    /// <summary>The round is over: what it was asked for and has not brought does not come.</summary>
    private void EndPassing(IHeldBlocks held)
    {
        _placed.RemoveWhere(block => !held.IsInMemory(block));
        _askedNow.Clear();
        _runCount = 0;
        _mustBeginAnew = false;
    }

    /// <summary>From where a reader is to the end of what it wants.</summary>
    private (int First, int End) BlocksAhead(Want want)
    {
        var blocks = BlocksOf(_layout!, want.Offset, want.Length);
        return want.Position >= _layout!.Length ? (blocks.End, blocks.End)
            : (Math.Clamp(_layout.BlockAt(want.Position), blocks.First, blocks.End), blocks.End);
    }

    /// <summary>How many blocks the nearest reader is before one; the greatest number when none comes to it.</summary>
    private int DistanceOf(int block)
    {
        var nearest = int.MaxValue;
        foreach (var want in _wants)
        {
            var (first, end) = BlocksAhead(want);
            if (first <= block && block < end)
            {
                nearest = Math.Min(nearest, block - first);
            }
        }

        return nearest;
    }
}
