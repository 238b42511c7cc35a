using System.Collections.Immutable;

namespace PouringRain.Coding.Erasure;

/// <summary>
/// A linear code over GF(2^8) (polynomial 0x11D) that makes n pieces of k parts by a chain of n nodes, each of which holds one part
/// or two: RapidRAID (L. Pamies-Juarez, A. Datta, F. Oggier, "RapidRAID: Pipelined Erasure Codes for Fast Data Archival in Distributed
/// Storage Systems", arXiv:1207.6744, 2012). Parts, pieces and what passes between the nodes are strings of bytes of one length,
/// and byte i of any of them depends on bytes i of the others alone, so that any range can be worked on by itself.
/// <para>Two ways lead to the same piece: the chain, x(i) = x(i - 1) + psi * part, piece(i) = x(i - 1) + xi * part with x(-1) = 0; and,
/// where all parts are at hand, piece(i) as the sum of the parts times row i of the generator matrix. The chain's order is in
/// <see cref="Slots"/>. Objects are immutable and safe for use by many threads.</para>
/// </summary>
public sealed class ErasureCode
{
    private readonly byte[] _generator;
    private readonly int[] _firstSlots;
    private readonly Lazy<ulong[]> _sufficient;
    private readonly int _replicaCount;

    internal ErasureCode(string name, int partCount, int lossesSurvived, ImmutableArray<ChainSlot> slots)
    {
        Name = name;
        PartCount = partCount;
        LossesSurvived = lossesSurvived;
        Slots = slots;
        PieceCount = slots[^1].Node + 1;
        _generator = new byte[PieceCount * partCount];
        _firstSlots = new int[PieceCount + 1];
        FollowChain();
        _sufficient = new Lazy<ulong[]>(FindSufficient);
    }

    /// <summary>The parts as they are, each so often: piece j is part j modulo k. It has no chain.</summary>
    internal ErasureCode(string name, int partCount, int replicaCount)
    {
        (Name, PartCount, PieceCount, LossesSurvived, Slots) = (name, partCount, partCount * replicaCount, replicaCount - 1, []);
        _replicaCount = replicaCount;
        _generator = new byte[PieceCount * partCount];
        _firstSlots = new int[PieceCount + 1];
        for (var piece = 0; piece < PieceCount; piece++)
        {
            _generator[(piece * partCount) + (piece % partCount)] = 1;
        }

        _sufficient = new Lazy<ulong[]>([]);
    }

    /// <summary>The name by which manifests and programs call it.</summary>
    public string Name { get; }

    /// <summary>n: pieces, and nodes of the chain.</summary>
    public int PieceCount { get; }

    /// <summary>k: parts that a source is cut into, and the pieces that it takes at least to have it back.</summary>
    public int PartCount { get; }

    /// <summary>So many pieces can be lost, whichever they are.</summary>
    public int LossesSurvived { get; }

    /// <summary>The replicas of parts along the chain, two of each part, in the order of the nodes; none where there is no chain.</summary>
    public ImmutableArray<ChainSlot> Slots { get; }

    /// <summary>What a node of the chain holds and adds: one slot or two.</summary>
    /// <exception cref="IndexOutOfRangeException">There is no such node.</exception>
    public ReadOnlySpan<ChainSlot> SlotsOf(int node) => Slots.AsSpan()[_firstSlots[node].._firstSlots[node + 1]];

    /// <summary>A row of the generator matrix: the multiples of the parts that the piece is the sum of.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such piece.</exception>
    public ReadOnlySpan<byte> RowOf(int piece) => _generator.AsSpan(piece * PartCount, PartCount);

    /// <summary>Whether the parts can be had from these pieces. Indices beyond the code's pieces count for nothing.</summary>
    public bool IsSufficient(PieceSet pieces)
    {
        var index = pieces.Bits & PieceSet.First(PieceCount).Bits;
        if (_replicaCount > 0)
        {
            var parts = 0u;
            for (var replica = 0; replica < _replicaCount; replica++)
            {
                parts |= index >> (replica * PartCount);
            }

            return PieceSet.First(PartCount).Without(new PieceSet(parts)).Count == 0;
        }

        return ((_sufficient.Value[index >> 6] >> (int)(index & 63)) & 1) != 0;
    }

    /// <summary>Chooses of pieces, named in the order of preference, those that tell something the ones before them do not: k of them when
    /// the pieces are sufficient, and then no other choice leaves out a less preferred one.</summary>
    /// <param name="preferred">Pieces, the best first; one named twice counts once.</param>
    /// <param name="chosen">Those chosen, in the same order; k are enough room.</param>
    /// <returns>How many were chosen.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There is no such piece.</exception>
    public int Choose(ReadOnlySpan<int> preferred, Span<int> chosen)
    {
        var basis = new PieceBasis(PartCount, 1);
        foreach (var piece in preferred)
        {
            if (basis.TryAdd(RowOf(piece), 0))
            {
                chosen[basis.Rank - 1] = piece;
            }
        }

        return basis.Rank;
    }

    /// <summary>Finds how the parts are had from pieces: part p is the sum over all i of coefficients[p, i] * piece pieces[i]. Of more
    /// pieces than k, those are used that <see cref="Choose"/> would take; the others have the coefficient 0.</summary>
    /// <param name="pieces">The pieces, each once.</param>
    /// <param name="coefficients">k rows of as many coefficients as there are pieces.</param>
    /// <returns>Whether the pieces are sufficient.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There is no such piece.</exception>
    public bool TryGetDecoding(ReadOnlySpan<int> pieces, Span<byte> coefficients)
    {
        var basis = BasisOf(pieces);
        Span<byte> part = stackalloc byte[PieceSet.CountMax];
        part = part[..PartCount];
        for (var i = 0; i < PartCount && basis.Rank == PartCount; i++)
        {
            part.Clear();
            part[i] = 1;
            basis.TryExpress(part, coefficients.Slice(i * pieces.Length, pieces.Length));
        }

        return basis.Rank == PartCount;
    }

    /// <summary>Finds how one part alone is had from pieces, for which fewer than k may do.</summary>
    /// <param name="part">The part.</param>
    /// <param name="pieces">The pieces, each once.</param>
    /// <param name="coefficients">One for each piece.</param>
    /// <returns>Whether it can be had.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There is no such part or piece.</exception>
    public bool TryGetDecoding(int part, ReadOnlySpan<int> pieces, Span<byte> coefficients)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(part);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(part, PartCount);
        Span<byte> row = stackalloc byte[PieceSet.CountMax];
        row.Clear();
        row[part] = 1;
        return BasisOf(pieces).TryExpress(row[..PartCount], coefficients[..pieces.Length]);
    }

    /// <summary>Finds how a lost piece is had from others: the sum over all i of coefficients[i] * piece helpers[i]. Along a path of the
    /// helpers each adds its multiple to what comes from the one before.</summary>
    /// <param name="piece">The piece that was lost.</param>
    /// <param name="helpers">Other pieces, each once, in the order of the path.</param>
    /// <param name="coefficients">One for each helper; 0 for one that is not needed.</param>
    /// <returns>Whether it can be had.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There is no such piece.</exception>
    public bool TryGetRepair(int piece, ReadOnlySpan<int> helpers, Span<byte> coefficients) =>
        BasisOf(helpers).TryExpress(RowOf(piece), coefficients[..helpers.Length]);

    /// <summary>Counts how many holders of pieces can be lost, whichever they are.</summary>
    /// <param name="holders">What each node, or zone, has; 20 at most.</param>
    /// <returns>The losses survived: 0 when there is one whose loss is fatal, -1 when there is not enough already.</returns>
    /// <exception cref="ArgumentException">More than 20 holders.</exception>
    public int CountLossesSurvived(ReadOnlySpan<PieceSet> holders)
    {
        if (holders.Length > 20)
        {
            throw new ArgumentException($"{holders.Length} holders are too many to try all losses.");
        }

        // The fewest holders without which it is not enough. Every subset is tried, of 16 holders 65,536.
        var fatal = holders.Length + 1;
        for (var lost = 0u; lost < 1u << holders.Length; lost++)
        {
            var losses = System.Numerics.BitOperations.PopCount(lost);
            if (losses >= fatal)
            {
                continue;
            }

            var left = default(PieceSet);
            for (var holder = 0; holder < holders.Length; holder++)
            {
                left = ((lost >> holder) & 1) == 0 ? left.With(holders[holder]) : left;
            }

            fatal = IsSufficient(left) ? fatal : losses;
        }

        return fatal - 1;
    }

    private void FollowChain()
    {
        var stream = new byte[PartCount];
        var slot = 0;
        for (var node = 0; node < PieceCount; node++)
        {
            _firstSlots[node] = slot;
            var row = _generator.AsSpan(node * PartCount, PartCount);
            stream.CopyTo(row);
            for (; slot < Slots.Length && Slots[slot].Node == node; slot++)
            {
                row[Slots[slot].Part] ^= Slots[slot].Xi;
                stream[Slots[slot].Part] ^= Slots[slot].Psi;
            }
        }

        _firstSlots[PieceCount] = slot;
    }

    private PieceBasis BasisOf(ReadOnlySpan<int> pieces)
    {
        var basis = new PieceBasis(PartCount, pieces.Length);
        for (var i = 0; i < pieces.Length; i++)
        {
            basis.TryAdd(RowOf(pieces[i]), i);
        }

        return basis;
    }

    // A bit for every set. A set of k is sufficient when its rows are independent, a larger one when it holds such a set.
    private ulong[] FindSufficient()
    {
        var bits = new ulong[((1 << PieceCount) + 63) / 64];
        for (var set = 0u; set < 1u << PieceCount; set++)
        {
            var count = System.Numerics.BitOperations.PopCount(set);
            var isSufficient = false;
            if (count == PartCount)
            {
                var basis = new PieceBasis(PartCount, 1);
                for (var rest = set; rest != 0; rest &= rest - 1)
                {
                    basis.TryAdd(RowOf(System.Numerics.BitOperations.TrailingZeroCount(rest)), 0);
                }

                isSufficient = basis.Rank == PartCount;
            }
            else if (count > PartCount)
            {
                for (var rest = set; rest != 0 && !isSufficient; rest &= rest - 1)
                {
                    var without = set & ~(rest & (0 - rest));
                    isSufficient = ((bits[without >> 6] >> (int)(without & 63)) & 1) != 0;
                }
            }

            bits[set >> 6] |= isSufficient ? 1UL << (int)(set & 63) : 0;
        }

        return bits;
    }
}
