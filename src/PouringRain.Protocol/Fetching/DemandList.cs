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
        }
    }

    /// <summary>Converts all demands to the blocks of a layout; nothing is settled then.</summary>
    public void SetLayout(ResourceLayout layout)
    {
        _layout = layout;
        _settled = new ulong[(layout.BlockCount + 63) / 64];
        _wanted = new ulong[_settled.Length];
        _ranges.Clear();
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
    public void Settle(int block) => _settled[block / 64] |= 1UL << (block % 64);

    public void Settle(ReadOnlySpan<ulong> bitmap)
    {
        for (var i = 0; i < Math.Min(bitmap.Length, _settled.Length); i++)
        {
            _settled[i] |= bitmap[i];
        }
    }

    public bool IsSettled(int block) => (_settled[block / 64] & (1UL << (block % 64))) != 0;

    /// <summary>The next block that is wanted and not settled.</summary>
    public bool TryPeek(out int block)
    {
        while (_ranges.Count > 0)
        {
            var range = _ranges[0];
            for (block = range.First; block <= range.Last; block++)
            {
                if (!IsSettled(block))
                {
                    _ranges[0] = range with { First = block };
                    return true;
                }
            }

            _ranges.RemoveAt(0);
        }

        block = -1;
        return false;
    }

    /// <summary>How many blocks are wanted and not settled, counted to <paramref name="max"/> at most.</summary>
    public int CountUpTo(int max)
    {
        var count = 0;
        foreach (var range in _ranges)
        {
            for (var block = range.First; block <= range.Last && count < max; block++)
            {
                count += IsSettled(block) ? 0 : 1;
            }
        }

        return count;
    }

    /// <summary>The first of the next blocks, in the order of those who read in order, that a source holds.</summary>
    /// <param name="held">The source; null when it holds all.</param>
    /// <param name="window">How many of the next are looked at.</param>
    /// <param name="block">The block.</param>
    public bool TryPickOrdered(HeldMap? held, int window, out int block)
    {
        foreach (var range in _ranges)
        {
            for (block = range.First; range.IsOrdered && block <= range.Last; block++)
            {
                if (IsSettled(block))
                {
                    continue;
                }

                if (held?.Has(block) != false)
                {
                    return true;
                }

                if (--window <= 0)
                {
                    block = -1;
                    return false;
                }
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

    private void Want(Range range)
    {
        for (var block = range.First; block <= range.Last;)
        {
            if (block % 64 == 0 && block + 63 <= range.Last)
            {
                _wanted[block / 64] = ulong.MaxValue;
                block += 64;
            }
            else
            {
                _wanted[block / 64] |= 1UL << (block % 64);
                block++;
            }
        }
    }

    private bool TryConvert(long offset, long length, bool isOrdered, out Range range)
    {
        range = default;
        if (offset >= _layout!.Length)
        {
            return false;
        }

        var last = length > _layout.Length - offset ? _layout.Length - 1 : offset + length - 1;
        range = new Range(_layout.BlockAt(offset), _layout.BlockAt(last), isOrdered);
        return true;
    }

    private readonly record struct Range(int First, int Last, bool IsOrdered);
}
