using MurkyWaters.Fetching;

namespace Simulation.Fetches;

/// <summary>One round of a network without packets: it brings each block that is asked for
/// once, in the order in which it is asked.</summary>
internal sealed class ModelRound
{
    private readonly LinkedList<int> _wanted = new();
    private readonly HashSet<int> _settled = [];
    private readonly List<FetchAction> _early = [];
    private ModelBlocks? _blocks;

    /// <summary>How many blocks it brings before its sources fall silent.</summary>
    public required int BlocksMax { get; init; }

    public required TimeSpan Pace { get; init; }

    /// <summary>Whether it was asked for more than its manifest.</summary>
    public bool IsAskedForBytes { get; private set; }

    public bool IsCancelled { get; set; }

    public int Brought { get; private set; }

    public void Ask(FetchAction action)
    {
        IsAskedForBytes |= action.Length > 0;
        if (_blocks is null)
        {
            _early.Add(action);
            return;
        }

        var (first, end) = FetchDemand.BlocksOf(_blocks.Layout, action.Offset, action.Length);
        for (var i = 0; i < end - first; i++)
        {
            // Urgent ones go before all others, in their order.
            var block = action.IsUrgent ? end - 1 - i : first + i;
            _ = action.IsUrgent ? _wanted.AddFirst(block) : _wanted.AddLast(block);
        }
    }

    /// <summary>The version is known, and so is what is here of it.</summary>
    public void Know(ModelBlocks blocks)
    {
        _blocks = blocks;
        for (var i = 0; i < blocks.Layout.BlockCount; i++)
        {
            if (blocks.HasBlock(i))
            {
                _settled.Add(i);
            }
        }

        _early.ForEach(Ask);
        _early.Clear();
    }

    /// <summary>The next block; false when all that was asked for is brought.</summary>
    public bool TryBring(out int block)
    {
        while (_wanted.First is { } next)
        {
            _wanted.RemoveFirst();
            block = next.Value;
            if (_settled.Add(block))
            {
                Brought++;
                return true;
            }
        }

        block = -1;
        return false;
    }
}
