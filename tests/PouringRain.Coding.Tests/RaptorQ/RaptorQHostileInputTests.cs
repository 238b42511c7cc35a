using Benchmarks.Codes;
using PouringRain.Coding.RaptorQ;

namespace PouringRain.Coding.Tests.RaptorQ;

public sealed class RaptorQHostileInputTests
{
    [Fact]
    public void Impossible_symbols_are_refused_by_value()
    {
        using var decoder = Blocks.Code.CreateDecoder(10, 16);
        Assert.Equal(AddResult.Invalid, decoder.Add(0, new byte[16]));
        Assert.False(decoder.TryDecode());
        decoder.Begin(0, new byte[160]);
        foreach (var length in (int[])[0, 1, 15, 17, 160])
        {
            Assert.Equal(AddResult.Invalid, decoder.Add(0, new byte[length]));
        }

        foreach (var esi in (uint[])[1 << 24, (1 << 24) + 1, int.MaxValue, 1u << 31, uint.MaxValue])
        {
            Assert.Equal(AddResult.Invalid, decoder.Add(esi, new byte[16]));
        }

        Assert.Equal(0, decoder.ReceivedCount);
        Assert.Equal(AddResult.Accepted, decoder.Add((1 << 24) - 1, new byte[16]));
    }

    [Fact]
    public void Of_duplicates_the_first_counts()
    {
        const int Count = 12;
        const int Size = 32;
        var source = SplitMix.Stream(1, Count * Size);
        uint[] esis = [0, 1, 2, 3, 4, 5, 6, 100, 101, 102, 103, 104, 105, 106];
        var symbols = Blocks.Encode(source, Count, Size, esis);
        var garbage = new byte[Size];
        Array.Fill(garbage, (byte)0x99);
        using var decoder = Blocks.Code.CreateDecoder(Count, Size);
        var decoded = new byte[source.Length];
        decoder.Begin(0, decoded);
        for (var i = 0; i < esis.Length && !decoder.TryDecode(); i++)
        {
            Assert.Equal(AddResult.Accepted, decoder.Add(esis[i], symbols.AsSpan(i * Size, Size)));
            Assert.Equal(AddResult.Duplicate, decoder.Add(esis[i], garbage));
        }

        Assert.Equal(source, decoded);
        Assert.Equal(AddResult.NotNeeded, decoder.Add(esis[0], garbage));
        Assert.Equal(AddResult.NotNeeded, decoder.Add(5000, garbage));
        Assert.Equal(source, decoded);
    }

    [Fact]
    public void What_is_taken_is_bounded()
    {
        const int Count = 200;
        const int Size = 64;
        var esis = Enumerable.Range(0, 5000).Select(i => (uint)(Count + i)).ToArray();
        var source = SplitMix.Stream(2, Count * Size);
        var symbols = Blocks.Encode(source, Count, Size, esis);
        using var decoder = Blocks.Code.CreateDecoder(Count, Size);
        var decoded = new byte[source.Length];
        decoder.Begin(0, decoded);
        var results = esis.Select((esi, i) => decoder.Add(esi, symbols.AsSpan(i * Size, Size))).ToArray();
        Assert.InRange(decoder.ReceivedCount, Count + 10, Count + 100);
        Assert.Equal(decoder.ReceivedCount, results.Count(result => result == AddResult.Accepted));
        Assert.Equal(AddResult.NotNeeded, results[^1]);
        Assert.True(decoder.TryDecode());
        Assert.Equal(source, decoded);
    }

    [Fact]
    public void Useless_symbols_up_to_the_bound_do_not_shut_the_door()
    {
        // With K = 1 a repair symbol is a multiple of the block, and of some the factor is zero.
        const int Size = 16;
        var source = SplitMix.Stream(3, Size);
        using var encoder = Blocks.Code.CreateEncoder(1, Size);
        encoder.Begin(0, source);
        var symbol = new byte[Size];
        using var decoder = Blocks.Code.CreateDecoder(1, Size);
        var decoded = new byte[Size];
        decoder.Begin(0, decoded);
        var taken = 0;
        for (var esi = 1u; taken < 40; esi++)
        {
            encoder.Encode(esi, symbol);
            if (symbol.AsSpan().IndexOfAnyExcept((byte)0) < 0)
            {
                taken++;
                Assert.Equal(AddResult.Accepted, decoder.Add(esi, symbol));
                Assert.False(decoder.TryDecode());
                Assert.Equal(1, decoder.SymbolsWanted);
            }
        }

        Assert.Equal(AddResult.Accepted, decoder.Add(0, source));
        Assert.True(decoder.TryDecode());
        Assert.Equal(source, decoded);
    }

    [Fact]
    public void Random_calls_never_throw_and_never_give_a_wrong_block()
    {
        for (var seed = 0UL; seed < 300; seed++)
        {
            var random = new SplitMix(seed);
            var count = 1 + random.Next(60);
            var size = 1 + random.Next(80);
            var source = SplitMix.Stream(seed, count * size);
            using var encoder = Blocks.Code.CreateEncoder(count, size);
            encoder.Begin(0, source);
            using var decoder = Blocks.Code.CreateDecoder(count, size);
            var decoded = new byte[source.Length];
            decoder.Begin(0, decoded);
            var symbol = new byte[size];
            var junk = new byte[size + 1];
            for (var step = 0; step < 6 * count && !decoder.IsDecoded; step++)
            {
                switch (random.Next(8))
                {
                    case 0:
                        Assert.Equal(AddResult.Invalid, decoder.Add((uint)random.Next(), junk));
                        break;
                    case 1:
                        Assert.Equal(AddResult.Invalid, decoder.Add((uint)random.Next() | (1u << 24), symbol));
                        break;
                    case 2:
                        decoder.TryDecode();
                        break;
                    default:
                        var esi = (uint)random.Next(random.Next(2) == 0 ? 2 * count : 1 << 24);
                        encoder.Encode(esi, symbol);
                        decoder.Add(esi, symbol);
                        break;
                }
            }

            if (decoder.IsDecoded)
            {
                Assert.True(source.AsSpan().SequenceEqual(decoded), $"seed {seed}");
            }
        }
    }

    [Fact]
    public void Arguments_out_of_range_are_named()
    {
        foreach (var (count, size) in ((int, int)[])[(0, 1), (-1, 1), (56404, 1), (1, 0), (1, -1), (1, 65536), (56403, 65535)])
        {
            Assert.Throws<ArgumentOutOfRangeException>(() => Blocks.Code.CreateEncoder(count, size));
            Assert.Throws<ArgumentOutOfRangeException>(() => Blocks.Code.CreateDecoder(count, size));
        }

        using var encoder = Blocks.Code.CreateEncoder(3, 8);
        Assert.Throws<InvalidOperationException>(() => encoder.Encode(0, new byte[8]));
        Assert.Throws<ArgumentException>(() => encoder.Begin(0, new byte[16]));
        Assert.Throws<ArgumentException>(() => encoder.Begin(0, new byte[25]));
        encoder.Begin(0, new byte[17]);
        Assert.Throws<ArgumentException>(() => encoder.Encode(0, new byte[7]));
        Assert.Throws<ArgumentException>(() => encoder.Encode(5, new byte[9]));
        Assert.Throws<ArgumentOutOfRangeException>(() => encoder.Encode(1 << 24, new byte[8]));
        using var decoder = Blocks.Code.CreateDecoder(3, 8);
        Assert.Throws<ArgumentException>(() => decoder.Begin(0, new byte[23]));
    }

    [Fact]
    public void Object_information_of_any_bytes_is_valid_or_refused()
    {
        var random = new SplitMix(4);
        var bytes = new byte[ObjectTransmissionInformation.Size];
        var valid = 0;
        for (var round = 0; round < 20_000; round++)
        {
            for (var i = 0; i < bytes.Length; i++)
            {
                bytes[i] = (byte)(random.Next(3) == 0 ? random.Next(256) : random.Next(3));
            }

            if (!ObjectTransmissionInformation.TryRead(bytes, out var information))
            {
                continue;
            }

            valid++;
            var partition = new ObjectPartition(information);
            var last = information.SourceBlockCount - 1;
            Assert.InRange(partition.GetSymbolCount(0), 1, RaptorQCode.MaxSymbolCount);
            Assert.InRange(partition.GetLength(last), 1, (long)partition.GetSymbolCount(last) * information.SymbolSize);
            Assert.Equal(information.TransferLength, partition.GetOffset(last) + partition.GetLength(last));
            Assert.Throws<ArgumentOutOfRangeException>(() => partition.GetOffset(last + 1));
            bytes[5] = 0;
            var written = new byte[ObjectTransmissionInformation.Size];
            information.Write(written);
            Assert.Equal(bytes, written);
        }

        Assert.NotEqual(0, valid);
        Assert.False(ObjectTransmissionInformation.TryRead(bytes.AsSpan(1), out _));
        Assert.Throws<InvalidOperationException>(() => new PayloadId(0, 1 << 24).Write(bytes));
    }
}
