using System.Numerics;
using System.Runtime.InteropServices;

namespace PouringRain.Protocol.Classic;

/// <summary>Solves the 64 symbols of format 1 from the XORs that droplets carry: Gaussian elimination over GF(2), one droplet at a
/// time, on keys of one machine word. Row i is the one whose highest bit is i, and lies where symbol i will be, so that solving in
/// place leaves the resource.</summary>
internal sealed class ClassicDecoder
{
    private readonly ulong[] _keys = new ulong[ClassicFormat.SymbolCount];
    private readonly byte[] _values;
    private readonly byte[] _scratch;
    private readonly int _symbolSize;

    public ClassicDecoder(int dataLength)
    {
        DataLength = dataLength;
        _symbolSize = ClassicFormat.SymbolSizeOf(dataLength);
        _values = new byte[ClassicFormat.SymbolCount * _symbolSize];
        _scratch = new byte[_symbolSize];
    }

    /// <summary>The resource's bytes.</summary>
    public int DataLength { get; }

    /// <summary>Independent droplets taken; the resource can be solved at 64.</summary>
    public int Rank { get; private set; }

    /// <summary>Takes one droplet; false when it said nothing new.</summary>
    public bool Add(ulong key, ReadOnlySpan<byte> value)
    {
        value.CopyTo(_scratch);
        while (key != 0)
        {
            var pivot = BitOperations.Log2(key);
            if (_keys[pivot] == 0)
            {
                _keys[pivot] = key;
                _scratch.CopyTo(Row(pivot));
                Rank++;
                return true;
            }

            key ^= _keys[pivot];
            Xor(_scratch, Row(pivot));
        }

        return false;
    }

    /// <summary>The resource, once <see cref="Rank"/> is 64. Called once.</summary>
    public byte[] Solve()
    {
        // Lower rows are solved before the higher ones that contain them.
        for (var row = 1; row < ClassicFormat.SymbolCount; row++)
        {
            for (var rest = _keys[row] & ~(1UL << row); rest != 0; rest &= rest - 1)
            {
                Xor(Row(row), Row(BitOperations.TrailingZeroCount(rest)));
            }
        }

        return _values[..DataLength];
    }

    /// <summary>XORs <paramref name="source"/> onto the start of <paramref name="target"/>.</summary>
    internal static void Xor(Span<byte> target, ReadOnlySpan<byte> source)
    {
        target = target[..source.Length];
        var wide = MemoryMarshal.Cast<byte, Vector<byte>>(source);
        var wideTarget = MemoryMarshal.Cast<byte, Vector<byte>>(target);
        for (var i = 0; i < wide.Length; i++)
        {
            wideTarget[i] ^= wide[i];
        }

        for (var i = wide.Length * Vector<byte>.Count; i < source.Length; i++)
        {
            target[i] ^= source[i];
        }
    }

    private Span<byte> Row(int index) => _values.AsSpan(index * _symbolSize, _symbolSize);
}
