using System.Buffers.Binary;

namespace PouringRain.Protocol.Tests.Swarming;

public class HeldMapTests
{
    [Fact]
    public void WhatIsToldIsKnownAndNothingElse()
    {
        var map = new HeldMap(20);
        Assert.True(map.LacksNews);
        Assert.True(map.Take(Told(1, held: 3, firstArrival: 3), Bits(3, 1, 8, 19), []));
        Assert.Equal([1, 8, 19], Blocks(map, 20));
        Assert.Equal((1u, 20u, 3u), map.Known);
        Assert.False(map.LacksNews);
        Assert.Equal(3, map.Count);

        Assert.True(map.Take(Told(1, held: 5, firstArrival: 3), [], Arrivals(2, 7)));
        Assert.Equal([1, 2, 7, 8, 19], Blocks(map, 20));
        Assert.Equal((1u, 20u, 5u), map.Known);
        Assert.False(map.Take(Told(1, held: 5, firstArrival: 5), [], []));
    }

    [Fact]
    public void AnotherEpochMakesVoidWhatWasTold()
    {
        var map = new HeldMap(16);
        map.Take(Told(1, held: 3, firstArrival: 3), Bits(2, 1, 2, 3), []);
        Assert.True(map.Take(Told(2, held: 1, firstArrival: 1), Bits(2, 9), []));
        Assert.Equal([9], Blocks(map, 16));
        Assert.Equal((2u, 16u, 1u), map.Known);

        // One that held all and has lost some.
        Assert.True(map.Take(new HaveMessage { Epoch = 2, HeldCount = 16, IsComplete = true }, [], []));
        Assert.Equal(16, Blocks(map, 16).Length);
        Assert.False(map.LacksNews);
        map.Take(Told(2, held: 2, firstArrival: 2), Bits(2, 4, 5), []);
        Assert.Equal([4, 5], Blocks(map, 16));
    }

    [Fact]
    public void PartsOfTheBitmapCountInTheirOrderAndOneThatIsMissingIsAskedForAgain()
    {
        var map = new HeldMap(24);
        map.Take(Told(1, held: 3, firstArrival: 3), Bits(1, 0), []);
        Assert.Equal((1u, 8u, 3u), map.Known);
        Assert.True(map.LacksNews);

        // The third part before the second is not taken: the second would never be asked for.
        map.Take(Told(1, held: 3, firstBlock: 16, firstArrival: 3), Bits(1, 1), []);
        Assert.Equal([0], Blocks(map, 24));
        Assert.Equal(8u, map.Known.FirstUnknown);
        Assert.True(map.Take(Told(1, held: 3, firstBlock: 8, firstArrival: 3), Bits(1, 2), []));
        Assert.True(map.Take(Told(1, held: 3, firstBlock: 16, firstArrival: 3), Bits(1, 1), []));
        Assert.Equal([0, 10, 17], Blocks(map, 24));
        Assert.False(map.LacksNews);

        // A repeat of the first takes nothing back.
        Assert.False(map.Take(Told(1, held: 3, firstArrival: 3), Bits(1, 0), []));
        Assert.Equal(24u, map.Known.FirstUnknown);
    }

    [Fact]
    public void ArrivalsAfterAGapAreNotTaken()
    {
        var map = new HeldMap(64);
        map.Take(Told(1, held: 0), Bits(8), []);
        map.Take(Told(1, held: 6, firstArrival: 4), [], Arrivals(40, 41));
        Assert.Empty(Blocks(map, 64));
        Assert.Equal(0u, map.Known.ArrivalsKnown);
        Assert.True(map.LacksNews);
        Assert.True(map.Take(Told(1, held: 6, firstArrival: 0), [], Arrivals(1, 2, 3, 4)));
        Assert.True(map.Take(Told(1, held: 6, firstArrival: 2), [], Arrivals(3, 4, 40, 41)));
        Assert.Equal([1, 2, 3, 4, 40, 41], Blocks(map, 64));
        Assert.Equal(6u, map.Known.ArrivalsKnown);
        Assert.False(map.LacksNews);
    }

    [Fact]
    public void BlocksBeyondTheEndAreNone()
    {
        var map = new HeldMap(10);
        map.Take(Told(1, held: uint.MaxValue, firstArrival: uint.MaxValue), [0xFF, 0xFF, 0xFF, 0xFF], []);
        Assert.Equal(Enumerable.Range(0, 10), Blocks(map, 10));
        Assert.Equal((10, 10u), (map.Count, map.Known.FirstUnknown));
        map.Take(Told(1, held: 0, firstBlock: 0xFFFF_FFF8), [0xFF], []);
        map.Take(Told(1, held: 0, firstArrival: uint.MaxValue), [], Arrivals(10, -1, int.MaxValue, int.MinValue));
        map.Take(Told(9, held: 0, firstArrival: uint.MaxValue - 1), [], Arrivals(10, -1, int.MaxValue, int.MinValue));
        Assert.Empty(Blocks(map, 10));
    }

    [Fact]
    public void AnyWordsAtAllLeaveTheMapWithinItself()
    {
        var random = new Random(3);
        var map = new HeldMap(100);
        var bitmap = new byte[30];
        var arrivals = new byte[40];
        for (var i = 0; i < 100_000; i++)
        {
            random.NextBytes(bitmap);
            random.NextBytes(arrivals);
            var have = new HaveMessage
            {
                Epoch = (uint)random.Next(3),
                HeldCount = random.Next(4) == 0 ? uint.MaxValue : (uint)random.Next(120),
                IsComplete = random.Next(20) == 0,
                FirstBlock = 8 * (uint)random.Next(random.Next(2) == 0 ? 20 : int.MaxValue),
                FirstArrival = random.Next(4) == 0 ? uint.MaxValue - (uint)random.Next(12) : (uint)random.Next(120),
            };
            var isBitmap = random.Next(2) == 0;
            map.Take(have, isBitmap ? bitmap : [], isBitmap ? [] : arrivals);
            Assert.InRange(map.Count, 0, 100);
            Assert.InRange(map.Known.FirstUnknown, 0u, 100u);
            Assert.True(map.IsComplete || map.Word(1) < 1UL << 36);
        }
    }

    private static HaveMessage Told(uint epoch, uint held, uint firstBlock = 0, uint firstArrival = 0) => new()
    {
        Epoch = epoch,
        HeldCount = held,
        FirstBlock = firstBlock,
        FirstArrival = firstArrival,
    };

    private static byte[] Bits(int bytes, params int[] blocks)
    {
        var bitmap = new byte[bytes];
        foreach (var block in blocks)
        {
            bitmap[block / 8] |= (byte)(1 << (block % 8));
        }

        return bitmap;
    }

    private static byte[] Arrivals(params int[] blocks)
    {
        var bytes = new byte[4 * blocks.Length];
        for (var i = 0; i < blocks.Length; i++)
        {
            BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(4 * i), blocks[i]);
        }

        return bytes;
    }

    private static int[] Blocks(HeldMap map, int count) => [.. Enumerable.Range(0, count).Where(map.Has)];
}
