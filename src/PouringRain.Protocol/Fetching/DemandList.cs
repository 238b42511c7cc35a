using System.Numerics;

namespace PouringRain.Protocol;

/// <summary>Which bytes are wanted, in which order, and which blocks these are once the layout is known.</summary>
internal sealed class DemandList
{
    // Readers of one shared fetch ask for few ranges; beyond this many the rest of the resource is taken as asked for.
    private const int RangeCountMax = 1024;

    private readonly List<(long Offset, long Length, bool IsOrdered)> _bytes = [];
    private readonly List<Range> _ranges = [];
    private ResourceLayout? _layout;
    private ulong[] _settled = [];
    private ulong[] _wanted = [];
    private int _openCount;

    /// <summary>Of the ranges before this one all is settled.</summary>
    private int _begun;

    /// <summary>The first byte of the first demand, for a guess before the layout is known; -1 when nothing is demanded.</summary>
    public long FirstOffset => _bytes.Count == 0 ? -1 : _bytes[0].Offset;

    /// <summary>The bytes of the first demand.</summary>
    public long FirstLength => _bytes.Count == 0 ? 0 : _bytes[0].Length;

    /// <param name="offset">The first byte.</param>
    /// <param name="length">How many; to the end when there are fewer.</param>
    /// <param name="isUrgent">Whether they are wanted before all that was wanted before.</param>
    /// <param name="isOrdered">Whether somebody reads them in order.</param>
    public void Add(long offset, long length, bool isUrgent, bool isOrdered = true)
    {
        if (length <= 0 || offset < 0)
        {
            return;
        }

        if (_bytes.Count == RangeCountMax)
        {
            offset = 0;
            length = long.MaxValue;
        }
        else if (_bytes.Count > RangeCountMax)
        {
            return;
        }

        _bytes.Insert(isUrgent ? 0 : _bytes.Count, (offset, length, isOrdered));
        if (_layout is not null && TryConvert(offset, length, isOrdered, out var range))
        {
            Want(range);
            _ranges.Insert(isUrgent ? 0 : _ranges.Count, range);
            _begun = isUrgent ? 0 : _begun;
        }
    }

    /// <summary>Converts all demands to the blocks of a layout; nothing is settled then.</summary>
    public void SetLayout(ResourceLayout layout)
    {
        _layout = layout;
        _settled = new ulong[(layout.BlockCount + 63) / 64];
        _wanted = new ulong[_settled.Length];
        _ranges.Clear();
        _begun = 0;
        _openCount = 0;
        foreach (var (offset, length, isOrdered) in _bytes)
        {
            if (TryConvert(offset, length, isOrdered, out var range))
            {
                Want(range);
                _ranges.Add(range);
            }
        }
    }

    /// <summary>Says that a block needs no opening: it is held, in work or done.</summary>
    public void Settle(int block) => Settle(block / 64, 1UL << (block % 64));

    public void Settle(ReadOnlySpan<ulong> bitmap)
    {
        for (var i = 0; i < Math.Min(bitmap.Length, _settled.Length); i++)
        {
            Settle(i, bitmap[i]);
        }
    }

    /// <summary>Says that a block that was settled is to be opened after all.</summary>
    public void Unsettle(int block)
    {
        var bit = 1UL << (block % 64);
        _openCount += (_wanted[block / 64] & _settled[block / 64] & bit) != 0 ? 1 : 0;
        _settled[block / 64] &= ~bit;
        for (var i = 0; i < _ranges.Count; i++)
        {
            if (_ranges[i].Start <= block && block < _ranges[i].First)
            {
                _ranges[i] = _ranges[i] with { First = block };
                _begun = Math.Min(_begun, i);
            }
        }
    }

    /// <summary>The next block that is wanted and not settled.</summary>
    public bool TryPeek(out int block)
    {
        for (; _begun < _ranges.Count; _begun++)
        {
            if (TryAdvance(_begun, out block))
            {
                return true;
            }
        }

        block = -1;
        return false;
    }

    /// <summary>How many blocks are wanted and not settled, counted to <paramref name="max"/> at most.</summary>
    public int CountUpTo(int max) => Math.Min(max, _openCount);

    /// <summary>The first of the next blocks, in the order of those who read in order, that a source holds.</summary>
    /// <param name="held">The source; null when it holds all.</param>
    /// <param name="window">How many of the next are looked at.</param>
    /// <param name="block">The block.</param>
    public bool TryPickOrdered(HeldMap? held, int window, out int block)
    {
        for (var i = _begun; i < _ranges.Count && _openCount > 0; i++)
        {
            if (!_ranges[i].IsOrdered || !TryAdvance(i, out block))
            {
                continue;
            }

            for (var (word, last) = (block / 64, _ranges[i].Last); word <= last / 64; word++)
            {
                var bits = OpenIn(word, block, last);
                var bitsHeld = bits & (held?.Word(word) ?? ulong.MaxValue);
                var before = bitsHeld == 0 ? bits : bits & ((bitsHeld & (~bitsHeld + 1)) - 1);
                window -= BitOperations.PopCount(before);
                if (window <= 0)
                {
                    break;
                }

                if (bitsHeld != 0)
                {
                    block = (word * 64) + BitOperations.TrailingZeroCount(bitsHeld);
                    return true;
                }
            }

            if (window <= 0)
            {
                break;
            }
        }

        block = -1;
        return false;
    }

    /// <summary>Any block that is wanted, not settled, and held by a source.</summary>
    /// <param name="held">The source; null when it holds all.</param>
    /// <param name="others">Sources none of which may hold it.</param>
    /// <param name="random">What it is drawn by.</param>
    /// <param name="block">The block.</param>
    public bool TryPickRandom(HeldMap? held, ReadOnlySpan<HeldMap> others, ref SplitMix random, out int block)
    {
        var start = _wanted.Length == 0 ? 0 : random.Below(_wanted.Length);
        for (var i = 0; i < _wanted.Length; i++)
        {
            var word = (start + i) % _wanted.Length;
            var bits = _wanted[word] & ~_settled[word] & (held?.Word(word) ?? ulong.MaxValue);
            foreach (var other in others)
            {
                bits &= ~other.Word(word);
            }

            if (bits != 0)
            {
                for (var skip = random.Below(BitOperations.PopCount(bits)); skip > 0; skip--)
                {
                    bits &= bits - 1;
                }

                block = (word * 64) + BitOperations.TrailingZeroCount(bits);
                return true;
            }
        }

        block = -1;
        return false;
    }

    /// <summary>Whether a block is wanted and not settled.</summary>
    public bool IsOpen(int block) => (_wanted[block / 64] & ~_settled[block / 64] & (1UL << (block % 64))) != 0;

    /// <summary>Whether a source holds any block that is wanted and not settled.</summary>
    public bool IsAnyHeld(HeldMap held)
    {
        for (var i = 0; i < _wanted.Length; i++)
        {
            if ((_wanted[i] & ~_settled[i] & held.Word(i)) != 0)
            {
                return true;
            }
        }

        return false;
    }

    private void Settle(int word, ulong bits)
    {
        _openCount -= BitOperations.PopCount(_wanted[word] & ~_settled[word] & bits);
        _settled[word] |= bits;
    }

    private void Want(Range range)
    {
        for (var word = range.First / 64; word <= range.Last / 64; word++)
        {
            var bits = MaskOf(word, range.First, range.Last);
            _openCount += BitOperations.PopCount(bits & ~_wanted[word] & ~_settled[word]);
            _wanted[word] |= bits;
        }
    }

    /// <summary>Moves the beginning of a range to its first block that is not settled, and names it.</summary>
    private bool TryAdvance(int index, out int block)
    {
        var range = _ranges[index];
        for (var word = range.First / 64; range.First <= range.Last; word++)
        {
            if (OpenIn(word, range.First, range.Last) is var bits and not 0)
            {
                block = (word * 64) + BitOperations.TrailingZeroCount(bits);
                _ranges[index] = range with { First = block };
                return true;
            }

            range = range with { First = Math.Min((word + 1) * 64, range.Last + 1) };
        }

        _ranges[index] = range;
        block = -1;
        return false;
    }

    /// <summary>Of 64 blocks those from one to another that are not settled; all between them are wanted.</summary>
    private ulong OpenIn(int word, int first, int last) => MaskOf(word, first, last) & ~_settled[word];

    /// <summary>The bits of a word that stand for blocks from one to another.</summary>
    private static ulong MaskOf(int word, int first, int last)
    {
        var (low, high) = (Math.Max(first - (word * 64), 0), Math.Min(last - (word * 64), 63));
        return low > high ? 0 : (ulong.MaxValue << low) & (ulong.MaxValue >> (63 - high));
    }

    private bool TryConvert(long offset, long length, bool isOrdered, out Range range)
    {
        range = default;
        if (offset >= _layout!.Length)
        {
            return false;
        }

        var last = length > _layout.Length - offset ? _layout.Length - 1 : offset + length - 1;
        var first = _layout.BlockAt(offset);
        range = new Range(first, first, _layout.BlockAt(last), isOrdered);
        return true;
    }

    /// <summary>Wanted blocks, from <see cref="Start"/> to <see cref="Last"/>; those before <see cref="First"/> are settled.</summary>
    private readonly record struct Range(int Start, int First, int Last, bool IsOrdered);
}
