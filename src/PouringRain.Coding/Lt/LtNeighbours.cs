using System.Numerics;

namespace PouringRain.Coding.Lt;

/// <summary>
/// Derives the neighbours of a droplet, the source symbols it is the sum of, from K, SBN and ESI alone. This is a promise of the wire: a
/// sender and a receiver of different versions must agree on every bit of it.
/// </summary>
/// <remarks>
/// <para>hash(SBN, ESI) = mix((SBN 2^24 + ESI) φ + seed) with the finalizer of SplitMix64 as mix and φ = 2^64 / golden ratio; all modulo
/// 2^64.</para>
/// <para>K above 64: h = hash(SBN, ESI). The degree is drawn by h's upper half from <see cref="RobustSoliton"/>. With P the least prime
/// not below K, the neighbours are the first so many terms below K of start, start + step, start + 2 step, … modulo P (as RFC 6330,
/// section 5.3.5.3, has it: no two of them are equal, and nothing needs remembering to see to that), where step = 1 + (lower half of h
/// × (P-1)) / 2^32. Up to K = 4096, start = ESI mod K, so that of any K consecutive droplets every source symbol has its own: without
/// loss no source symbol stays uncovered, which is the one failure that elimination cannot mend. It makes peeling stall somewhat
/// earlier, which costs more in large blocks than it gives; there start = (upper half of mix(h) × K) / 2^32.</para>
/// <para>K up to 64: peeling has no use, so the code is dense, and any K droplets from a multiple of K on suffice: the ESIs g K to
/// g K + K-1 are the rows of a product L U of random unit triangular matrices. Row j of U has bit j, and above it the bits of hash(SBN,
/// g K + j); row i of L has bit i, and below it the bits of mix(hash(SBN, g K + i)).</para>
/// </remarks>
internal sealed class LtNeighbours
{
    /// <summary>The most source symbols that are coded densely: as many as a word has bits.</summary>
    internal const int DenseSymbolCountMax = 64;

    /// <summary>Up to how many source symbols the progressions start in turn.</summary>
    internal const int InTurnSymbolCountMax = 4096;

    private const ulong Seed = 0x506F7572696E6752; // "PouringR"
    private const ulong Golden = 0x9E3779B97F4A7C15;

    private readonly int _symbolCount;
    private readonly int _prime;
    private readonly RobustSoliton? _degrees;

    internal LtNeighbours(int symbolCount)
    {
        _symbolCount = symbolCount;
        if (symbolCount > DenseSymbolCountMax)
        {
            _degrees = new RobustSoliton(symbolCount);
            _prime = symbolCount;
            while (!IsPrime(_prime))
            {
                _prime++;
            }
        }
    }

    /// <summary>The most neighbours a droplet has.</summary>
    internal int DegreeMax => _degrees?.DegreeMax ?? _symbolCount;

    /// <summary>The number of neighbours that a droplet has on average.</summary>
    internal double MeanDegree => _degrees?.MeanDegree ?? ((_symbolCount + 1) / 2.0);

    /// <summary>The droplet's row, for any SBN and ESI.</summary>
    internal LtRow Row(uint sourceBlockNumber, uint esi)
    {
        if (_degrees is null)
        {
            return DenseRow(sourceBlockNumber, esi);
        }

        var hash = Hash(sourceBlockNumber, esi);
        var step = 1 + Scale((uint)hash, _prime - 1);
        var start = _symbolCount <= InTurnSymbolCountMax ? (int)(esi % (uint)_symbolCount) : Scale((uint)(Mix(hash) >> 32), _symbolCount);
        return new LtRow(start, step, _degrees.Degree((uint)(hash >> 32)));
    }

    /// <summary>Writes the row's neighbours, all different, in no order that means anything.</summary>
    /// <typeparam name="TNumber">What holds a source symbol's index.</typeparam>
    /// <param name="row">A row of this K.</param>
    /// <param name="neighbours">Room for <see cref="DegreeMax"/>.</param>
    /// <returns>The part written.</returns>
    internal Span<TNumber> Expand<TNumber>(LtRow row, Span<TNumber> neighbours)
        where TNumber : unmanaged, IBinaryInteger<TNumber>
    {
        var count = 0;
        if (_degrees is null)
        {
            for (var bits = row.Bits; bits != 0; bits &= bits - 1)
            {
                neighbours[count++] = TNumber.CreateTruncating(BitOperations.TrailingZeroCount(bits));
            }

            return neighbours[..count];
        }

        neighbours = neighbours[..row.Degree];
        var next = row.Start;
        var step = row.Step;
        var prime = _prime;
        var symbolCount = _symbolCount;
        for (; count < neighbours.Length; count++)
        {
            neighbours[count] = TNumber.CreateTruncating(next);
            do
            {
                next += step;
                next -= next >= prime ? prime : 0;
            }
            while (next >= symbolCount);
        }

        return neighbours;
    }

    private LtRow DenseRow(uint sourceBlockNumber, uint esi)
    {
        var index = (int)(esi % (uint)_symbolCount);
        var first = esi - (uint)index;
        var combination = (Mix(Hash(sourceBlockNumber, esi)) & ((1UL << index) - 1)) | (1UL << index);
        var all = ulong.MaxValue >> (64 - _symbolCount);
        ulong row = 0;
        for (; combination != 0; combination &= combination - 1)
        {
            var j = BitOperations.TrailingZeroCount(combination);
            row ^= (Hash(sourceBlockNumber, first + (uint)j) & all & (ulong.MaxValue << j)) | (1UL << j);
        }

        return new LtRow(row);
    }

    private static ulong Hash(uint sourceBlockNumber, uint esi) => Mix(((((ulong)sourceBlockNumber << 24) + esi) * Golden) + Seed);

    /// <summary>The finalizer of SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).</summary>
    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    private static int Scale(uint uniform, int count) => (int)(((ulong)uniform * (uint)count) >> 32);

    private static bool IsPrime(int n)
    {
        for (var divisor = 2; divisor * divisor <= n; divisor++)
        {
            if (n % divisor == 0)
            {
                return false;
            }
        }

        return n > 1;
    }
}
