namespace Simulation;

/// <summary>The simulator's own generator (SplitMix64) with rational probabilities, so that a seed means the same in ten years.</summary>
public sealed class SimRandom
{
    private ulong _state;

    public SimRandom(ulong seed) => _state = seed;

    public ulong Next()
    {
        unchecked
        {
            var z = _state += 0x9E37_79B9_7F4A_7C15;
            z = (z ^ (z >> 30)) * 0xBF58_476D_1CE4_E5B9;
            z = (z ^ (z >> 27)) * 0x94D0_49BB_1331_11EB;
            return z ^ (z >> 31);
        }
    }

    /// <summary>0 to <paramref name="limit"/> - 1.</summary>
    public long Below(long limit) => (long)Math.BigMul(Next(), (ulong)limit, out _);

    public int Between(int low, int high) => low + (int)Below(high - low + 1L);

    /// <summary>True in <paramref name="perMillion"/> of a million cases.</summary>
    public bool Chance(int perMillion) => Below(1_000_000) < perMillion;

    public T Pick<T>(params ReadOnlySpan<T> values) => values[(int)Below(values.Length)];

    public void Fill(Span<byte> bytes)
    {
        for (var i = 0; i < bytes.Length; i++)
        {
            bytes[i] = (byte)Next();
        }
    }
}
