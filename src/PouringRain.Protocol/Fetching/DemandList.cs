namespace PouringRain.Protocol;

/// <summary>Which bytes are wanted, in which order, and which blocks these are once the layout is known.</summary>
internal sealed class DemandList
{
    // Readers of one shared fetch ask for few ranges; beyond this many the rest of the resource is taken as asked for.
    private const int RangeCountMax = 1024;

    private readonly List<(long Offset, long Length)> _bytes = [];
    private readonly List<Range> _ranges = [];
    private ResourceLayout? _layout;
    private ulong[] _settled = [];

    /// <summary>The first byte of the first demand, for a guess before the layout is known; -1 when nothing is demanded.</summary>
    public long FirstOffset => _bytes.Count == 0 ? -1 : _bytes[0].Offset;

    /// <summary>The bytes of the first demand.</summary>
    public long FirstLength => _bytes.Count == 0 ? 0 : _bytes[0].Length;

    public void Add(long offset, long length, bool isUrgent)
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

        _bytes.Insert(isUrgent ? 0 : _bytes.Count, (offset, length));
        if (_layout is not null && TryConvert(offset, length, out var range))
        {
            _ranges.Insert(isUrgent ? 0 : _ranges.Count, range);
        }
    }

    /// <summary>Converts all demands to the blocks of a layout; nothing is settled then.</summary>
    public void SetLayout(ResourceLayout layout)
    {
        _layout = layout;
        _settled = new ulong[(layout.BlockCount + 63) / 64];
        _ranges.Clear();
        foreach (var (offset, length) in _bytes)
        {
            if (TryConvert(offset, length, out var range))
            {
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

    private bool TryConvert(long offset, long length, out Range range)
    {
        range = default;
        if (offset >= _layout!.Length)
        {
            return false;
        }

        var last = length > _layout.Length - offset ? _layout.Length - 1 : offset + length - 1;
        range = new Range(_layout.BlockAt(offset), _layout.BlockAt(last));
        return true;
    }

    private readonly record struct Range(int First, int Last);
}
