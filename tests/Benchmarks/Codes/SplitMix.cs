using System.Buffers.Binary;

namespace Benchmarks.Codes;

/// <summary>The byte generator of the test vectors: splitmix64, its outputs little-endian.</summary>
internal sealed class SplitMix(ulong seed)
{
    private ulong _state = seed;

    /// <summary>The next output.</summary>
    public ulong Next()
    {
        _state += 0x9E3779B97F4A7C15;
        var z = _state;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>A number below a bound, evenly enough for choosing symbols.</summary>
    public int Next(int bound) => (int)Math.BigMul(Next(), (uint)bound, out _);

    /// <summary>The first bytes of the sequence.</summary>
    public static byte[] Stream(ulong seed, long count)
    {
        var bytes = new byte[count];
        var generator = new SplitMix(seed);
        Span<byte> last = stackalloc byte[8];
        for (var i = 0; i < bytes.Length; i += 8)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(last, generator.Next());
            last[..Math.Min(8, bytes.Length - i)].CopyTo(bytes.AsSpan(i));
        }

        return bytes;
    }
}
