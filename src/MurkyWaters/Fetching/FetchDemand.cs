using PouringRain.Protocol;

namespace MurkyWaters.Fetching;

/// <summary>
/// What is wanted of a fetch and what has been asked for. Each reader wants a run of bytes, who keeps the resource wants all of it; the
/// running round has been asked for runs of blocks, in the order in which they are to come. Before the version is known runs are of bytes.
/// Not thread-safe.
/// </summary>
internal sealed partial class FetchDemand
{
    /// <summary>Blocks asked for at once out of turn: a few, so that several readers at several places take turns.</summary>
    private const int UrgentBlockCount = 8;

    private readonly List<Want> _wants = [];
    private readonly List<Run> _asked = [];
    private (long Offset, long Length)? _first;
    private ResourceLayout? _layout;

    /// <summary>Whether what the round was asked for at first comes in order, because somebody reads it.</summary>
    private bool _isInOrder;

    /// <summary>Whether all of it is wanted, whoever reads.</summary>
    public bool IsWholeWanted { get; set; }

    public int ReaderCount => _wants.Count;

    /// <summary>Whether a round runs that may be asked for more.</summary>
    public bool IsOpen { get; private set; }

    /// <summary>The blocks that a run of bytes touches.</summary>
    public static (int First, int End) BlocksOf(ResourceLayout layout, long offset, long length)
    {
        if (length <= 0 || offset >= layout.Length)
        {
            return (0, 0);
        }

        var last = length >= layout.Length - offset ? layout.Length - 1 : offset + length - 1;
        return (layout.BlockAt(Math.Max(offset, 0)), layout.BlockAt(last) + 1);
    }

    public void AddReader(object reader, long offset, long length) =>
        _wants.Add(new Want(reader) { Offset = offset, Length = length, Position = offset });

    public bool RemoveReader(object reader) => _wants.RemoveAll(want => want.Reader == reader) > 0;

    /// <summary>The version is known.</summary>
    public void SetLayout(ResourceLayout layout)
    {
        _layout = layout;
        if (_first is { } first)
        {
            Ask(BlocksOf(layout, first.Offset, first.Length), isUrgent: false);
            _first = null;
        }
    }

    /// <summary>Whether nobody lacks anything.</summary>
    public bool IsSatisfied(IHeldBlocks held) => IsPassing ? IsAllHere(held) : !TryFindNext(held, out _);

    /// <summary>What to begin a round with: the bytes, before the version is known, and afterwards the missing blocks of the first who
    /// misses any.</summary>
    /// <returns>False when nothing is missing.</returns>
    public bool TryFindNext(IHeldBlocks? held, out (long Offset, long Length) bytes)
    {
        if (IsPassing)
        {
            var isFound = TryFindPassing(held!, out var blocks);
            bytes = isFound ? BytesOf(blocks) : default;
            return isFound;
        }

        foreach (var want in Wanted())
        {
            if (_layout is null)
            {
                bytes = want;
                return true;
            }

            var (first, end) = BlocksOf(_layout, want.Offset, want.Length);
            while (first < end && held!.HasBlock(first))
            {
                first++;
            }

            if (first < end)
            {
                bytes = BytesOf((first, end));
                return true;
            }
        }

        bytes = default;
        return false;
    }

    /// <summary>A round begins, which is asked for these bytes.</summary>
    public void Begin((long Offset, long Length) bytes)
    {
        IsOpen = true;
        _isInOrder = ReaderCount > 0;
        if (_layout is null)
        {
            _first = bytes;
        }
        else if (IsPassing)
        {
            Place(BlocksOf(_layout, bytes.Offset, bytes.Length));
        }
        else
        {
            Ask(BlocksOf(_layout, bytes.Offset, bytes.Length), isUrgent: false);
        }
    }

    /// <summary>The round is over.</summary>
    public void End(IHeldBlocks? held)
    {
        IsOpen = false;
        _first = null;
        _asked.Clear();
        if (IsPassing)
        {
            EndPassing(held!);
        }
    }

    /// <summary>The next bytes that are wanted and that the running round has not been asked for; from now on it has.</summary>
    public bool TryAskMore(IHeldBlocks held, out (long Offset, long Length) bytes)
    {
        bytes = default;
        if (!IsOpen || _layout is null)
        {
            return false;
        }

        if (IsPassing)
        {
            return TryAskPassing(held, out bytes);
        }

        foreach (var want in Wanted())
        {
            var blocks = BlocksOf(_layout, want.Offset, want.Length);
            if (!IsAsked(blocks, held))
            {
                Ask(blocks, isUrgent: false);
                bytes = BytesOf(blocks);
                return true;
            }
        }

        return false;
    }

    /// <summary>A reader stands before a block that is not here. From there on it wants
    /// what it says, if that is not what it wanted.</summary>
    public void MoveTo(object reader, long offset, int count)
    {
        if (_wants.Find(want => want.Reader == reader) is not { } want)
        {
            return;
        }

        (want.Position, want.IsWaiting) = (offset, true);
        if (offset < want.Offset || offset - want.Offset >= want.Length)
        {
            (want.Offset, want.Length) = (offset, count);
        }
    }

    /// <summary>What to ask for out of turn, for a reader who waits: blocks that nobody has asked for, or that were asked for so long after
    /// others that they are not coming soon. From now on it has been asked for.</summary>
    /// <param name="held">What is here.</param>
    /// <param name="offset">Where the reader stands.</param>
    /// <param name="count">Bytes that it wants there.</param>
    /// <param name="bytesSoon">Bytes that are coming soon.</param>
    /// <param name="bytes">What to ask for.</param>
    public bool TryAskUrgently(IHeldBlocks held, long offset, int count, long bytesSoon, out (long Offset, long Length) bytes)
    {
        bytes = default;
        if (!IsOpen || IsPassing || _layout is null)
        {
            return false;
        }

        var blocks = BlocksOf(_layout, offset, count);
        if (blocks.First < blocks.End && held.HasBlock(blocks.First))
        {
            // It came while this was on its way.
            return false;
        }

        if (IsAsked(blocks, held))
        {
            var block = blocks.First;
            if (_asked.Exists(run => run.IsUrgent && run.First <= block && block < run.End)
                || (_isInOrder && IsNear(block, bytesSoon, held)))
            {
                return false;
            }

            blocks = (block, Math.Min(block + UrgentBlockCount, _layout.BlockCount));
        }

        Ask(blocks, isUrgent: true);
        bytes = BytesOf(blocks);
        return true;
    }

    private IEnumerable<(long Offset, long Length)> Wanted()
    {
        foreach (var want in _wants)
        {
            yield return (want.Offset, want.Length);
        }

        if (IsWholeWanted)
        {
            yield return (0, long.MaxValue);
        }
    }

    private (long Offset, long Length) BytesOf((int First, int End) blocks)
    {
        var offset = _layout!.OffsetOf(blocks.First);
        return (offset, _layout.OffsetOf(blocks.End - 1) + _layout.BytesOf(blocks.End - 1) - offset);
    }

    private void Ask((int First, int End) blocks, bool isUrgent) =>
        _asked.Insert(isUrgent ? 0 : _asked.Count, new Run(blocks.First, blocks.End, isUrgent));

    /// <summary>Whether every block of a run was asked for or is here.</summary>
    private bool IsAsked((int First, int End) blocks, IHeldBlocks held)
    {
        for (var block = blocks.First; block < blocks.End; block++)
        {
            if (held.HasBlock(block))
            {
                continue;
            }

            // On to the end of the run that has this block.
            var end = 0;
            foreach (var run in _asked)
            {
                end = run.First <= block && block < run.End ? Math.Max(end, run.End) : end;
            }

            if (end == 0)
            {
                return false;
            }

            block = end - 1;
        }

        return true;
    }

    /// <summary>Whether a block is among those that come next: within a window behind the first missing block in order.</summary>
    private bool IsNear(int blockIndex, long windowBytes, IHeldBlocks held)
    {
        var window = Math.Max(2, windowBytes / _layout!.BlockBytes);
        foreach (var run in _asked)
        {
            while (run.Cursor < run.End && held.HasBlock(run.Cursor))
            {
                run.Cursor++;
            }

            if (run.Cursor < run.End)
            {
                return blockIndex >= run.Cursor && blockIndex < Math.Min(run.End, run.Cursor + window);
            }
        }

        return false;
    }

    private sealed class Want(object reader)
    {
        public object Reader { get; } = reader;

        public long Offset { get; set; }

        public long Length { get; set; }

        /// <summary>All before it is read, as far as is known.</summary>
        public long Position { get; set; }

        /// <summary>Whether it stands before a block that is not here, as far as is known.</summary>
        public bool IsWaiting { get; set; }
    }

    private sealed class Run(int first, int end, bool isUrgent)
    {
        public int First { get; } = first;

        public int End { get; } = end;

        public bool IsUrgent { get; } = isUrgent;

        /// <summary>All before it is here.</summary>
        public int Cursor { get; set; } = first;
    }
}
