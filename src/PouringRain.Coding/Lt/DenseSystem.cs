using System.Numerics;
using System.Runtime.InteropServices;
using PouringRain.Coding.Kernels;

namespace PouringRain.Coding.Lt;

/// <summary>
/// Gaussian elimination over GF(2) on bit-packed rows, one row at a time, so that a try that failed is continued by the rows that come
/// later and nothing is done twice. Each row remembers of which of the rows taken it is the sum.
/// </summary>
internal sealed class DenseSystem
{
    private const ushort None = ushort.MaxValue;

    // By rank: the mask of unknowns, then the mask of rows taken.
    private readonly ulong[] _rows;
    private readonly ushort[] _slots;
    private readonly ushort[] _rowOfUnknown;
    private int _words;
    private int _unknownCount;

    /// <param name="unknownMax">The most unknowns.</param>
    /// <param name="words">The words of a mask of so many.</param>
    internal DenseSystem(int unknownMax, int words)
    {
        _rows = new ulong[(unknownMax + 1) * 2 * words];
        _slots = new ushort[unknownMax];
        _rowOfUnknown = new ushort[unknownMax];
    }

    /// <summary>How many independent rows there are.</summary>
    internal int Rank { get; private set; }

    /// <summary>How many are still missing.</summary>
    internal int Deficiency => _unknownCount - Rank;

    /// <summary>Where the rows taken came from, by their rank.</summary>
    internal ReadOnlySpan<ushort> Slots => _slots.AsSpan(0, Rank);

    internal void Begin(int unknownCount, int words)
    {
        _unknownCount = unknownCount;
        _words = words;
        Rank = 0;
        Array.Fill(_rowOfUnknown, None, 0, unknownCount);
    }

    /// <summary>Where the next row's mask is to be written before <see cref="TryTake"/>.</summary>
    internal Span<ulong> NextMask => Row(Rank)[.._words];

    /// <summary>Takes the row in <see cref="NextMask"/>, if it is independent of those before.</summary>
    internal bool TryTake(int slot)
    {
        var row = Row(Rank);
        var combination = row[_words..];
        combination.Clear();
        if (Deficiency == 0)
        {
            return false;
        }

        combination[Rank >> 6] |= 1UL << (Rank & 63);
        for (var w = 0; w < _words; w++)
        {
            while (row[w] != 0)
            {
                var unknown = (w << 6) + BitOperations.TrailingZeroCount(row[w]);
                if (_rowOfUnknown[unknown] == None)
                {
                    _rowOfUnknown[unknown] = (ushort)Rank;
                    _slots[Rank++] = (ushort)slot;
                    return true;
                }

                Add(Row(_rowOfUnknown[unknown])[w..], row[w..]);
            }
        }

        return false;
    }

    /// <summary>Makes every combination tell an unknown by itself. Only at full rank, and only once.</summary>
    internal void Solve()
    {
        for (var unknown = _unknownCount - 1; unknown >= 0; unknown--)
        {
            var row = Row(_rowOfUnknown[unknown]);
            for (var w = unknown >> 6; w < _words; w++)
            {
                // The unknowns above this one are solved, so of their rows only the combinations count.
                var above = row[w] & (w == unknown >> 6 ? ~1UL << (unknown & 63) : ulong.MaxValue);
                for (; above != 0; above &= above - 1)
                {
                    var other = (w << 6) + BitOperations.TrailingZeroCount(above);
                    Add(Row(_rowOfUnknown[other])[_words..], row[_words..]);
                }
            }
        }
    }

    /// <summary>The rows, by their rank, whose sum is the unknown.</summary>
    internal ReadOnlySpan<ulong> Combination(int unknown) => Row(_rowOfUnknown[unknown])[_words..];

    private Span<ulong> Row(int rank) => _rows.AsSpan(rank * 2 * _words, 2 * _words);

    private static void Add(ReadOnlySpan<ulong> source, Span<ulong> destination)
    {
        if (destination.Length >= 16)
        {
            SymbolKernels.Best.Xor(MemoryMarshal.AsBytes(destination), MemoryMarshal.AsBytes(source));
            return;
        }

        for (var w = 0; w < destination.Length; w++)
        {
            destination[w] ^= source[w];
        }
    }
}
