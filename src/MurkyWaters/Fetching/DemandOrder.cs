using MurkyWaters.Store;
using PouringRain.Protocol;

namespace MurkyWaters.Fetching;

/// <summary>The blocks asked of one round, in the order in which they are to come. Not thread-safe.</summary>
internal sealed class DemandOrder
{
    private readonly ResourceLayout _layout;
    private readonly List<Run> _runs = [];

    public DemandOrder(ResourceLayout layout) => _layout = layout;

    /// <summary>The blocks that a run of bytes touches.</summary>
    public static (int First, int End) BlocksOf(ResourceLayout layout, long offset, long length)
    {
        if (length <= 0 || offset >= layout.Length)
        {
            return (0, 0);
        }

        var last = length >= layout.Length - offset ? layout.Length - 1 : offset + length - 1;
        return (layout.BlockAt(Math.Max(offset, 0)), layout.BlockAt(last) + 1);
    }

    /// <summary>Notes that blocks are wanted after all others, or before all others.</summary>
    public void Add(int first, int end, bool urgent) => _runs.Insert(urgent ? 0 : _runs.Count, new Run(first, end));

    /// <summary>Whether every block of a run was asked for or is held.</summary>
    public bool Covers(int first, int end, VerifiedBlocks partial)
    {
        for (var block = first; block < end; block++)
        {
            if (partial.HasBlock(block))
            {
                continue;
            }

            // Skip to the end of the run that covers this block.
            var covered = _runs.Where(run => run.First <= block && block < run.End).Select(run => run.End).DefaultIfEmpty(0).Max();
            if (covered == 0)
            {
                return false;
            }

            block = covered - 1;
        }

        return true;
    }

    /// <summary>Whether a block is among those that come next: within a window behind the first missing block in order.</summary>
    public bool IsNear(int blockIndex, long windowBytes, VerifiedBlocks partial)
    {
        var window = Math.Max(2, windowBytes / _layout.BlockBytes);
        foreach (var run in _runs)
        {
            while (run.Cursor < run.End && partial.HasBlock(run.Cursor))
            {
                run.Cursor++;
            }

            if (run.Cursor < run.End)
            {
                return blockIndex >= run.Cursor && blockIndex < Math.Min(run.End, run.Cursor + window);
            }
        }

        return false;
    }

    private sealed class Run(int first, int end)
    {
        public int First { get; } = first;

        public int End { get; } = end;

        /// <summary>All before it is held.</summary>
        public int Cursor { get; set; } = first;
    }
}
