using PouringRain.Coding.Erasure;

namespace PouringRain.Coding.Tests.Erasure;

/// <summary>Lengths, offsets and ranges of cells.</summary>
public sealed class CellLayoutTests
{
    private const int Block = 64 * 1024;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(11)]
    [InlineData(12)]
    [InlineData(Block - 1)]
    [InlineData(Block)]
    [InlineData(Block + 1)]
    [InlineData((11L * Block) + 5)]
    [InlineData(1L << 40)]
    public void Sixteen_pieces_take_no_more_than_they_must(long length)
    {
        foreach (var blockBytes in (int[])[1024, 1408, Block, 1 << 20, (64 << 20) - 1])
        {
            var layout = new CellLayout(length, blockBytes, 11);
            Assert.InRange(16 * layout.PieceLength, 16 * length / 11, (long)(1.47 * length) + 65536);
            Assert.True(11 * layout.PieceLength >= length);
        }
    }

    [Fact]
    public void Cells_of_a_block_of_whole_symbols_have_no_padding()
    {
        var layout = new CellLayout(745L * 1408 * 3, 745 * 1408, 11);
        Assert.Equal(layout.Length, 11 * layout.PieceLength);
        Assert.Equal(745 * 128, layout.CellBytes);
    }

    [Fact]
    public void Cells_cover_the_resource_once_and_pieces_without_gaps()
    {
        foreach (var length in (long[])[0, 1, 10, 11, 12, 99, 100, 101, 1000, 1234])
        {
            var layout = new CellLayout(length, 100, 11);
            var next = 0L;
            var nextInPiece = 0L;
            for (var block = 0; block < layout.BlockCount; block++)
            {
                Assert.Equal(next, layout.OffsetOf(block));
                Assert.Equal(nextInPiece, layout.OffsetInPieceOf(block));
                for (var part = 0; part < 11; part++)
                {
                    Assert.Equal(next, layout.OffsetOf(block, part));
                    for (var end = next + layout.CellBytesOf(block, part); next < end; next++)
                    {
                        Assert.Equal(block, layout.BlockAt(next));
                    }
                }

                for (var end = nextInPiece + layout.CellBytesOf(block); nextInPiece < end; nextInPiece++)
                {
                    Assert.Equal(block, layout.BlockAtPieceOffset(nextInPiece));
                }
            }

            Assert.Equal(length, next);
            Assert.Equal(layout.PieceLength, nextInPiece);
        }
    }

    [Fact]
    public void A_range_maps_to_the_cells_that_hold_it()
    {
        // Blocks of 110 bytes, cells of 10; the last block has 30 bytes in cells of 3.
        var layout = new CellLayout(250, 110, 11);
        Assert.Equal(23, layout.PieceLength);
        Assert.Equal(new CellRange(0, 0, 1, 0, 1), layout.RangeOf(0, 0, 1));
        Assert.Equal(new CellRange(0, 3, 1, 5, 5), layout.RangeOf(0, 35, 5));
        Assert.Equal(new CellRange(0, 3, 2, 0, 10), layout.RangeOf(0, 35, 6));
        Assert.Equal(new CellRange(0, 10, 1, 9, 1), layout.RangeOf(0, 109, 20));
        Assert.Equal(new CellRange(1, 0, 2, 0, 10), layout.RangeOf(1, 109, 20));
        Assert.Equal(new CellRange(2, 0, 10, 0, 3), layout.RangeOf(2, 0, 250));
        Assert.True(layout.RangeOf(1, 0, 110).IsEmpty);
        Assert.True(layout.RangeOf(1, 220, 30).IsEmpty);
        Assert.True(layout.RangeOf(1, 150, 0).IsEmpty);
    }

    [Fact]
    public void What_lies_outside_is_refused()
    {
        var layout = new CellLayout(250, 110, 11);
        Assert.Throws<ArgumentOutOfRangeException>(() => layout.BytesOf(3));
        Assert.Throws<ArgumentOutOfRangeException>(() => layout.OffsetInPieceOf(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => layout.CellBytesOf(0, 11));
        Assert.Throws<ArgumentOutOfRangeException>(() => layout.BlockAt(250));
        Assert.Throws<ArgumentOutOfRangeException>(() => layout.BlockAtPieceOffset(23));
        Assert.Throws<ArgumentOutOfRangeException>(() => layout.RangeOf(0, 200, 51));
        Assert.Throws<ArgumentOutOfRangeException>(() => layout.RangeOf(0, long.MaxValue, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => layout.RangeOf(0, 1, long.MaxValue));
        Assert.Throws<ArgumentOutOfRangeException>(() => new CellLayout(-1, 110, 11));
        Assert.Throws<ArgumentOutOfRangeException>(() => new CellLayout(1, 0, 11));
        Assert.Throws<ArgumentOutOfRangeException>(() => new CellLayout(1, 1, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new CellLayout(1L << 31, 1, 11));
        Assert.Equal(0, new CellLayout(0, 110, 11).BlockCount);
        Assert.Equal(int.MaxValue - 1, new CellLayout((long)int.MaxValue * (int.MaxValue - 1), int.MaxValue, 11).BlockCount);
    }
}
