namespace PouringRain.Coding.Tests.Erasure;

/// <summary>Sets of pieces, and bytes.</summary>
internal static class Sets
{
    /// <summary>All ways to choose so many of so many, each in rising order.</summary>
    public static IEnumerable<int[]> Of(int count, int total)
    {
        var chosen = Enumerable.Range(0, count).ToArray();
        while (true)
        {
            yield return [.. chosen];
            var last = count - 1;
            while (last >= 0 && chosen[last] == total - count + last)
            {
                last--;
            }

            if (last < 0)
            {
                yield break;
            }

            chosen[last]++;
            for (var i = last + 1; i < count; i++)
            {
                chosen[i] = chosen[i - 1] + 1;
            }
        }
    }

    /// <summary>Bytes that depend on the seed alone.</summary>
    public static byte[] Bytes(int seed, int count)
    {
        var bytes = new byte[count];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }
}
