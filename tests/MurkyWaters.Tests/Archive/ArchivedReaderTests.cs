using MurkyWaters.Archive;
using PouringRain.Coding.Erasure;
using PouringRain.Protocol;

namespace MurkyWaters.Tests.Archive;

public class ArchivedReaderTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>0, 1, 11 and 12 bytes, around a block, around a group of blocks, several groups.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(11)]
    [InlineData(12)]
    [InlineData(19_999)]
    [InlineData(20_000)]
    [InlineData(20_001)]
    [InlineData(740_000)]
    [InlineData(740_001)]
    [InlineData(2_500_000)]
    public async Task WhatIsInPiecesIsReadBack(int length)
    {
        var pieces = new Pieces(length, 20_000);

        var opened = await ArchivedReader.OpenAsync(
            pieces.Shape, pieces.Open(index => index is 1 or 4 or 5 or 9 or 15), 0, long.MaxValue, null, TimeProvider.System, Cancellation);

        await using var reader = opened.Reader!;
        Assert.Equal(pieces.Whole, await Bytes.ReadAllAsync(reader));
        Assert.Equal(length == 0 ? null : 5, reader.MissingPieces?.Length);
        foreach (var (body, index) in pieces.Bodies.Select((body, index) => (body, index)))
        {
            Assert.True(PieceShape.TryRead(
                body.Length, (offset, bytes) => body.AsSpan((int)offset, bytes.Length).CopyTo(bytes), out var read, out var shape));
            Assert.Equal((index, pieces.Shape.Parent.Version), (read, shape.Parent.Version));
        }
    }

    /// <summary>Blocks that are small at first have a cell together.</summary>
    [Theory]
    [InlineData(20_000)]
    [InlineData(131_072)]
    [InlineData(1_300_000)]
    public async Task WhatBeginsWithSmallBlocksIsReadBack(int length)
    {
        var pieces = new Pieces(length, 131_072, isGrowing: true);
        var opened = await ArchivedReader.OpenAsync(
            pieces.Shape, pieces.Open(index => index is 1 or 4 or 5 or 9 or 15), 0, long.MaxValue, null, TimeProvider.System, Cancellation);
        await using var reader = opened.Reader!;
        Assert.Equal(pieces.Whole, await Bytes.ReadAllAsync(reader));

        // One that lies is found by the digests of the small blocks.
        pieces.Bodies[3][10] ^= 1;
        opened = await ArchivedReader.OpenAsync(
            pieces.Shape, pieces.Open(index => index is 1 or 4 or 5 or 9), 0, long.MaxValue, null, TimeProvider.System, Cancellation);
        await using var again = opened.Reader!;
        Assert.Equal(pieces.Whole, await Bytes.ReadAllAsync(again));
    }

    /// <summary>A piece that fails when eleven were found gives way to one that is found later than those.</summary>
    [Fact]
    public async Task APieceThatIsFoundLateIsThereForOneThatFails()
    {
        var pieces = new Pieces(2_500_000, 20_000);
        var late = new TaskCompletionSource();
        var open = pieces.Open(_ => false, index =>
        {
            if (index == 3)
            {
                late.TrySetResult();
                throw new IOException("Its node has gone.");
            }
        });
        var opened = await ArchivedReader.OpenAsync(
            pieces.Shape,
            async (index, offset, length, token) =>
            {
                await (index < 11 ? Task.CompletedTask : late.Task.WaitAsync(token));
                return await open(index, offset, length, token);
            },
            0, long.MaxValue, null, TimeProvider.System, Cancellation);
        await using var reader = opened.Reader!;
        Assert.Equal(pieces.Whole, await Bytes.ReadAllAsync(reader));
    }

    /// <summary>Every set of eleven of sixteen, whatever the other five are.</summary>
    [Fact]
    public async Task AnyElevenPiecesDo()
    {
        var pieces = new Pieces(5_003, 2_000);
        var count = 0;
        for (var dead = 0u; dead < 1u << 16; dead++)
        {
            if (System.Numerics.BitOperations.PopCount(dead) != 5)
            {
                continue;
            }

            var lost = new PieceSet(dead);
            var opened = await ArchivedReader.OpenAsync(
                pieces.Shape, pieces.Open(lost.Contains), 0, long.MaxValue, null, TimeProvider.System, Cancellation);
            await using var reader = opened.Reader!;
            Assert.Equal(pieces.Whole, await Bytes.ReadAllAsync(reader));
            count++;
        }

        Assert.Equal(4_368, count);
    }

    [Fact]
    public async Task TenPiecesDoNotAndItIsSaidWhichAreMissing()
    {
        var pieces = new Pieces(5_003, 2_000);

        var (reader, missing) = await ArchivedReader.OpenAsync(
            pieces.Shape, pieces.Open(index => index >= 10), 0, long.MaxValue, null, TimeProvider.System, Cancellation);

        Assert.Null(reader);
        Assert.Equal([10, 11, 12, 13, 14, 15], missing);
    }

    /// <summary>A range reads the cells of its own group, of eleven pieces.</summary>
    [Fact]
    public async Task ARangeCostsTheGroupThatItTouches()
    {
        var pieces = new Pieces(3_000_000, 20_000);
        var reads = new int[16];
        var opened = await ArchivedReader.OpenAsync(
            pieces.Shape, pieces.Open(_ => false, index => Interlocked.Increment(ref reads[index])), 2_000_000, 10, null,
            TimeProvider.System, Cancellation);
        await using var reader = opened.Reader!;
        var bytes = new byte[10];

        Assert.Equal(10, await reader.ReadAsync(2_000_000, bytes, Cancellation));

        Assert.Equal(pieces.Whole.AsSpan(2_000_000, 10).ToArray(), bytes);
        Assert.Equal(11, reads.Sum());
    }

    /// <summary>As many lie as can be borne, and they are named.</summary>
    [Fact]
    public async Task ThoseThatLieAreFoundAndNamed()
    {
        var pieces = new Pieces(60_003, 2_000);
        foreach (var liar in (int[])[0, 3, 7, 12, 14])
        {
            pieces.Bodies[liar][1_000] ^= 1;
        }

        var named = new HashSet<int>();
        var opened = await ArchivedReader.OpenAsync(
            pieces.Shape, pieces.Open(_ => false), 0, long.MaxValue, index => named.Add(index), TimeProvider.System, Cancellation);
        await using var reader = opened.Reader!;

        Assert.Equal(pieces.Whole, await Bytes.ReadAllAsync(reader));
        Assert.Equal([0, 3, 7, 12, 14], named.Order());
    }

    [Fact]
    public async Task WhatCannotBeMadeRightIsNotGiven()
    {
        var pieces = new Pieces(60_003, 2_000);
        for (var liar = 0; liar < 6; liar++)
        {
            pieces.Bodies[liar][10] ^= 1;
        }

        var opened = await ArchivedReader.OpenAsync(
            pieces.Shape, pieces.Open(_ => false), 0, long.MaxValue, null, TimeProvider.System, Cancellation);
        await using var reader = opened.Reader!;

        var failure = await Assert.ThrowsAsync<FetchFailedException>(async () => await Bytes.ReadAllAsync(reader));
        Assert.Equal(FetchEndReason.IntegrityFailure, failure.Reason);
    }
}
