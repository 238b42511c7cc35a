using System.Runtime.InteropServices;

namespace PouringRain.Coding.Plans;

/// <summary>Bytes that start on a cache line and grow on demand; their contents are lost when they grow.</summary>
internal struct AlignedBytes
{
    private const int Alignment = 64;

    private byte[]? _array;
    private int _start;

    /// <summary>How many bytes there are.</summary>
    public readonly int Length => _array is null ? 0 : _array.Length - Alignment;

    /// <summary>The first <paramref name="length"/> bytes, made if need be, and then
    /// <paramref name="slack"/> more for the next time.</summary>
    public Span<byte> Get(int length, int slack = 0)
    {
        if (_array is null || Length < length)
        {
            // Pinned, or the collector could move it off its cache lines.
            _array = GC.AllocateUninitializedArray<byte>(length + Alignment + slack, pinned: true);
            _start = (int)(-Marshal.UnsafeAddrOfPinnedArrayElement(_array, 0) & (Alignment - 1));
        }

        return _array.AsSpan(_start, length);
    }

    /// <summary>The first <paramref name="length"/> bytes, which a <see cref="Get"/> has made.</summary>
    public readonly ReadOnlySpan<byte> Read(int length) => _array.AsSpan(_start, length);
}
