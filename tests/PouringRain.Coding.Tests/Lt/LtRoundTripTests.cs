using PouringRain.Coding.Lt;

namespace PouringRain.Coding.Tests.Lt;

public sealed class LtRoundTripTests
{
    /// <summary>K, T, and by how many bytes the last symbol is short.</summary>
    public static TheoryData<int, int, int> Sizes => new()
    {
        { 1, 1, 0 }, { 1, 1408, 1407 }, { 1, 65535, 3 }, { 2, 7, 0 }, { 2, 65535, 65534 }, { 3, 1408, 1 }, { 4, 33, 32 }, { 5, 64, 0 },
        { 10, 1408, 700 }, { 26, 1401, 0 }, { 26, 1, 0 }, { 63, 129, 128 }, { 64, 257, 1 }, { 65, 1408, 0 }, { 66, 3, 2 }, { 67, 515, 514 },
        { 101, 1408, 1407 }, { 128, 31, 0 }, { 257, 100, 99 }, { 500, 1409, 7 }, { 745, 1408, 0 }, { 745, 1408, 1407 }, { 746, 63, 62 },
        { 1000, 1408, 5 }, { 2048, 17, 1 }, { 3000, 96, 95 }, { 4096, 40, 0 }, { 4097, 40, 1 }, { 10000, 64, 63 }, { 56403, 8, 7 },
    };

    [Theory]
    [MemberData(nameof(Sizes))]
    public void A_block_comes_back_from_random_droplets(int symbolCount, int symbolSize, int missing)
    {
        var random = new Random(symbolCount);
        RoundTrip(symbolCount, symbolSize, missing, sourceBlockNumber: 7, LtBlocks.RandomEsis(random));
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void A_block_comes_back_from_droplets_in_order(int symbolCount, int symbolSize, int missing) =>
        RoundTrip(symbolCount, symbolSize, missing, sourceBlockNumber: uint.MaxValue, LtBlocks.EsisFrom(0));

    [Theory]
    [InlineData(3)]
    [InlineData(64)]
    [InlineData(745)]
    public void A_block_comes_back_with_every_fifth_droplet_lost(int symbolCount) =>
        RoundTrip(symbolCount, 16, 5, sourceBlockNumber: 0, LtBlocks.EsisFrom(0).Where(esi => esi % 5 != 2));

    [Fact]
    public void A_block_comes_back_from_the_last_ESIs_there_are() =>
        RoundTrip(100, 16, 5, sourceBlockNumber: 3, LtBlocks.EsisFrom(LtCode.Instance.EncodingSymbolIdMax - 300).Take(301));

    [Fact]
    public void Encoder_and_decoder_go_from_block_to_block()
    {
        const int symbolCount = 100;
        const int symbolSize = 24;
        using var encoder = LtCode.Instance.CreateEncoder(symbolCount, symbolSize);
        using var decoder = LtCode.Instance.CreateDecoder(symbolCount, symbolSize);
        var destination = new byte[symbolCount * symbolSize];
        for (uint sbn = 0; sbn < 50; sbn++)
        {
            var block = LtBlocks.Random((symbolCount * symbolSize) - (int)(sbn % symbolSize), (int)sbn);
            encoder.Begin(sbn, block);
            decoder.Begin(sbn, destination);
            if (sbn % 3 == 0)
            {
                // One that is given up half-way.
                var droplet = new byte[symbolSize];
                encoder.Encode(5, droplet);
                Assert.Equal(AddResult.Accepted, decoder.Add(5, droplet));
                decoder.Begin(sbn, destination);
            }

            LtBlocks.Decode(encoder, decoder, LtBlocks.RandomEsis(new Random((int)sbn)));
            Assert.Equal(LtBlocks.Padded(block, destination.Length), destination);
        }
    }

    [Fact]
    public void Up_to_64_symbols_any_run_of_K_droplets_from_a_multiple_of_K_on_suffices()
    {
        for (var symbolCount = 1; symbolCount <= 64; symbolCount++)
        {
            var block = LtBlocks.Random(symbolCount * 3, symbolCount);
            using var encoder = LtCode.Instance.CreateEncoder(symbolCount, 3);
            using var decoder = LtCode.Instance.CreateDecoder(symbolCount, 3);
            encoder.Begin(9, block);
            for (uint group = 0; group < 20; group++)
            {
                var destination = new byte[block.Length];
                decoder.Begin(9, destination);
                Assert.Equal(symbolCount, LtBlocks.Decode(encoder, decoder, LtBlocks.EsisFrom(group * (uint)symbolCount)));
                Assert.Equal(block, destination);
            }
        }
    }

    [Fact]
    public void Many_threads_may_encode_one_block()
    {
        var block = LtBlocks.Random((200 * 50) - 3, 1);
        using var encoder = LtCode.Instance.CreateEncoder(200, 50);
        encoder.Begin(1, block);
        var alone = Enumerable.Range(0, 1000).Select(esi => Droplet(encoder, (uint)esi)).ToArray();
        var together = new byte[1000][];
        Parallel.For(0, 1000, esi => together[esi] = Droplet(encoder, (uint)esi));
        Assert.Equal(alone, together);
    }

    private static byte[] Droplet(IBlockEncoder encoder, uint esi)
    {
        var droplet = new byte[encoder.SymbolSize];
        encoder.Encode(esi, droplet);
        return droplet;
    }

    private static void RoundTrip(int symbolCount, int symbolSize, int missing, uint sourceBlockNumber, IEnumerable<uint> esis)
    {
        var block = LtBlocks.Random((symbolCount * symbolSize) - missing, symbolCount ^ symbolSize);
        var destination = LtBlocks.Random(symbolCount * symbolSize, 99);
        using var encoder = LtCode.Instance.CreateEncoder(symbolCount, symbolSize);
        using var decoder = LtCode.Instance.CreateDecoder(symbolCount, symbolSize);
        encoder.Begin(sourceBlockNumber, block);
        decoder.Begin(sourceBlockNumber, destination);
        Assert.False(decoder.IsDecoded);
        LtBlocks.Decode(encoder, decoder, esis);
        Assert.True(decoder.IsDecoded);
        Assert.Equal(0, decoder.SymbolsWanted);
        Assert.True(LtBlocks.Padded(block, destination.Length).AsSpan().SequenceEqual(destination));
    }
}
