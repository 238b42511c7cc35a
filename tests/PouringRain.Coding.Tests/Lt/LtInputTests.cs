using PouringRain.Coding.Lt;

namespace PouringRain.Coding.Tests.Lt;

public sealed class LtInputTests
{
    [Fact]
    public void What_does_not_fit_is_refused_by_value()
    {
        using var decoder = LtCode.Instance.CreateDecoder(10, 8);
        Assert.Equal(AddResult.Invalid, decoder.Add(0, new byte[8]));
        Assert.False(decoder.TryDecode());
        Assert.False(decoder.CanDecode);
        decoder.Begin(0, new byte[80]);
        Assert.Equal(AddResult.Invalid, decoder.Add(0, new byte[7]));
        Assert.Equal(AddResult.Invalid, decoder.Add(0, new byte[9]));
        Assert.Equal(AddResult.Invalid, decoder.Add(0, []));
        Assert.Equal(AddResult.Invalid, decoder.Add(1 << 24, new byte[8]));
        Assert.Equal(AddResult.Invalid, decoder.Add(uint.MaxValue, new byte[8]));
        Assert.Equal(0, decoder.ReceivedCount);
        Assert.Equal(AddResult.Accepted, decoder.Add((1 << 24) - 1, new byte[8]));
        Assert.Equal(1, decoder.ReceivedCount);
    }

    [Fact]
    public void Of_duplicates_the_first_counts()
    {
        var block = LtBlocks.Random(100 * 16, 1);
        using var encoder = LtCode.Instance.CreateEncoder(100, 16);
        using var decoder = LtCode.Instance.CreateDecoder(100, 16);
        encoder.Begin(2, block);
        var destination = new byte[block.Length];
        decoder.Begin(2, destination);
        var droplet = new byte[16];
        var random = new Random(3);
        foreach (var esi in LtBlocks.RandomEsis(random))
        {
            encoder.Encode(esi, droplet);
            Assert.Equal(AddResult.Accepted, decoder.Add(esi, droplet));
            random.NextBytes(droplet);
            var received = decoder.ReceivedCount;
            Assert.Equal(AddResult.Duplicate, decoder.Add(esi, droplet));
            Assert.Equal(received, decoder.ReceivedCount);
            if (decoder.CanDecode && decoder.TryDecode())
            {
                break;
            }
        }

        Assert.Equal(block, destination);
        Assert.Equal(AddResult.NotNeeded, decoder.Add(1, droplet));
        Assert.True(decoder.TryDecode());
        Assert.Equal(block, destination);
    }

    [Fact]
    public void Too_few_droplets_decode_nothing_and_say_so()
    {
        var block = LtBlocks.Random(100 * 16, 1);
        using var encoder = LtCode.Instance.CreateEncoder(100, 16);
        using var decoder = LtCode.Instance.CreateDecoder(100, 16);
        encoder.Begin(2, block);
        decoder.Begin(2, new byte[block.Length]);
        Assert.Equal(LtCode.Instance.SymbolsToRequest(100), decoder.SymbolsWanted);
        var droplet = new byte[16];
        for (uint esi = 0; esi < 99; esi++)
        {
            encoder.Encode(esi, droplet);
            Assert.Equal(AddResult.Accepted, decoder.Add(esi, droplet));
            Assert.False(decoder.CanDecode);
            Assert.False(decoder.TryDecode());
            Assert.True(decoder.SymbolsWanted >= 1);
        }
    }

    /// <summary>A sender that chooses its ESIs so that all droplets have one neighbour can delay a block but not spoil it: what adds
    /// nothing leaves, and honest droplets still decode.</summary>
    [Theory]
    [InlineData(3, 1)]
    [InlineData(70, 3)]
    [InlineData(745, 5)]
    public void Droplets_that_add_nothing_make_room_for_others(int symbolCount, int missing)
    {
        const int symbolSize = 8;
        var block = new byte[symbolCount * symbolSize];
        for (var i = 0; i < symbolCount; i++)
        {
            BitConverter.TryWriteBytes(block.AsSpan(i * symbolSize), 1L << Math.Min(i, 63));
        }

        using var encoder = LtCode.Instance.CreateEncoder(symbolCount, symbolSize);
        using var decoder = LtCode.Instance.CreateDecoder(symbolCount, symbolSize);
        encoder.Begin(0, block);
        var destination = new byte[block.Length];
        decoder.Begin(0, destination);
        var droplet = new byte[symbolSize];

        // Only droplets without the first symbols: they never decode, however many come.
        var results = new HashSet<AddResult>();
        for (uint esi = 0; esi < 20 * symbolCount; esi++)
        {
            encoder.Encode(esi, droplet);
            if ((BitConverter.ToInt64(droplet) & ((1L << missing) - 1)) == 0)
            {
                results.Add(decoder.Add(esi, droplet));
                Assert.False(decoder.CanDecode && decoder.TryDecode());
            }
        }

        Assert.Contains(AddResult.Accepted, results);
        Assert.DoesNotContain(AddResult.Invalid, results);
        Assert.DoesNotContain(AddResult.Duplicate, results);

        for (var esi = LtCode.Instance.EncodingSymbolIdMax; !decoder.IsDecoded; esi--)
        {
            encoder.Encode(esi, droplet);
            decoder.Add(esi, droplet);
            _ = decoder.CanDecode && decoder.TryDecode();
            Assert.True(esi > LtCode.Instance.EncodingSymbolIdMax - (uint)(2 * symbolCount) - 100, "Honest droplets do not help any more.");
        }

        Assert.Equal(block, destination);
    }

    /// <summary>When one source symbol is in no droplet, it takes about K / mean degree more to meet it.</summary>
    [Fact]
    public void The_estimate_knows_of_uncovered_source_symbols()
    {
        const int symbolCount = 745;
        using var encoder = LtCode.Instance.CreateEncoder(symbolCount, 1);
        using var decoder = LtCode.Instance.CreateDecoder(symbolCount, 1);
        var block = new byte[symbolCount];
        block[300] = 1;
        encoder.Begin(0, block);
        decoder.Begin(0, new byte[symbolCount]);
        var droplet = new byte[1];
        for (uint esi = 0; decoder.ReceivedCount < symbolCount + 50; esi++)
        {
            encoder.Encode(esi, droplet);
            if (droplet[0] == 0)
            {
                Assert.Equal(AddResult.Accepted, decoder.Add(esi, droplet));
                Assert.False(decoder.CanDecode && decoder.TryDecode());
            }
        }

        Assert.InRange(decoder.SymbolsWanted, 60, 90);
    }

    /// <summary>Garbage under chosen ESIs: the work stays bounded and nothing throws, whatever comes out.</summary>
    [Fact]
    public void Anything_at_all_may_be_added()
    {
        var random = new Random(17);
        foreach (var symbolCount in new[] { 1, 2, 17, 64, 65, 100, 300, 745 })
        {
            using var decoder = LtCode.Instance.CreateDecoder(symbolCount, 5);
            for (var round = 0; round < 20; round++)
            {
                decoder.Begin((uint)random.Next(), new byte[symbolCount * 5]);
                var range = random.Next(2) == 0 ? 1 << 25 : 3 * symbolCount;
                var symbol = new byte[6];
                for (var n = 0; n < 5 * symbolCount; n++)
                {
                    random.NextBytes(symbol);
                    decoder.Add((uint)random.Next(range), symbol.AsSpan(0, random.Next(20) == 0 ? 6 : 5));
                    if (random.Next(3) == 0)
                    {
                        decoder.TryDecode();
                    }

                    Assert.True(decoder.SymbolsWanted >= (decoder.IsDecoded || decoder.CanDecode ? 0 : 1));
                }
            }
        }
    }

    [Fact]
    public void Sizes_and_blocks_that_cannot_be_are_refused_by_exceptions()
    {
        var code = LtCode.Instance;
        Assert.Throws<ArgumentOutOfRangeException>(() => code.SymbolsToRequest(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => code.SymbolsToRequest(56404));
        foreach (var (symbolCount, symbolSize) in new[] { (0, 1), (-1, 1), (56404, 1), (1, 0), (1, -1), (1, 65536), (56403, 65535) })
        {
            Assert.Throws<ArgumentOutOfRangeException>(() => code.CreateEncoder(symbolCount, symbolSize));
            Assert.Throws<ArgumentOutOfRangeException>(() => code.CreateDecoder(symbolCount, symbolSize));
        }

        using var encoder = code.CreateEncoder(10, 8);
        Assert.Throws<InvalidOperationException>(() => encoder.Encode(0, new byte[8]));
        Assert.Throws<ArgumentException>(() => encoder.Begin(0, new byte[72]));
        Assert.Throws<ArgumentException>(() => encoder.Begin(0, new byte[81]));
        Assert.Throws<ArgumentException>(() => encoder.Begin(0, default));
        encoder.Begin(0, new byte[73]);
        Assert.Throws<ArgumentException>(() => encoder.Encode(0, new byte[7]));
        Assert.Throws<ArgumentException>(() => encoder.Encode(1 << 24, new byte[8]));

        using var decoder = code.CreateDecoder(10, 8);
        Assert.Throws<ArgumentException>(() => decoder.Begin(0, new byte[79]));
        Assert.Throws<ArgumentException>(() => decoder.Begin(0, new byte[81]));
    }
}
