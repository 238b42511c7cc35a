using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

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
    internal DenseSystem(int unknownMax)
    {
        _rows = new ulong[(unknownMax + 1) * 2 * Peeling.MaskWordsFor(unknownMax)];
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
        if (Deficiency == 0)
        {
            return false;
        }

        Row(Rank)[_words..].Clear();
        ref var row = ref RowReference(Rank);
        Unsafe.Add(ref row, _words + (Rank >> 6)) = 1UL << (Rank & 63);
        for (var w = 0; w < _words; w++)
        {
            while (Unsafe.Add(ref row, w) != 0)
            {
                var unknown = (w << 6) + BitOperations.TrailingZeroCount(Unsafe.Add(ref row, w));
                var pivot = _rowOfUnknown[unknown];
                if (pivot == None)
                {
                    _rowOfUnknown[unknown] = (ushort)Rank;
                    _slots[Rank++] = (ushort)slot;
                    return true;
                }

                Add(ref row, ref RowReference(pivot), 2 * _words);
            }
        }

        return false;
    }

    /// <summary>A choice of unknowns that no row taken tells from none at all: each has an even number of them. Only before
    /// <see cref="Solve"/>; it overwrites <see cref="NextMask"/>.</summary>
    /// <param name="index">0 to <see cref="Deficiency"/> - 1; each gives another.</param>
    internal ReadOnlySpan<ulong> Undetermined(int index)
    {
        var chosen = NextMask;
        chosen.Clear();
        for (var unknown = _unknownCount - 1; unknown >= 0; unknown--)
        {
            var isChosen = _rowOfUnknown[unknown] == None
                ? index-- == 0
                : IsOdd(Row(_rowOfUnknown[unknown])[.._words], chosen);
            chosen[unknown >> 6] |= isChosen ? 1UL << (unknown & 63) : 0;
        }

        return chosen;
    }

    /// <summary>Whether two masks have an odd number of bits in common.</summary>
    internal static bool IsOdd(ReadOnlySpan<ulong> a, ReadOnlySpan<ulong> b)
    {
        ulong sum = 0;
        for (var w = 0; w < a.Length; w++)
        {
            sum ^= a[w] & b[w];
        }

        return (BitOperations.PopCount(sum) & 1) != 0;
    }

    /// <summary>Makes every combination tell an unknown by itself. Only at full rank, and only once.</summary>
    internal void Solve()
    {
        for (var unknown = _unknownCount - 1; unknown >= 0; unknown--)
        {
            ref var row = ref RowReference(_rowOfUnknown[unknown]);
            for (var w = unknown >> 6; w < _words; w++)
            {
                // The unknowns above this one are solved, so of their rows only the combinations count.
                var above = Unsafe.Add(ref row, w) & (w == unknown >> 6 ? ~1UL << (unknown & 63) : ulong.MaxValue);
                for (; above != 0; above &= above - 1)
                {
                    var other = _rowOfUnknown[(w << 6) + BitOperations.TrailingZeroCount(above)];
                    Add(ref Unsafe.Add(ref row, _words), ref Unsafe.Add(ref RowReference(other), _words), _words);
                }
            }
        }
    }

    /// <summary>The rows, by their rank, whose sum is the unknown.</summary>
    internal ReadOnlySpan<ulong> Combination(int unknown) => Row(_rowOfUnknown[unknown])[_words..];

    private Span<ulong> Row(int rank) => _rows.AsSpan(rank * 2 * _words, 2 * _words);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ref ulong RowReference(int rank) => ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(_rows), (nint)rank * 2 * _words);

    /// <summary>destination += source, both one or two words or a multiple of four.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(ref ulong destination, ref ulong source, int words)
    {
        if (words == 1)
        {
            destination ^= source;
        }
        else if (words == 2)
        {
            (Vector128.LoadUnsafe(ref destination) ^ Vector128.LoadUnsafe(ref source)).StoreUnsafe(ref destination);
        }
        else
        {
            for (nuint w = 0; w < (nuint)words; w += (nuint)Vector256<ulong>.Count)
            {
                (Vector256.LoadUnsafe(ref destination, w) ^ Vector256.LoadUnsafe(ref source, w)).StoreUnsafe(ref destination, w);
            }
        }
    }
}
