using MurkyWaters.Fetching;
using PouringRain.Protocol;

namespace Simulation.Fetches;

/// <summary>The blocks of a fetch without a disk: what was written to it, and what passes through memory.</summary>
internal sealed class ModelBlocks(Manifest manifest, int diskMax) : IHeldBlocks
{
    private readonly HashSet<int> _disk = [];
    private readonly HashSet<int> _memory = [];

    public Manifest Manifest => manifest;

    public ResourceLayout Layout => manifest.Layout;

    public int TakenCount { get; private set; }

    public bool IsComplete => _disk.Count == manifest.Layout.BlockCount;

    public bool IsPassing { get; set; }

    /// <summary>How many may be in memory.</summary>
    public int MemoryMax { get; set; }

    /// <summary>How many were at the most.</summary>
    public int MemoryPeak { get; private set; }

    public bool HasBlock(int blockIndex) => _disk.Contains(blockIndex) || _memory.Contains(blockIndex);

    public bool IsInMemory(int blockIndex) => _memory.Contains(blockIndex);

    /// <summary>Writes to the disk; false when it takes nothing more.</summary>
    public bool TryWrite(int block)
    {
        if (_disk.Count >= diskMax)
        {
            return false;
        }

        TakenCount += _disk.Add(block) ? 1 : 0;
        return true;
    }

    public bool TryTake(int block)
    {
        if (_memory.Count >= MemoryMax || !_memory.Add(block))
        {
            return false;
        }

        TakenCount++;
        MemoryPeak = Math.Max(MemoryPeak, _memory.Count);
        return true;
    }

    public void Drop(int block) => _memory.Remove(block);
}
