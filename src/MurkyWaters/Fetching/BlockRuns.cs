namespace MurkyWaters.Fetching;

/// <summary>A bitmap of blocks as lengths of runs: short, since blocks are verified nearly in order, and readable in JSON.</summary>
internal static class BlockRuns
{
    /// <summary>Runs beyond which no map is told. A window of 64 blocks in work makes at most
    /// 66; many scattered ranges may make more.</summary>
    public const int CountMax = 4096;

    /// <summary>Writes a bitmap as runs.</summary>
    /// <param name="held">Bit i of word i / 64 is block i.</param>
    /// <param name="blockCount">Blocks of the resource.</param>
    /// <returns>Lengths in turn of a run of missing blocks (the first may be 0) and one of held
    /// blocks; null beyond <see cref="CountMax"/>.</returns>
    public static int[]? Of(ReadOnlySpan<ulong> held, int blockCount)
    {
        var runs = new List<int>();
        var isHeld = false;
        for (var at = 0; at < blockCount;)
        {
            var end = Math.Min(blockCount, EndOfRun(held, at, isHeld));
            if (runs.Count == CountMax)
            {
                return null;
            }

            runs.Add(end - at);
            (at, isHeld) = (end, !isHeld);
        }

        return [.. runs];
    }

    /// <summary>The first block at or after one that is not in the state of the run.</summary>
    private static int EndOfRun(ReadOnlySpan<ulong> held, int from, bool isHeld)
    {
        for (var word = from >> 6; word < held.Length; word++)
        {
            var others = isHeld ? ~held[word] : held[word];
            if (word == from >> 6)
            {
                others &= ulong.MaxValue << (from & 63);
            }

            if (others != 0)
            {
                return (word << 6) + System.Numerics.BitOperations.TrailingZeroCount(others);
            }
        }

        return int.MaxValue;
    }
}
