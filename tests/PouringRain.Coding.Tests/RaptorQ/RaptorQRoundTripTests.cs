using Benchmarks.Codes;
using PouringRain.Coding.RaptorQ;

namespace PouringRain.Coding.Tests.RaptorQ;

public sealed class RaptorQRoundTripTests
{
    public static TheoryData<int, int> Shapes => new()
    {
        { 1, 1 }, { 1, 64 }, { 2, 3 }, { 3, 65 }, { 5, 1408 }, { 10, 16 }, { 11, 63 }, { 26, 128 }, { 27, 257 }, { 49, 100 },
        { 101, 1409 }, { 256, 320 }, { 500, 8 }, { 745, 1408 }, { 1033, 192 },
    };

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Any_mix_of_symbols_in_any_order_gives_the_block(int count, int size)
    {
        using var decoder = Blocks.Code.CreateDecoder(count, size);
        for (var round = 0; round < 12; round++)
        {
            var seed = (ulong)((count * 1000) + (size * 10) + round);
            var random = new SplitMix(seed);
            var source = SplitMix.Stream(seed, count * size);
            var lost = round switch { 0 => 0, 1 => count, 2 => Math.Min(1, count), _ => random.Next(count + 1) };
            var esis = Blocks.Draw(random, count, lost, lost + 4);
            var symbols = Blocks.Encode(source, count, size, esis);
            var decoded = new byte[source.Length];
            decoder.Begin((uint)round, decoded);
            for (var i = 0; i < esis.Count && !decoder.IsDecoded; i++)
            {
                Assert.Equal(Math.Max(1, count - i), decoder.SymbolsWanted);
                Assert.Equal(AddResult.Accepted, decoder.Add(esis[i], symbols.AsSpan(i * size, size)));
                Assert.Equal(i + 1, decoder.ReceivedCount);
                Assert.Equal(i + 1 >= count, decoder.CanDecode);
                decoder.TryDecode();
            }

            Assert.True(decoder.IsDecoded, $"seed {seed}");
            Assert.Equal(0, decoder.SymbolsWanted);
            Assert.True(source.AsSpan().SequenceEqual(decoded), $"seed {seed}");
        }
    }

    [Theory]
    [InlineData(1, 20, 1)]
    [InlineData(10, 33, 4)]
    [InlineData(60, 64, 30)]
    [InlineData(200, 1408, 7)]
    [InlineData(745, 100, 150)]
    public void Both_ways_of_solving_give_the_block(int count, int size, int lost)
    {
        var random = new SplitMix((ulong)(count + lost));
        var source = SplitMix.Stream((ulong)count, count * size);
        var parameters = CodeParameters.For(count);
        var seen = new ulong[(count + 63) / 64];
        var kept = Blocks.Draw(random, count, lost, 0);
        kept.ForEach(esi => seen[esi >> 6] |= 1UL << (int)esi);
        var repair = Blocks.Draw(random, count, count, lost + 4).ToArray();
        var symbols = Blocks.Encode(source, count, size, repair);
        foreach (var bySyndromes in (bool[])[true, false])
        {
            var block = new byte[source.Length];
            Array.Fill(block, (byte)0xEE);
            kept.ForEach(esi => source.AsSpan((int)esi * size, size).CopyTo(block.AsSpan((int)esi * size)));
            var received = new ReceivedBlock
            {
                Parameters = parameters,
                SymbolCount = count,
                SymbolSize = size,
                SourceCount = count - lost,
                SourceSeen = seen,
                RepairIds = repair,
                RepairPlaces = Enumerable.Range(count, repair.Length).ToArray(),
                Block = block,
                Extra = symbols,
            };
            var scratch = new DecodingScratch();
            Assert.True(bySyndromes
                ? BlockSolver.TrySolveBySyndromes(received, scratch)
                : BlockSolver.TrySolveByElimination(received, scratch));
            Assert.True(source.AsSpan().SequenceEqual(block));
        }
    }

    [Theory]
    [InlineData(1, 8, 3)]
    [InlineData(7, 100, 1)]
    [InlineData(101, 64, 63)]
    public void A_short_last_symbol_is_padded_with_zeros(int count, int size, int lastLength)
    {
        var padded = SplitMix.Stream(5, count * size);
        padded.AsSpan(((count - 1) * size) + lastLength).Clear();
        using var encoder = Blocks.Code.CreateEncoder(count, size);
        encoder.Begin(0, padded.AsMemory(0, ((count - 1) * size) + lastLength));
        var symbol = new byte[size];
        foreach (var esi in (uint[])[0, (uint)count - 1, (uint)count, 9999])
        {
            encoder.Encode(esi, symbol);
            Assert.Equal(Blocks.Encode(padded, count, size, [esi]), symbol);
        }
    }

    [Fact]
    public void Encoding_may_be_done_by_many_threads_at_once()
    {
        const int Count = 300;
        const int Size = 208;
        var source = SplitMix.Stream(6, Count * Size);
        var expected = Blocks.Encode(source, Count, Size, Enumerable.Range(0, 2 * Count).Select(esi => (uint)esi));
        using var encoder = Blocks.Code.CreateEncoder(Count, Size);
        encoder.Begin(0, source);
        var actual = new byte[expected.Length];
        Parallel.For(0, 2 * Count, esi => encoder.Encode((uint)esi, actual.AsSpan(esi * Size, Size)));
        Assert.Equal(expected, actual);
    }

    [Fact]
    public void A_set_without_full_rank_is_refused_and_kept()
    {
        const int Count = 10;
        const int Size = 24;
        var random = new SplitMix(7);
        var elimination = new Elimination(PouringRain.Coding.Kernels.SymbolKernels.ForPlans);
        List<uint> esis;
        do
        {
            esis = Blocks.Draw(random, Count, Count, Count + 3);
        }
        while (elimination.TrySolve(CodeParameters.For(Count), esis.Take(Count).ToArray(), null));

        var source = SplitMix.Stream(8, Count * Size);
        var symbols = Blocks.Encode(source, Count, Size, esis);
        using var decoder = Blocks.Code.CreateDecoder(Count, Size);
        var decoded = new byte[source.Length];
        decoder.Begin(0, decoded);
        for (var i = 0; i < Count; i++)
        {
            decoder.Add(esis[i], symbols.AsSpan(i * Size, Size));
        }

        Assert.True(decoder.CanDecode);
        Assert.False(decoder.TryDecode());
        Assert.False(decoder.CanDecode);
        Assert.Equal(1, decoder.SymbolsWanted);
        Assert.Equal(Count, decoder.ReceivedCount);
        for (var i = Count; i < esis.Count && !decoder.TryDecode(); i++)
        {
            Assert.Equal(AddResult.Accepted, decoder.Add(esis[i], symbols.AsSpan(i * Size, Size)));
        }

        Assert.Equal(source, decoded);
    }

    [Theory]
    [InlineData(10, 4000)]
    [InlineData(26, 3000)]
    [InlineData(101, 1500)]
    [InlineData(745, 300)]
    public void Random_sets_seldom_fail(int count, int sets)
    {
        // The full count of 100,000 sets is the benchmarks' command "failures".
        var failures = FailureCounts.Count(count, sets, 9);
        Assert.InRange(failures[0], 0, (0.01 * sets) + (3 * Math.Sqrt(0.01 * sets)));
        Assert.InRange(failures[1], 0, (0.0001 * sets) + (3 * Math.Sqrt(0.0001 * sets)));
        Assert.Equal(0, failures[2]);
    }
}
