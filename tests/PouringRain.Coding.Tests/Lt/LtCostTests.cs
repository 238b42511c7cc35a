using PouringRain.Coding.Lt;
using PouringRain.Tests;

namespace PouringRain.Coding.Tests.Lt;

/// <summary>How many droplets a block costs, and how much memory. Nothing else runs at the time, since scratch memory is shared.</summary>
[CollectionDefinition(nameof(LtCostTests), DisableParallelization = true)]
[Collection(nameof(LtCostTests))]
public sealed class LtCostTests(ITestOutputHelper output)
{
    private static readonly bool IsLong = Environment.GetEnvironmentVariable("POURING_RAIN_LONG_TESTS") == "1";

    /// <summary>K, decodings, and the most droplets per source symbol on average.</summary>
    public static TheoryData<int, int, double> Overheads => new()
    {
        { 1, 1000, 1 }, { 2, 1000, 1.4 }, { 3, 1000, 1.5 }, { 10, 1000, 1.2 }, { 26, 1000, 1.08 }, { 64, 1000, 1.03 }, { 65, 1000, 1.07 },
        { 101, 1000, 1.05 }, { 745, 1000, 1.01 }, { 3000, IsLong ? 1000 : 150, 1.006 },
    };

    [Theory]
    [MemberData(nameof(Overheads))]
    public void Random_droplets_decode_with_little_overhead(int symbolCount, int decodings, double most)
    {
        var random = new Random(symbolCount);
        var counts = Decode(symbolCount, decodings, () => LtBlocks.RandomEsis(random));
        output.WriteLine($"K = {symbolCount}: {Describe(counts, symbolCount)}");
        Assert.InRange(counts.Average() / symbolCount, 1, most);
    }

    [Theory]
    [InlineData(10, 300, 0)]
    [InlineData(65, 300, 12)]
    [InlineData(101, 300, 12)]
    [InlineData(745, 300, 6)]
    [InlineData(3000, 50, 3)]
    public void The_first_droplets_asked_for_suffice_in_most_blocks(int symbolCount, int decodings, int failuresMost)
    {
        var request = LtCode.Instance.SymbolsToRequest(symbolCount);
        var counts = Decode(symbolCount, decodings, () => LtBlocks.EsisFrom(0));
        var failures = counts.Count(count => count > request);
        output.WriteLine($"K = {symbolCount}: {Describe(counts, symbolCount)}; {failures} of {decodings} want more than {request}");
        Assert.InRange(failures, 0, failuresMost);
        Assert.True(symbolCount < 300 || request <= 1.03 * symbolCount);
    }

    [Theory]
    [InlineData(10)]
    [InlineData(101)]
    [InlineData(745)]
    public void What_is_wanted_after_a_failed_try_is_about_what_it_then_takes(int symbolCount)
    {
        var random = new Random(symbolCount);
        var block = LtBlocks.Random(symbolCount, 1);
        using var encoder = LtCode.Instance.CreateEncoder(symbolCount, 1);
        using var decoder = LtCode.Instance.CreateDecoder(symbolCount, 1);
        var droplet = new byte[1];
        double wanted = 0;
        double taken = 0;
        for (uint sbn = 0; sbn < 400; sbn++)
        {
            encoder.Begin(sbn, block);
            decoder.Begin(sbn, new byte[symbolCount]);
            var failedAt = 0;
            foreach (var esi in LtBlocks.RandomEsis(random))
            {
                encoder.Encode(esi, droplet);
                decoder.Add(esi, droplet);
                if (!decoder.CanDecode)
                {
                    continue;
                }

                if (decoder.TryDecode())
                {
                    break;
                }

                if (failedAt == 0)
                {
                    failedAt = decoder.ReceivedCount;
                    wanted += decoder.SymbolsWanted;
                }
            }

            taken += failedAt == 0 ? 0 : decoder.ReceivedCount - failedAt;
        }

        output.WriteLine($"K = {symbolCount}: {wanted} wanted, {taken} taken");
        Assert.InRange(wanted / taken, 0.75, 1.33);
    }

    [Theory]
    [InlineData(10)]
    [InlineData(745)]
    [InlineData(5000)]
    public void Nothing_is_allocated_per_block_once_warm(int symbolCount)
    {
        const int symbolSize = 40;
        var block = LtBlocks.Random((symbolCount * symbolSize) - 3, 1);
        var destination = new byte[symbolCount * symbolSize];
        var droplet = new byte[symbolSize];
        using var encoder = LtCode.Instance.CreateEncoder(symbolCount, symbolSize);
        using var decoder = LtCode.Instance.CreateDecoder(symbolCount, symbolSize);
        // All of them each time: which way a block goes through the decoder is chance.
        Assert.Equal(0, Allocation.Least(RunAll));

        void RunAll()
        {
            for (uint sbn = 0; sbn < 20; sbn++)
            {
                Run(sbn);
            }
        }

        void Run(uint sbn)
        {
            encoder.Begin(sbn, block);
            decoder.Begin(sbn, destination);
            for (var esi = 0u; ; esi += 1 + (sbn % 3))
            {
                encoder.Encode(esi, droplet);
                decoder.Add(esi, droplet);
                if (decoder.CanDecode && decoder.TryDecode())
                {
                    return;
                }
            }
        }
    }

    [Theory]
    [InlineData(1, 1408)]
    [InlineData(1, 65535)]
    [InlineData(2, 65535)]
    [InlineData(10, 1408)]
    [InlineData(100, 1408)]
    [InlineData(745, 1408)]
    [InlineData(3000, 1408)]
    [InlineData(4096, 1408)]
    [InlineData(56403, 1408)]
    public void A_decoder_takes_at_most_twice_the_block_and_a_little(int symbolCount, int symbolSize)
    {
        // One to load what there is to load.
        LtCode.Instance.CreateDecoder(symbolCount, 1).Dispose();
        var before = GC.GetAllocatedBytesForCurrentThread();
        using var decoder = LtCode.Instance.CreateDecoder(symbolCount, symbolSize);
        var bytes = GC.GetAllocatedBytesForCurrentThread() - before;
        var block = (long)symbolCount * symbolSize;
        output.WriteLine($"{bytes} bytes, {(double)bytes / block:F3} x block");
        Assert.InRange(bytes, 0, (long)(2.2 * block) + 65536);
    }

    private static List<int> Decode(int symbolCount, int decodings, Func<IEnumerable<uint>> esis)
    {
        // The bytes don't matter here, so there is one a symbol.
        var block = LtBlocks.Random(symbolCount, 1);
        using var encoder = LtCode.Instance.CreateEncoder(symbolCount, 1);
        using var decoder = LtCode.Instance.CreateDecoder(symbolCount, 1);
        var destination = new byte[symbolCount];
        var counts = new List<int>();
        for (uint sbn = 0; sbn < decodings; sbn++)
        {
            encoder.Begin(sbn, block);
            decoder.Begin(sbn, destination);
            counts.Add(LtBlocks.Decode(encoder, decoder, esis()));
            Assert.True(block.AsSpan().SequenceEqual(destination));
        }

        return counts;
    }

    private static string Describe(List<int> counts, int symbolCount)
    {
        counts.Sort();
        var mean = counts.Average();
        return $"mean {mean:F2} ({mean / symbolCount:F4}), median {counts[counts.Count / 2]}, 99 of 100 {counts[counts.Count * 99 / 100]}, "
            + $"most {counts[^1]}";
    }
}
