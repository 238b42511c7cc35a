namespace PouringRain.Coding.Tests.Lt;

/// <summary>What the tests of this folder share: blocks of random bytes, and the way from droplets back to a block.</summary>
internal static class LtBlocks
{
    internal static byte[] Random(int length, int seed)
    {
        var block = new byte[length];
        new Random(seed).NextBytes(block);
        return block;
    }

    internal static byte[] Padded(byte[] block, int length)
    {
        var padded = new byte[length];
        block.CopyTo(padded, 0);
        return padded;
    }

    /// <summary>Adds the ESIs' droplets until the block is decoded.</summary>
    /// <returns>How many droplets that took.</returns>
    internal static int Decode(IBlockEncoder encoder, IBlockDecoder decoder, IEnumerable<uint> esis)
    {
        var droplet = new byte[encoder.SymbolSize];
        foreach (var esi in esis)
        {
            encoder.Encode(esi, droplet);
            Assert.Equal(AddResult.Accepted, decoder.Add(esi, droplet));
            if (decoder.CanDecode && decoder.TryDecode())
            {
                return decoder.ReceivedCount;
            }

            Assert.True(decoder.CanDecode || decoder.SymbolsWanted >= 1);
        }

        Assert.Fail($"Not decoded by {decoder.ReceivedCount} droplets; {decoder.SymbolsWanted} wanted.");
        return 0;
    }

    /// <summary>Different random ESIs without end.</summary>
    internal static IEnumerable<uint> RandomEsis(Random random)
    {
        var seen = new HashSet<uint>();
        while (true)
        {
            var esi = (uint)random.Next(1 << 24);
            if (seen.Add(esi))
            {
                yield return esi;
            }
        }
    }

    internal static IEnumerable<uint> EsisFrom(uint first)
    {
        for (var esi = first; ; esi++)
        {
            yield return esi;
        }
    }
}
