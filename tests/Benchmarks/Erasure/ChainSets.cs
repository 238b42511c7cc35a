using System.Runtime.Intrinsics;
using PouringRain.Coding.Kernels;

namespace Benchmarks.Erasure;

/// <summary>
/// The determinants of all sets of 11 of the 16 pieces of a chain, 4,368 of them, in the order of the sets. The sets form a tree whose
/// edges add a piece; a piece's row is reduced once by the rows above it, so that all sets together take 12,376 reductions.
/// </summary>
internal sealed class ChainSets
{
    public const int NodeCount = 16;
    public const int PartCount = 11;
    public const int SlotCount = 22;
    public const int SetCount = 4368;

    private static readonly Vector128<byte>[] Low = Tables(0);
    private static readonly Vector128<byte>[] High = Tables(16);
    private static readonly int[] Below = SetsBelow();

    private readonly Vector128<byte>[] _rows = new Vector128<byte>[NodeCount];
    private readonly Vector128<byte>[] _basis = new Vector128<byte>[PartCount];
    private readonly int[] _pivots = new int[PartCount];
    private readonly int[] _nodes = new int[SlotCount];
    private readonly int[] _parts = new int[SlotCount];

    /// <param name="seconds">The part that is the second replica of the nodes 5 to 15.</param>
    public ChainSets(ReadOnlySpan<int> seconds)
    {
        var slot = 0;
        for (var node = 0; node < NodeCount; node++)
        {
            if (node < PartCount)
            {
                (_nodes[slot], _parts[slot++]) = (node, node);
            }

            if (node >= NodeCount - PartCount)
            {
                (_nodes[slot], _parts[slot++]) = (node, seconds[node - (NodeCount - PartCount)]);
            }
        }
    }

    /// <summary>The node of a slot, and the part.</summary>
    public (int Node, int Part) this[int slot] => (_nodes[slot], _parts[slot]);

    /// <summary>Computes the determinants.</summary>
    public void Compute(ReadOnlySpan<byte> psi, ReadOnlySpan<byte> xi, Span<byte> determinants)
    {
        var stream = Vector128<byte>.Zero;
        for (var (node, slot) = (0, 0); node < NodeCount; node++)
        {
            var row = stream;
            for (; slot < SlotCount && _nodes[slot] == node; slot++)
            {
                var part = _parts[slot];
                row = row.WithElement(part, (byte)(row[part] ^ xi[slot]));
                stream = stream.WithElement(part, (byte)(stream[part] ^ psi[slot]));
            }

            _rows[node] = row;
        }

        var count = 0;
        Walk(0, 0, 1, determinants, ref count);
    }

    private void Walk(int first, int depth, byte determinant, Span<byte> determinants, ref int count)
    {
        if (depth == PartCount)
        {
            determinants[count++] = determinant;
            return;
        }

        for (var node = first; node <= NodeCount - (PartCount - depth); node++)
        {
            var row = _rows[node];
            for (var i = 0; i < depth; i++)
            {
                row ^= Multiply(_basis[i], row[_pivots[i]]);
            }

            if (row == Vector128<byte>.Zero)
            {
                // No set that goes on from here can be decoded.
                var sets = Below[((NodeCount - node - 1) * (PartCount + 1)) + PartCount - depth - 1];
                determinants.Slice(count, sets).Clear();
                count += sets;
                continue;
            }

            var pivot = System.Numerics.BitOperations.TrailingZeroCount(
                ~Vector128.Equals(row, Vector128<byte>.Zero).ExtractMostSignificantBits());
            var value = row[pivot];
            _basis[depth] = Multiply(row, Gf256.Inverse(value));
            _pivots[depth] = pivot;
            // Two has no sign: the order of the pivots does not matter.
            Walk(node + 1, depth + 1, Gf256.Multiply(determinant, value), determinants, ref count);
        }
    }

    private static Vector128<byte> Multiply(Vector128<byte> row, byte factor)
    {
        var mask = Vector128.Create((byte)0x0F);
        return Vector128.Shuffle(Low[factor], row & mask) ^ Vector128.Shuffle(High[factor], Vector128.ShiftRightLogical(row, 4));
    }

    private static Vector128<byte>[] Tables(int offset) =>
        [.. Enumerable.Range(0, 256).Select(factor => Vector128.Create(Gf256.Nibbles.Slice((32 * factor) + offset, 16)))];

    // [n, k] is n over k.
    private static int[] SetsBelow()
    {
        var sets = new int[(NodeCount + 1) * (PartCount + 1)];
        for (var n = 0; n <= NodeCount; n++)
        {
            for (var k = 0; k <= PartCount && k <= n; k++)
            {
                sets[(n * (PartCount + 1)) + k] = k == 0 || k == n
                    ? 1
                    : sets[((n - 1) * (PartCount + 1)) + k - 1] + sets[((n - 1) * (PartCount + 1)) + k];
            }
        }

        return sets;
    }
}
