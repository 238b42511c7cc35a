using PouringRain.Coding.Erasure;
using PouringRain.Coding.Kernels;

namespace PouringRain.Coding.Tests.Erasure;

/// <summary>Blocks through pieces and back, byte for byte.</summary>
public sealed class CellCoderTests
{
    private static readonly int[] AllPieces = [.. Enumerable.Range(0, 16)];

    [Theory]
    [InlineData(1)]
    [InlineData(4999)]
    public void Every_set_of_eleven_pieces_gives_the_block_back(int blockBytes)
    {
        var code = ErasureCodes.RapidRaid;
        var block = Sets.Bytes(blockBytes, blockBytes);
        var cellBytes = CellLayout.CellBytesFor(blockBytes, 11);
        var cells = Encode(code, block);
        var matrix = new byte[11 * 11];
        var received = new byte[11 * cellBytes];
        var decoded = new byte[blockBytes];
        foreach (var set in Sets.Of(11, 16))
        {
            Assert.True(code.TryGetDecoding(set, matrix));
            for (var i = 0; i < set.Length; i++)
            {
                cells.AsSpan(set[i] * cellBytes, cellBytes).CopyTo(received.AsSpan(i * cellBytes));
            }

            Array.Fill(decoded, (byte)0xEE);
            CellCoder.Decode(code, matrix, received, cellBytes, decoded);
            Assert.True(block.AsSpan().SequenceEqual(decoded), string.Join(' ', set));
        }
    }

    [Theory]
    [InlineData("rapidraid")]
    [InlineData("rapidraid-2012")]
    public void Blocks_of_every_size_survive_the_way_also_from_more_than_eleven_pieces(string name)
    {
        Assert.True(ErasureCodes.TryGet(name, out var code));
        var random = new Random(7);
        for (var blockBytes = 0; blockBytes < 1500; blockBytes += blockBytes < 150 ? 1 : 37)
        {
            var block = Sets.Bytes(blockBytes, blockBytes);
            var cellBytes = CellLayout.CellBytesFor(blockBytes, 11);
            var cells = Encode(code, block);
            int[] pieces = [.. AllPieces];
            random.Shuffle(pieces);
            pieces = pieces[..13];
            var matrix = new byte[11 * 13];
            Assert.True(code.TryGetDecoding(pieces, matrix));

            // A stride of its own, with bytes between that are not looked at.
            var stride = cellBytes + 5;
            var received = new byte[13 * stride];
            Array.Fill(received, (byte)0x77);
            for (var i = 0; i < pieces.Length; i++)
            {
                cells.AsSpan(pieces[i] * cellBytes, cellBytes).CopyTo(received.AsSpan(i * stride));
            }

            var decoded = new byte[blockBytes + 64];
            Array.Fill(decoded, (byte)0xEE);
            CellCoder.Decode(code, matrix, received, stride, decoded.AsSpan(0, blockBytes));
            Assert.True(block.AsSpan().SequenceEqual(decoded.AsSpan(0, blockBytes)), $"{blockBytes} bytes");
            Assert.Equal(-1, decoded.AsSpan(blockBytes).IndexOfAnyExcept((byte)0xEE));
        }
    }

    [Fact]
    public void Every_piece_is_repaired_along_any_path()
    {
        const int Length = 300;
        var code = ErasureCodes.RapidRaid;
        var cells = Encode(code, Sets.Bytes(3, 11 * Length));
        var random = new Random(11);
        for (var lost = 0; lost < 16; lost++)
        {
            for (var sample = 0; sample < 40; sample++)
            {
                int[] helpers = [.. AllPieces.Where(piece => piece != lost)];
                random.Shuffle(helpers);
                helpers = helpers[..11];
                var coefficients = new byte[11];
                Assert.True(code.TryGetRepair(lost, helpers, coefficients));

                // Any eleven suffice and no ten do, so every helper has something to add.
                Assert.DoesNotContain((byte)0, coefficients);
                var passing = new byte[Length];
                for (var i = 0; i < helpers.Length; i++)
                {
                    SymbolKernels.Best.MultiplyAdd(passing, cells.AsSpan(helpers[i] * Length, Length), coefficients[i]);
                }

                Assert.True(cells.AsSpan(lost * Length, Length).SequenceEqual(passing), $"{lost} from {string.Join(' ', helpers)}");
                Assert.False(code.TryGetRepair(lost, helpers.AsSpan(0, 10), coefficients));
            }
        }
    }

    [Fact]
    public void In_the_code_of_2012_fifteen_pieces_repair_any_and_eleven_not_always()
    {
        const int Length = 40;
        var code = ErasureCodes.RapidRaid2012;
        var cells = Encode(code, Sets.Bytes(4, 11 * Length));
        var unable = 0;
        for (var lost = 0; lost < 16; lost++)
        {
            int[] helpers = [.. AllPieces.Where(piece => piece != lost)];
            var coefficients = new byte[15];
            Assert.True(code.TryGetRepair(lost, helpers, coefficients));
            Assert.True(coefficients.Count(value => value != 0) <= 11);
            var repaired = new byte[Length];
            for (var i = 0; i < helpers.Length; i++)
            {
                SymbolKernels.Best.MultiplyAdd(repaired, cells.AsSpan(helpers[i] * Length, Length), coefficients[i]);
            }

            Assert.True(cells.AsSpan(lost * Length, Length).SequenceEqual(repaired));
            unable += Sets.Of(11, 15).Count(set => !code.TryGetRepair(lost, [.. set.Select(i => helpers[i])], coefficients));
        }

        Assert.NotEqual(0, unable);
    }

    [Fact]
    public void A_part_alone_is_had_from_what_spans_it()
    {
        const int Length = 64;
        var code = ErasureCodes.RapidRaid;
        var block = Sets.Bytes(5, 11 * Length);
        var cells = Encode(code, block);
        var coefficients = new byte[16];

        // Piece 0 is part 0, and part 1 follows from pieces 0 and 1.
        Assert.True(code.TryGetDecoding(0, [0], coefficients));
        Assert.True(code.TryGetDecoding(1, [1, 0], coefficients));
        Assert.False(code.TryGetDecoding(2, [1, 0], coefficients));
        Assert.True(code.TryGetDecoding(1, [1, 0], coefficients));
        var part = new byte[Length];
        SymbolKernels.Best.MultiplyAdd(part, cells.AsSpan(Length, Length), coefficients[0]);
        SymbolKernels.Best.MultiplyAdd(part, cells.AsSpan(0, Length), coefficients[1]);
        Assert.Equal(block[Length..(2 * Length)], part);
    }

    [Fact]
    public void A_range_is_decoded_from_the_same_range_of_the_pieces()
    {
        var code = ErasureCodes.RapidRaid;
        var layout = new CellLayout(10_000, 4000, 11);
        var resource = Sets.Bytes(6, 10_000);
        int[] pieces = [15, 2, 9, 4, 13, 6, 7, 8, 3, 10, 11];
        var matrix = new byte[11 * 11];
        Assert.True(code.TryGetDecoding(pieces, matrix));
        foreach (var (offset, length) in ((int, int)[])[(0, 1), (363, 1), (364, 2), (300, 100), (3990, 20), (0, 10_000), (9_999, 1)])
        {
            var result = new List<byte>();
            for (var block = 0; block < layout.BlockCount; block++)
            {
                var range = layout.RangeOf(block, offset, length);
                var source = resource.AsSpan((int)layout.OffsetOf(block), layout.BytesOf(block));
                var cellBytes = layout.CellBytesOf(block);
                var cells = Encode(code, source.ToArray());
                for (var part = range.FirstPart; part < range.FirstPart + range.PartCount; part++)
                {
                    var columns = new byte[range.Bytes];
                    for (var i = 0; i < 11; i++)
                    {
                        var received = cells.AsSpan((pieces[i] * cellBytes) + range.Offset, range.Bytes);
                        SymbolKernels.Best.MultiplyAdd(columns, received, matrix[(part * 11) + i]);
                    }

                    var start = layout.OffsetOf(block, part) + range.Offset;
                    result.AddRange(Enumerable.Range(0, Math.Min(range.Bytes, layout.CellBytesOf(block, part) - range.Offset))
                        .Where(i => start + i >= offset && start + i < offset + length).Select(i => columns[i]));
                }
            }

            Assert.Equal(resource[offset..(offset + length)], result.ToArray());
        }
    }

    [Fact]
    public void Coding_allocates_nothing()
    {
        var code = ErasureCodes.RapidRaid;
        var block = Sets.Bytes(8, 70_000);
        var cellBytes = CellLayout.CellBytesFor(block.Length, 11);
        var cells = new byte[16 * cellBytes];
        var matrix = new byte[11 * 16];
        Assert.True(code.TryGetDecoding(AllPieces, matrix));
        Assert.Equal(0, PouringRain.Tests.Allocation.Least(() =>
        {
            CellCoder.Encode(code, AllPieces, block, cells, cellBytes);
            CellCoder.Decode(code, matrix, cells, cellBytes, block);
        }));
    }

    private static byte[] Encode(ErasureCode code, byte[] block)
    {
        var cellBytes = CellLayout.CellBytesFor(block.Length, 11);
        var cells = new byte[16 * cellBytes];
        CellCoder.Encode(code, AllPieces, block, cells, cellBytes);
        return cells;
    }
}
