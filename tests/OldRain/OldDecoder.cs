using System.Numerics;

namespace OldRain;

/// <summary>Gaussian elimination over the droplets of one resource.</summary>
internal sealed class OldDecoder
{
    private readonly (ulong Key, byte[] Value)?[] _rows = new (ulong, byte[])?[OldCode.SymbolCount];
    private int _rank;
    private int _length;

    /// <summary>The bytes, once there are enough; null until then. Throws on a droplet that contradicts the format.</summary>
    public byte[]? Add(ReadOnlySpan<byte> datagram)
    {
        var key = OldCode.NumberAt(datagram, 1);
        _length = (int)OldCode.NumberAt(datagram, 2);
        var value = datagram[32..].ToArray();
        if (OldCode.NumberAt(datagram, 3) != (ulong)value.Length || value.Length != (_length / OldCode.SymbolCount) + 1)
        {
            throw new InvalidDataException("The lengths of a droplet contradict each other.");
        }

        while (key != 0)
        {
            var pivot = BitOperations.TrailingZeroCount(key);
            if (_rows[pivot] is not { } row)
            {
                _rows[pivot] = (key, value);
                _rank++;
                break;
            }

            key ^= row.Key;
            OldCode.Xor(value, row.Value);
        }

        return _rank < OldCode.SymbolCount ? null : Solve();
    }

    private byte[] Solve()
    {
        var rows = _rows.Select(row => row!.Value).ToArray();
        for (var i = OldCode.SymbolCount - 1; i >= 0; i--)
        {
            for (var j = i + 1; j < OldCode.SymbolCount; j++)
            {
                if ((rows[i].Key >> j & 1) != 0)
                {
                    OldCode.Xor(rows[i].Value, rows[j].Value);
                }
            }
        }

        return [.. rows.SelectMany(row => row.Value).Take(_length)];
    }
}
