using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;

namespace PouringRain.Coding.Erasure;

/// <summary>The erasure codes there are, by the names that manifests and programs use. A name stands for its lists for ever: pieces
/// written with them have to be read.</summary>
public static class ErasureCodes
{
    private const int NodeCount = 16, PartCount = 11;

    /// <summary>
    /// <c>rapidraid</c>, the default: (16, 11), any 11 pieces suffice. The second replica stands in an order that has no set of 11
    /// whose rows depend on each other whatever the coefficients; with these coefficients all 4,368 sets can be decoded.
    /// Order and coefficients were found by search (<c>Benchmarks chain --seed 1</c>), over GF(2^8). All first multiples in the
    /// stream are 1, so the first half of the chain adds bytes as they are.
    /// </summary>
    public static ErasureCode RapidRaid { get; } = new(
        "rapidraid",
        PartCount,
        lossesSurvived: 5,
        CreateSlots(
            isSecondReplicaFirst: false,
            second: [10, 1, 4, 3, 6, 2, 7, 9, 8, 5, 0],
            psi: [1, 1, 1, 1, 1, 1, 1, 1, 84, 1, 252, 1, 143, 1, 242, 166, 139, 119, 16, 22, 192, 1],
            xi: [1, 158, 59, 102, 105, 3, 254, 231, 243, 10, 9, 236, 65, 144, 125, 206, 123, 254, 72, 149, 70, 41]));

    /// <summary>
    /// <c>rapidraid-2012</c>: (16, 11) as ClusterDFS had it, whose lists these are. Node i holds part i, nodes 5 to 15 part i - 5 as second
    /// replica, before their own. 47 of the 4,368 sets of 11 cannot be decoded, 21 of them because of the chain itself, so three losses are
    /// survived for certain. Piece 0 is part 0 as it is: the first xi of the list (141) is never used.
    /// </summary>
    public static ErasureCode RapidRaid2012 { get; } = new(
        "rapidraid-2012",
        PartCount,
        lossesSurvived: 3,
        CreateSlots(
            isSecondReplicaFirst: true,
            second: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
            psi: [129, 207, 158, 56, 171, 247, 145, 139, 137, 211, 190, 230, 140, 177, 75, 47, 94, 60, 244, 69, 190, 167],
            xi: [1, 139, 79, 152, 152, 243, 2, 37, 149, 189, 174, 149, 237, 31, 198, 15, 45, 138, 246, 100, 101, 16]));

    /// <summary>
    /// <c>parts</c>: no code yet, but what a chain begins with: the 11 parts as they are, twice. Pieces 0 to 10 are the first replicas,
    /// pieces 11 to 21 the second. Whichever node is lost, the parts are there, if its second replica lies elsewhere.
    /// </summary>
    public static ErasureCode Parts { get; } = new("parts", PartCount, replicaCount: 2);

    /// <summary>Every code that encodes along a chain, the default one first.</summary>
    public static ImmutableArray<ErasureCode> All { get; } = [RapidRaid, RapidRaid2012];

    /// <summary>Everything that pieces may be of: the codes, and parts as they are.</summary>
    public static ImmutableArray<ErasureCode> Stored { get; } = [.. All, Parts];

    /// <summary>Finds one of <see cref="Stored"/> by its name; names are compared as they stand.</summary>
    public static bool TryGet(string? name, [NotNullWhen(true)] out ErasureCode? code)
    {
        code = Stored.FirstOrDefault(candidate => candidate.Name == name);
        return code is not null;
    }

    private static ImmutableArray<ChainSlot> CreateSlots(
        bool isSecondReplicaFirst, ReadOnlySpan<int> second, ReadOnlySpan<byte> psi, ReadOnlySpan<byte> xi)
    {
        var slots = ImmutableArray.CreateBuilder<ChainSlot>(psi.Length);
        for (var node = 0; node < NodeCount; node++)
        {
            int[] parts =
            [
                .. node < PartCount ? (int[])[node] : [],
                .. node >= NodeCount - PartCount ? (int[])[second[node - (NodeCount - PartCount)]] : [],
            ];
            foreach (var part in isSecondReplicaFirst ? parts.Reverse() : parts)
            {
                slots.Add(new ChainSlot(node, part, psi[slots.Count], xi[slots.Count]));
            }
        }

        return slots.MoveToImmutable();
    }
}
