using System.Numerics;
using PouringRain.Coding;

namespace PouringRain.Protocol.Grouping;

/// <summary>Which blocks a receiver has verified and kept.</summary>
internal sealed class GroupHeld
{
    private ulong[] _bits = [];
    private ResourceLayout? _layout;
    private IFountainCode? _code;

    /// <summary>How many.</summary>
    public int Count { get; private set; }

    /// <summary>Bit i of word i / 64 is block i.</summary>
    public ReadOnlySpan<ulong> Bitmap => _bits;

    public void Begin(OfferedVersion version)
    {
        _layout = version.Layout;
        _code = version.Code;
        _bits = new ulong[(_layout.BlockCount + 63) / 64];
        Count = 0;
    }

    public bool Has(int block) => (_bits[block / 64] & (1UL << (block % 64))) != 0;

    public bool Add(int block)
    {
        if (Has(block))
        {
            return false;
        }

        _bits[block / 64] |= 1UL << (block % 64);
        Count++;
        return true;
    }

    /// <summary>The first block from <paramref name="from"/> on that is missing; -1 when there is none.</summary>
    public int FirstMissing(int from)
    {
        var count = _layout!.BlockCount;
        for (var word = from / 64; word < _bits.Length; word++)
        {
            var missing = ~_bits[word] & (word == from / 64 ? ulong.MaxValue << (from % 64) : ulong.MaxValue);
            if (missing != 0)
            {
                var block = (word * 64) + BitOperations.TrailingZeroCount(missing);
                return block < count ? block : -1;
            }
        }

        return -1;
    }

    /// <summary>How many symbols a block takes when none is lost.</summary>
    public int SymbolsOf(int block) => _code!.SymbolsToRequest(_layout!.SymbolsOf(block));
}
