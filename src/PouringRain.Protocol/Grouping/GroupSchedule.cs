using PouringRain.Coding;

namespace PouringRain.Protocol.Grouping;

/// <summary>Which symbol rains next. A window goes over the blocks: the source symbols of some of them, and what is rained in advance to
/// make good losses, are interleaved, the beginnings staggered, so that a burst of losses hits several blocks a little and blocks end
/// one after the other; those that have ended stay in the window for repair, which goes first.</summary>
internal sealed class GroupSchedule
{
    /// <summary>A quarter of the window is interleaved; the rest is time for feedback.</summary>
    private const int InterleavedPart = 4, InterleavedMost = 64, WindowMost = 512;

    /// <summary>A later round rains twice a block at most, and so many symbols more: twice few may all be lost.</summary>
    private const int WantedMore = 16;

    /// <summary>What earlier blocks needed in addition is rained at once in the next, but for a part that may not be needed
    /// there.</summary>
    private const double AdvancePart = 0.8;

    private readonly ResourceLayout _layout;
    private readonly IFountainCode _code;
    private readonly int _blocksMax, _interleave;
    private readonly uint _esiMax;
    private readonly List<RainingBlock> _window = [];
    private readonly Stack<RainingBlock> _spare = new();

    /// <summary>What later rounds rain of each block, in symbols; null before anybody asked for any.</summary>
    private int[]? _wanted;
    private int[]? _rained;
    private long _clock, _nextStart;
    private double _advance;
    private uint _esiHighest;

    public GroupSchedule(ResourceLayout layout, IFountainCode code, long windowBytes)
    {
        _layout = layout;
        _code = code;
        _esiMax = Math.Min(code.EncodingSymbolIdMax, RequestItem.EsiMax);
        _blocksMax = (int)Math.Clamp(windowBytes / Math.Max(1, layout.BlockBytes), 2, WindowMost);
        _interleave = Math.Clamp(_blocksMax / InterleavedPart, 1, InterleavedMost);
    }

    /// <summary>1 for the first.</summary>
    public int Round { get; private set; } = 1;

    /// <summary>The ESI with which this round begins in every block.</summary>
    public uint RoundEsi { get; private set; }

    /// <summary>The blocks of the window, in order.</summary>
    public IReadOnlyList<RainingBlock> Window => _window;

    /// <summary>The next block that comes into the window.</summary>
    public int NextBlock { get; private set; }

    /// <summary>The first block that may still get symbols in this round.</summary>
    public int FirstBlock => _window.Count > 0 ? _window[0].Block : NextBlock;

    /// <summary>Whether every block's turn has come in this round, and all of it was rained that was to be.</summary>
    public bool IsDry => NextBlock == _layout.BlockCount && !_window.Exists(static block => block.Sent < block.Target);

    /// <summary>Whether blocks are still to come in this round.</summary>
    public bool HasMore => NextBlock < _layout.BlockCount;

    /// <summary>Whether another round has something to rain.</summary>
    public bool IsAnyWanted { get; private set; }

    /// <summary>The share of a block that is rained in advance to make good losses.</summary>
    public double Advance => _advance * AdvancePart;

    /// <summary>The block of which symbols are to be rained; null when there is none now.</summary>
    public RainingBlock? Next(Instant now)
    {
        RainingBlock? first = null;
        var active = 0;
        foreach (var block in _window)
        {
            var isReady = block.Sent < block.Target && block.NotBefore <= now;
            if (block.HasBegunRepair)
            {
                if (isReady)
                {
                    return block;
                }
            }
            else
            {
                active++;
                first = isReady && (first is null || KeyOf(block) < KeyOf(first)) ? block : first;
            }
        }

        while (NextBlock < _layout.BlockCount && active <= _interleave && (first is null || _nextStart <= KeyOf(first)) && MakeRoom())
        {
            if (Begin() is { } begun)
            {
                active++;
                first = first is null || KeyOf(begun) < KeyOf(first) ? begun : first;
            }
        }

        _clock = first is null ? _clock : Math.Max(_clock, KeyOf(first));
        return first;
    }

    /// <summary>How many symbols of a block may follow each other.</summary>
    public static int RunOf(RainingBlock block) => (int)Math.Min(block.Target - block.Sent, 8);

    /// <summary>Symbols of a block were rained.</summary>
    /// <returns>Whether it has all that it was to have.</returns>
    public bool OnRained(RainingBlock block, int count)
    {
        block.Sent += (uint)count;
        _esiHighest = Math.Max(_esiHighest, block.Sent);
        if (block.Sent < block.Target)
        {
            return false;
        }

        if (!block.HasBegunRepair)
        {
            block.HasBegunRepair = true;
            Learn(block.Block - 2);
        }

        return true;
    }

    /// <summary>Somebody needs symbols of a block of the window up to <paramref name="target"/>.</summary>
    /// <returns>How many more are rained for it.</returns>
    public int Raise(RainingBlock block, uint target)
    {
        target = Math.Min(target, _esiMax);
        if (target <= block.Target)
        {
            return 0;
        }

        var more = (int)(target - block.Target);
        block.Target = target;
        return more;
    }

    /// <summary>Finds a block of the window.</summary>
    public RainingBlock? Find(uint number)
    {
        foreach (var block in _window)
        {
            if (block.Block == number)
            {
                return block;
            }
        }

        return null;
    }

    /// <summary>K of a block, or what is rained of it when nothing is lost.</summary>
    public int SymbolsOf(int block) => _code.SymbolsToRequest(_layout.SymbolsOf(block));

    /// <summary>Somebody lacks so many symbols of a block whose turn in this round is over.</summary>
    public void Want(int block, int count)
    {
        _wanted ??= new int[_layout.BlockCount];
        _wanted[block] = Math.Max(_wanted[block], Math.Min(count, (2 * SymbolsOf(block)) + WantedMore));
        IsAnyWanted = true;
    }

    /// <summary>Begins another round, of what was asked for.</summary>
    public void BeginRound()
    {
        foreach (var block in _window)
        {
            _spare.Push(block);
        }

        _window.Clear();
        Round++;
        NextBlock = 0;
        _nextStart = _clock;

        // One ESI for all blocks, so that nobody needs to remember how far each had come. After millions of symbols it begins anew.
        RoundEsi = _esiHighest + (uint)(3 * _code.SymbolsToRequest(_layout.SymbolsOfLargest)) < _esiMax ? _esiHighest : 0;
        _esiHighest = RoundEsi;
        (_wanted, _rained) = (_rained, _wanted);
        IsAnyWanted = false;
        if (_wanted is not null)
        {
            Array.Clear(_wanted);
        }

    }

    private long KeyOf(RainingBlock block) => block.Start + ((long)(block.Sent - RoundEsi) * _interleave);

    /// <summary>The first of the window leaves when the window is full and nothing is to be rained of it.</summary>
    private bool MakeRoom()
    {
        if (_window.Count < _blocksMax)
        {
            return true;
        }

        if (!_window[0].HasBegunRepair || _window[0].Sent < _window[0].Target)
        {
            return false;
        }

        _spare.Push(_window[0]);
        _window.RemoveAt(0);
        return true;
    }

    private RainingBlock? Begin()
    {
        var index = NextBlock++;
        var symbols = SymbolsOf(index);
        var count = Round == 1 || _rained is null ? symbols + (int)(symbols * Advance) : _rained[index];
        if (count == 0)
        {
            return null;
        }

        var block = _spare.Count > 0 ? _spare.Pop() : new RainingBlock();
        block.Begin(index, RoundEsi, (uint)Math.Min(count, _esiMax - RoundEsi), Math.Max(_nextStart, _clock));
        _nextStart = block.Start + symbols;
        _window.Add(block);
        return block;
    }

    /// <summary>What a block needed that has had time to be repaired.</summary>
    private void Learn(int number)
    {
        // Of a dozen symbols chance takes a larger part than of hundreds: small blocks, with which a resource may begin, teach nothing.
        if (Round == 1 && number >= 0 && Find((uint)number) is { } block
            && 2 * _layout.SymbolsOf(number) >= _layout.SymbolsOfLargest)
        {
            var symbols = SymbolsOf(number);
            var needed = (block.Target - RoundEsi - symbols) / (double)symbols;
            _advance += (needed - _advance) * (_advance == 0 ? 1 : 0.25);
        }
    }
}

/// <summary>A block of which symbols rain, or may be asked for.</summary>
internal sealed class RainingBlock
{
    /// <summary>The SBN.</summary>
    public int Block { get; private set; }

    /// <summary>ESIs below this were rained, from the round's first on.</summary>
    public uint Sent { get; set; }

    /// <summary>ESIs below this are to be rained.</summary>
    public uint Target { get; set; }

    /// <summary>When it began, on a clock that counts symbols.</summary>
    public long Start { get; private set; }

    /// <summary>Whether all was rained of it that was meant at first; what is rained from now on was asked for.</summary>
    public bool HasBegunRepair { get; set; }

    /// <summary>How often its state is still to be told.</summary>
    public int Tellings { get; set; }

    /// <summary>Its symbols are not at hand before.</summary>
    public Instant NotBefore { get; set; }

    public void Begin(int block, uint from, uint count, long start)
    {
        Block = block;
        Sent = from;
        Target = from + count;
        Start = start;
        HasBegunRepair = false;
        Tellings = 0;
        NotBefore = default;
    }
}
