namespace PouringRain.Protocol.Grouping;

/// <summary>What a receiver tells the sender that it needs, and when: after a time drawn at random, and only if by then nobody else was
/// heard to need as much.</summary>
internal sealed class GroupNeeds
{
    private const int PolledMax = 1024;

    /// <summary>So many times what is lacking is asked for, after rounds that brought nothing.</summary>
    private const int UrgencyMax = 8;

    /// <summary>So many of the first symbols of a block are not all lost by chance.</summary>
    private const int MissedFrom = 16;

    private readonly List<PolledBlock> _polled = [];
    private readonly NeedEntry[] _entries = new NeedEntry[NeedMessage.EntryCountMax];
    private readonly FetchBlocks _blocks;
    private readonly GroupHeld _held;
    private readonly GroupArrivals _arrivals;
    private SplitMix _random;
    private bool _isFirstRound;
    private TimeSpan _spread = TimeSpan.FromMilliseconds(5);
    private Instant _at = Instant.Never, _rangesAt = Instant.Never;
    private int _rangesRound, _urgency = 1;
    private long _dropletsAtRanges;

    public GroupNeeds(FetchBlocks blocks, GroupHeld held, GroupArrivals arrivals, ulong seed)
    {
        _blocks = blocks;
        _held = held;
        _arrivals = arrivals;
        _random = new SplitMix(seed);
    }

    /// <summary>When there is something to say, if nobody else says it before.</summary>
    public Instant Due => Instant.Min(_at, _rangesAt);

    /// <summary>Takes what the sender tells of its window.</summary>
    public void OnWindow(Instant now, GroupStream stream, in WindowMessage window, ReadOnlySpan<byte> entries)
    {
        if (stream.MoveTo(window.Round, window.RoundEsi, window.FirstBlock))
        {
            _polled.Clear();
        }
        else if (window.Round != (ushort)stream.Round)
        {
            return;
        }

        _isFirstRound = stream.Round == 1;
        _spread = TimeSpan.FromMilliseconds(window.Spread / 10.0);
        var lacks = false;
        for (var i = 0; i < entries.Length / WindowMessage.EntryBytes; i++)
        {
            var entry = WindowMessage.EntryAt(entries, i);
            if (entry.Block < _blocks.Layout.BlockCount && !_held.Has((int)entry.Block) && entry.Sent <= entry.Promised)
            {
                var polled = Remember(entry);
                lacks |= TargetOf(polled) > polled.Promised;
            }
        }

        if (lacks)
        {
            Wake(now, stream);
        }

        if (window.IsCensus && _held.Count < _blocks.Layout.BlockCount)
        {
            _rangesAt = Instant.Min(_rangesAt, now + (_spread * (2 * NextDouble())));
        }
    }

    /// <summary>Something may be lacking that was not thought to be.</summary>
    public void Wake(Instant now, GroupStream stream)
    {
        if (_at != Instant.Never)
        {
            return;
        }

        // Truncated exponential, as in RFC 5740, section 5.3.2: of any number of receivers few draw a short time.
        var steepness = Math.Log(1 + stream.Announce.ReceiverCount) + 1;
        var part = Math.Log(1 + (NextDouble() * (Math.Exp(steepness) - 1))) / steepness;
        _at = now + (_spread * (0.1 + (0.9 * part)));
    }

    /// <summary>Writes what is needed, if anything still is.</summary>
    public bool TryWrite(Instant now, GroupStream stream, Bits128 token, Span<byte> buffer, out int length)
    {
        length = 0;
        var count = 0;
        var isCensus = false;
        if (now >= _at)
        {
            _at = Instant.Never;
            count = CollectPolled(stream);
        }

        if (count == 0 && now >= _rangesAt)
        {
            _rangesAt = Instant.Never;
            count = CollectRanges(stream.Round);
            isCensus = true;
        }

        if (count == 0 || token == 0)
        {
            return false;
        }

        length = new NeedMessage
        {
            StreamId = stream.Id,
            IsCensus = isCensus,
            Round = (ushort)stream.Round,
            Token = token,
            Loss = GroupMessage.ToShare(_arrivals.Loss),
        }.Write(buffer, _entries.AsSpan(0, count));
        return true;
    }

    public void Clear()
    {
        _polled.Clear();
        _at = Instant.Never;
        _rangesAt = Instant.Never;
    }

    private double NextDouble() => (_random.Next() >> 11) * (1.0 / (1UL << 53));

    private PolledBlock Remember(WindowEntry entry)
    {
        foreach (var polled in _polled)
        {
            if (polled.Block == entry.Block)
            {
                polled.Take(entry);
                return polled;
            }
        }

        if (_polled.Count == PolledMax)
        {
            _polled.RemoveAt(0);
        }

        var added = new PolledBlock(entry.Block);
        added.Take(entry);
        _polled.Add(added);
        return added;
    }

    /// <summary>Up to which ESI a block's symbols are wanted; 0 when nothing more is, as far as can be hoped.</summary>
    private uint TargetOf(PolledBlock polled)
    {
        var index = (int)polled.Block;
        var block = _blocks.Find(polled.Block);
        if (_held.Has(index) || block is { Phase: not BlockPhase.Collecting })
        {
            return 0;
        }

        if (_isFirstRound && WasMissed(block, _held.SymbolsOf(index)))
        {
            return 0;
        }

        var lack = (block?.Need ?? _held.SymbolsOf(index)) - (block?.ReceivedCount ?? 0);
        var sent = Math.Max(polled.Sent, block?.NextEsi ?? 0);
        var loss = Math.Min(_arrivals.Loss, 0.9);
        var coming = polled.Promised > sent ? (int)((polled.Promised - sent) * (1 - loss)) : 0;
        return lack <= 0 || coming >= lack ? 0 : Math.Min(sent + (uint)(lack + (lack * loss / (1 - loss)) + 0.5), RequestItem.EsiMax);
    }

    /// <summary>Whether a receiver was not there when a block began: then it lacks so much that it would have all others wait, and gets it
    /// later, of a round or by unicast.</summary>
    private static bool WasMissed(CollectingBlock? block, int symbolCount) =>
        block is null or { ReceivedCount: 0 } ? symbolCount > MissedFrom : block.FirstEsi > Math.Max(MissedFrom, symbolCount / 8);

    private int CollectPolled(GroupStream stream)
    {
        var count = 0;
        for (var i = _polled.Count - 1; i >= 0; i--)
        {
            var polled = _polled[i];
            if (polled.Block < stream.FirstBlock || _held.Has((int)polled.Block))
            {
                _polled.RemoveAt(i);
                continue;
            }

            var target = TargetOf(polled);
            if (target > polled.Promised && polled.IsFresh && count < _entries.Length)
            {
                polled.IsFresh = false;
                _entries[count++] = new NeedEntry(polled.Block, 1, target);
            }
        }

        return count;
    }

    /// <summary>All that is missing and of use, in as few ranges as it takes; more of them than a datagram holds wait for another
    /// round. Who loses so much that a round makes few blocks whole has no use for more than can be kept in work.</summary>
    private int CollectRanges(int round)
    {
        if (round != _rangesRound)
        {
            // Of few symbols all may be lost, and too few were rained to know the loss: then so many are no good.
            var isInVain = _rangesRound > 0 && round > _rangesRound && _blocks.DropletsReceived == _dropletsAtRanges;
            _urgency = isInVain ? Math.Min(2 * _urgency, UrgencyMax) : 1;
            (_rangesRound, _dropletsAtRanges) = (round, _blocks.DropletsReceived);
        }

        var count = 0;
        var room = _arrivals.IsLossy ? Math.Max(_blocks.Room, 0) : int.MaxValue;
        for (var index = _held.FirstMissing(0); index >= 0 && count < _entries.Length; index = _held.FirstMissing(index))
        {
            var first = index;
            var most = 0;
            for (; index < _blocks.Layout.BlockCount && !_held.Has(index) && index - first < 65_536; index++)
            {
                var block = _blocks.Find((uint)index);
                if (block is null && room-- <= 0)
                {
                    break;
                }

                var need = block?.Need ?? _held.SymbolsOf(index);
                most = Math.Max(most, need - (block?.ReceivedCount ?? 0));
            }

            if (index == first)
            {
                // One for which there is no room.
                index++;
                continue;
            }

            var loss = Math.Min(_arrivals.Loss, 0.9);
            var wanted = (uint)_urgency * ((uint)(most / (1 - loss)) + 1);
            _entries[count++] = new NeedEntry((uint)first, index - first, Math.Min(wanted, RequestItem.EsiMax));
        }

        return count;
    }

    private sealed class PolledBlock(uint block)
    {
        public uint Block { get; } = block;

        public uint Sent { get; private set; }

        public uint Promised { get; private set; }

        /// <summary>Whether the sender has told of it since the last time that something was said of it here.</summary>
        public bool IsFresh { get; set; }

        public void Take(WindowEntry entry)
        {
            Sent = entry.Sent;
            Promised = entry.Promised;
            IsFresh = true;
        }
    }
}
