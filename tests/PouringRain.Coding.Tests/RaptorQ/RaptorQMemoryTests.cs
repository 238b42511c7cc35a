using Benchmarks.Codes;
using PouringRain.Coding.RaptorQ;
using PouringRain.Tests;

namespace PouringRain.Coding.Tests.RaptorQ;

/// <summary>What is allocated, and when. Nothing else runs at the time, since scratch memory is shared.</summary>
[CollectionDefinition(nameof(RaptorQMemoryTests), DisableParallelization = true)]
[Collection(nameof(RaptorQMemoryTests))]
public sealed class RaptorQMemoryTests
{
    private const int Size = 1408;

    [Theory]
    [InlineData(10)]
    [InlineData(745)]
    public void Nothing_is_allocated_per_block_once_warm(int count)
    {
        using var encoder = Blocks.Code.CreateEncoder(count, Size);
        using var decoder = Blocks.Code.CreateDecoder(count, Size);
        var source = SplitMix.Stream(1, count * Size);
        var decoded = new byte[source.Length];
        var symbol = new byte[Size];
        foreach (var lost in (int[])[0, Math.Max(1, count / 100), count / 5, count])
        {
            for (var round = 0; round < 40; round++)
            {
                var esis = Blocks.Draw(new SplitMix((ulong)round), count, lost, lost + 6);
                if (round < 20)
                {
                    Code();
                }
                else
                {
                    Assert.Equal(0, Allocation.Least(Code));
                }

                void Code()
                {
                    encoder.Begin(0, source);
                    decoder.Begin(0, decoded);
                    var wrong = 0;
                    foreach (var esi in esis)
                    {
                        encoder.Encode(esi, symbol);
                        wrong += decoder.Add(esi, symbol) == AddResult.Accepted ? 0 : 1;
                    }

                    Assert.True(decoder.TryDecode() && wrong == 0);
                }
            }
        }
    }

    [Theory]
    [InlineData(10, 100)]
    [InlineData(100, 100)]
    [InlineData(745, 1)]
    [InlineData(745, 20)]
    [InlineData(745, 100)]
    [InlineData(5000, 100)]
    public void A_decoder_needs_little_more_than_the_block(int count, int percentLost)
    {
        var source = SplitMix.Stream(2, (long)count * Size);
        var lost = count * percentLost / 100;
        var esis = Blocks.Draw(new SplitMix(3), count, lost, lost + 6);
        var symbols = Blocks.Encode(source, count, Size, esis);
        DecodingScratch.Pool.Clear();
        var before = GC.GetAllocatedBytesForCurrentThread();
        using var decoder = Blocks.Code.CreateDecoder(count, Size);
        var decoded = new byte[source.Length];
        decoder.Begin(0, decoded);
        for (var i = 0; i < esis.Count; i++)
        {
            decoder.Add(esis[i], symbols.AsSpan(i * Size, Size));
        }

        Assert.True(decoder.TryDecode());

        // The destination and all shared scratch included.
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.InRange(allocated, source.Length, (2.2 * source.Length) + (64 << 10));
    }
}
