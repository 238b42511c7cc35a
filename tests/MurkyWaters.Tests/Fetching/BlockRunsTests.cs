using MurkyWaters.Fetching;

namespace MurkyWaters.Tests.Fetching;

public sealed class BlockRunsTests
{
    [Fact]
    public void Runs_begin_with_the_missing_ones()
    {
        Assert.Equal([], BlockRuns.Of([], 0)!);
        Assert.Equal([5], BlockRuns.Of([0b00000], 5)!);
        Assert.Equal([0, 5], BlockRuns.Of([0b11111], 5)!);
        Assert.Equal([1, 2, 1, 1], BlockRuns.Of([0b10110], 5)!);
    }

    [Fact]
    public void Runs_give_the_bitmap_back_wherever_words_end()
    {
        var seed = Environment.TickCount;
        var random = new Random(seed);
        for (var round = 0; round < 300; round++)
        {
            var blockCount = random.Next(0, 400);
            var bitmap = new ulong[(blockCount + 63) / 64];
            var chance = random.NextDouble();
            for (var block = 0; block < blockCount; block++)
            {
                bitmap[block >> 6] |= (random.NextDouble() < chance ? 1ul : 0) << (block & 63);
            }

            var runs = BlockRuns.Of(bitmap, blockCount)!;

            var at = 0;
            var again = new ulong[bitmap.Length];
            for (var run = 0; run < runs.Length; run++)
            {
                Assert.True(runs[run] > 0 || (run == 0 && runs[run] == 0), $"seed {seed}: an empty run");
                for (var left = runs[run]; left > 0; left--, at++)
                {
                    again[at >> 6] |= (run % 2 == 1 ? 1ul : 0) << (at & 63);
                }
            }

            Assert.True(at == blockCount && bitmap.AsSpan().SequenceEqual(again), $"seed {seed}, round {round}");
        }
    }

    [Fact]
    public void A_map_of_too_many_runs_is_not_told()
    {
        var odd = Enumerable.Repeat(0xAAAA_AAAA_AAAA_AAAAul, 65).ToArray();

        Assert.Equal(4096, BlockRuns.Of(odd, 4096)!.Length);
        Assert.Null(BlockRuns.Of(odd, 4097));
    }
}
