using System.Buffers.Binary;
using System.Security.Cryptography;
using PouringRain.Coding.Lt;

namespace PouringRain.Coding.Tests.Lt;

/// <summary>
/// The neighbours are part of the wire format. They are read off the droplets of a block whose symbol i has bit i alone. When one of these
/// tests fails, the code has become another one, and needs another name.
/// </summary>
public sealed class LtNeighboursTests
{
    [Theory]
    [InlineData(1, 0u, 0u, "0")]
    [InlineData(2, 0u, 1u, "0")]
    [InlineData(3, 5u, 4u, "0 2")]
    [InlineData(10, 3u, 12u, "0 1 2 4 6 9")]
    [InlineData(26, 1u, 77u, "0 3 9 11 19 20 21 23")]
    [InlineData(12, 1u, 100u, "1 3 4 6 7 8 10")]
    [InlineData(65, 0u, 0u, "0 15 30 41 56")]
    [InlineData(101, 2u, 9u, "9 17")]
    [InlineData(745, 0u, 0u, "0 173 346 462 635")]
    [InlineData(745, 0u, 2u, "2 701")]
    [InlineData(745, 7u, 1001u, "256 435 614")]
    [InlineData(745, 7u, 16777215u, "164 560")]
    [InlineData(3000, 4294967295u, 70u, "70 102 1081 2092")]
    [InlineData(4097, 1u, 5u, "991 2016")]
    [InlineData(56403, 4294967295u, 1234567u, "11026 46863")]
    public void Neighbours_are_as_pinned(int symbolCount, uint sourceBlockNumber, uint esi, string expected) =>
        Assert.Equal(expected, string.Join(' ', Neighbours(symbolCount, sourceBlockNumber, [esi]).Single()));

    [Theory]
    [InlineData(1, "98a4d5da3b2ee614")]
    [InlineData(2, "8a175de9e90a1c8f")]
    [InlineData(3, "d4d0806c597423a8")]
    [InlineData(10, "afb8eab5ba8e387b")]
    [InlineData(26, "3d8a4acf971876d4")]
    [InlineData(64, "c9aa258b8053bfc7")]
    [InlineData(65, "d682bf0fa30f0d62")]
    [InlineData(100, "bb7ebe9a0e466a59")]
    [InlineData(745, "bff3ab1a045aa43a")]
    [InlineData(1000, "46778463cedcbf42")]
    [InlineData(4096, "a53e037141d5c53e")]
    [InlineData(4097, "63ce3b203a862c22")]
    [InlineData(10000, "b83bd824a69ae336")]
    public void Many_neighbours_are_as_pinned(int symbolCount, string expected)
    {
        var esis = Enumerable.Range(0, 300).Select(i => (uint)i)
            .Concat(Enumerable.Range(0, 300).Select(i => LtCode.Instance.EncodingSymbolIdMax - (uint)(i * 55_555)));
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var number = new byte[4];
        foreach (var sourceBlockNumber in new[] { 0u, 1u, uint.MaxValue })
        {
            foreach (var row in Neighbours(symbolCount, sourceBlockNumber, esis))
            {
                foreach (var neighbour in row.Append(-1))
                {
                    BinaryPrimitives.WriteInt32LittleEndian(number, neighbour);
                    hash.AppendData(number);
                }
            }
        }

        Assert.Equal(expected, Convert.ToHexStringLower(hash.GetHashAndReset()[..8]));
    }

    [Theory]
    [InlineData(65)]
    [InlineData(745)]
    [InlineData(4096)]
    public void K_consecutive_droplets_cover_every_source_symbol(int symbolCount)
    {
        var first = 1_000_003u;
        var covered = new HashSet<int>();
        foreach (var row in Neighbours(symbolCount, 5, Enumerable.Range(0, symbolCount).Select(i => first + (uint)i)))
        {
            covered.UnionWith(row);
        }

        Assert.Equal(symbolCount, covered.Count);
    }

    [Theory]
    [InlineData(745, 8, 12)]
    [InlineData(3000, 10, 14)]
    [InlineData(10000, 12, 16)]
    public void The_mean_degree_is_a_little_above_the_logarithm_of_K(int symbolCount, double least, double most) =>
        Assert.InRange(Neighbours(symbolCount, 5, Enumerable.Range(0, 2000).Select(i => (uint)i)).Average(row => row.Count), least, most);

    /// <summary>The neighbours of droplets, in ascending order.</summary>
    private static IEnumerable<List<int>> Neighbours(int symbolCount, uint sourceBlockNumber, IEnumerable<uint> esis)
    {
        // 64 columns at a time: the block that has the identity there and zeros elsewhere.
        var esiList = esis.ToArray();
        var rows = esiList.Select(_ => new List<int>()).ToArray();
        var block = new byte[symbolCount * 8];
        var droplet = new byte[8];
        using var encoder = LtCode.Instance.CreateEncoder(symbolCount, 8);
        for (var first = 0; first < symbolCount; first += 64)
        {
            Array.Clear(block);
            for (var i = first; i < Math.Min(first + 64, symbolCount); i++)
            {
                BinaryPrimitives.WriteUInt64LittleEndian(block.AsSpan(i * 8), 1UL << (i - first));
            }

            encoder.Begin(sourceBlockNumber, block);
            for (var n = 0; n < esiList.Length; n++)
            {
                encoder.Encode(esiList[n], droplet);
                var bits = BinaryPrimitives.ReadUInt64LittleEndian(droplet);
                for (var i = 0; i < 64; i++)
                {
                    if ((bits >> i & 1) != 0)
                    {
                        rows[n].Add(first + i);
                    }
                }
            }
        }

        return rows;
    }
}
