namespace PouringRain.Protocol.Grouping;

// What goes to the group: announcements, the state of the window, droplets.
public sealed partial class GroupSender
{
    /// <summary>One droplet in so many is the manifest's, and one in fewer while somebody is known to lack it.</summary>
    private const int ManifestPart = 4000, ManifestPartWhenLacking = 64;

    /// <summary>While blocks rain, what the state of the window takes of the rate at most.</summary>
    private const double WindowShare = 0.005;

    /// <summary>How often a block's state is told after all was rained that was to be.</summary>
    private const int Tellings = 3;

    private static readonly TimeSpan NotReadyDelay = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan WindowGapAtTail = TimeSpan.FromMilliseconds(2);
    private static readonly TimeSpan AnnounceEvery = TimeSpan.FromSeconds(1);

    private readonly WindowEntry[] _entries = new WindowEntry[WindowMessage.EntryCountMax];
    private readonly int _manifestSymbols;
    private Instant _announceAt, _windowAt = Instant.Never, _windowNotBefore;
    private int _announced, _tailPart;
    private int _manifestOwed, _sinceManifest;
    private uint _manifestEsi;
    private long _droplets, _dropletsOfBlocks;

    private int SurplusOfManifest => Math.Max(2, _manifestSymbols / 16);

    /// <summary>Between the reports of one receiver, so that those of all are about a hundred a second.</summary>
    private TimeSpan ReportGap => TimeSpan.FromMilliseconds(Math.Clamp(_roster.Count * 10, 250, 30_000));

    private bool TryAnnounce(Instant now, Span<byte> buffer, out Transmit transmit)
    {
        transmit = default;
        if (now < _announceAt)
        {
            return false;
        }

        var length = WriteAnnounce(buffer);
        _pacer.OnMessage(now, length);
        transmit = new Transmit(_options.Group, length, length);

        // Twice at once, since one may be lost, and then less and less often.
        _announced++;
        _announceAt = Stage == GroupStage.Ended
            ? (_announced >= 4 ? Instant.Never : now + TimeSpan.FromMilliseconds(20))
            : Stage == GroupStage.Waiting ? now + (AnnounceEvery / 4)
            : now + TimeSpan.FromMilliseconds(Math.Min(AnnounceEvery.TotalMilliseconds, (1 << Math.Min(_announced, 20)) - 2));
        if (_roster.CountOf(GroupReceiverState.Waiting) > 0
            ? Stage != GroupStage.Ended && !_schedule.HasMore : Stage == GroupStage.Waiting && _manifestSymbols <= 64)
        {
            // What rains beside blocks does not come when there are none.
            _manifestOwed = Math.Max(_manifestOwed, _manifestSymbols + SurplusOfManifest);
        }

        return true;
    }

    private int WriteAnnounce(Span<byte> buffer)
    {
        var manifest = _content.Manifest;
        return new AnnounceMessage
        {
            StreamId = StreamId,
            IsWaiting = Stage == GroupStage.Waiting,
            IsLast = Stage is GroupStage.Finishing or GroupStage.Ended,
            HasEnded = Stage == GroupStage.Ended,
            Resource = _resource,
            Offer = OfferMessage.Of(manifest, isComplete: true),
            KilobitsPerSecond = (uint)Math.Min(uint.MaxValue, _pacer.RateBitsPerSecond / 1000),
            Round = (ushort)Math.Min(_schedule.Round, ushort.MaxValue),
            RoundEsi = _schedule.RoundEsi,
            FirstBlock = (uint)_schedule.FirstBlock,
            ReceiverCount = (uint)_roster.Count,
            ReportMilliseconds = (ushort)ReportGap.TotalMilliseconds,
            RainPort = _options.RainPort,
        }.Write(buffer, manifest.Code);
    }

    /// <summary>The state of the window is told as soon as that may be.</summary>
    private void TellWindowSoon(Instant now)
    {
        _windowAt = Instant.Min(_windowAt, Instant.Max(now, _windowNotBefore));
        _due = now;
    }

    private bool TryTellWindow(Instant now, Span<byte> buffer, out Transmit transmit)
    {
        transmit = default;
        var isTailPoll = Stage == GroupStage.Raining && now >= _tailAt;
        if (Stage != GroupStage.Raining || (now < _windowAt && !isTailPoll))
        {
            return false;
        }

        var count = isTailPoll ? CollectPart() : CollectNews();

        var length = new WindowMessage
        {
            StreamId = StreamId,
            IsCensus = isTailPoll && MayHaveAnotherRound && _tailPolls >= TailPollsMax - CensusPolls,
            Round = (ushort)Math.Min(_schedule.Round, ushort.MaxValue),
            RoundEsi = _schedule.RoundEsi,
            FirstBlock = (uint)_schedule.FirstBlock,
            Spread = (ushort)(SpreadOfAnswers.TotalMilliseconds * 10),
        }.Write(buffer, _entries.AsSpan(0, count));
        _pacer.OnMessage(now, length);
        if (isTailPoll)
        {
            // All parts of the window, then time for answers.
            _tailPolls += _tailPart == 0 ? 1 : 0;
            _tailAt = _tailPart > 0 ? now : now + SpreadOfAnswers + (TailGap * (1 << Math.Min(_tailPolls - 1, 4)));
        }

        var gap = TimeSpan.FromSeconds((length + _options.FrameBytes) * 8 / (_pacer.RateBitsPerSecond * WindowShare));
        _windowNotBefore = now + (_schedule.HasMore && gap > WindowGapAtTail ? gap : WindowGapAtTail);
        _windowAt = Instant.Never;
        transmit = new Transmit(_options.Group, length, length);
        return true;
    }

    /// <summary>The blocks of which there is something new to tell, the newest first.</summary>
    private int CollectNews()
    {
        var count = 0;
        for (var i = _schedule.Window.Count - 1; i >= 0 && count < _entries.Length; i--)
        {
            var block = _schedule.Window[i];
            if (block.Tellings > 0)
            {
                block.Tellings--;
                _entries[count++] = new WindowEntry((uint)block.Block, block.Sent, block.Target);
            }
        }

        return count;
    }

    /// <summary>The next part of the window, of which a datagram does not hold all.</summary>
    private int CollectPart()
    {
        var count = Math.Clamp(_schedule.Window.Count - _tailPart, 0, _entries.Length);
        for (var i = 0; i < count; i++)
        {
            var block = _schedule.Window[_tailPart + i];
            _entries[i] = new WindowEntry((uint)block.Block, block.Sent, block.Target);
        }

        _tailPart = _tailPart + count < _schedule.Window.Count ? _tailPart + count : 0;
        return count;
    }

    /// <summary>Over how long the answers to a poll are spread: the more receivers there are the longer, so that few speak before the first
    /// has been heard.</summary>
    private TimeSpan SpreadOfAnswers => TimeSpan.FromMilliseconds(4 * (1 + Math.Log2(1 + (_roster.Count / 32.0))));

    private bool TryRain(Instant now, Span<byte> buffer, out Transmit transmit)
    {
        transmit = default;
        var symbolSize = _content.Manifest.Layout.SymbolSize;
        var size = WireFormat.DropletHeaderBytes + symbolSize;
        if (buffer.Length < size)
        {
            ThrowSmallBuffer();
        }

        var most = Math.Min(_pacer.DropletCount(now, size), buffer.Length / size);
        var count = 0;
        while (count < most)
        {
            var rained = RainManifest(now, buffer[(count * size)..], size);
            rained = rained > 0 || Stage != GroupStage.Raining ? rained : RainBlocks(now, buffer[(count * size)..(most * size)], size);
            if (rained == 0 || Stage == GroupStage.Ended)
            {
                break;
            }

            count += rained;
        }

        if (count == 0)
        {
            return false;
        }

        _droplets += count;
        _pacer.OnDroplets(now, count, size);
        transmit = new Transmit(_options.Group, count * size, size);
        return true;
    }

    private int RainManifest(Instant now, Span<byte> buffer, int size)
    {
        var part = _roster.CountOf(GroupReceiverState.Waiting) > 0 ? ManifestPartWhenLacking : ManifestPart;
        if (_manifestOwed == 0 && (_sinceManifest < part || Stage != GroupStage.Raining))
        {
            return 0;
        }

        _sinceManifest = 0;
        _manifestOwed -= _manifestOwed > 0 ? 1 : 0;
        var manifest = _content.Manifest;
        _manifestEsi = _manifestEsi < Math.Min(_code.EncodingSymbolIdMax, RequestItem.EsiMax) ? _manifestEsi : 0;
        _manifests.Write(manifest, _code, _manifestEsi, buffer[WireFormat.DropletHeaderBytes..size]);
        WriteHeader(now, buffer[..size], WireFormat.ManifestBlockNumber, _manifestEsi++);
        return 1;
    }

    /// <summary>Rains symbols of the block whose turn it is.</summary>
    private int RainBlocks(Instant now, Span<byte> buffer, int size)
    {
        while (_schedule.Next(now) is { } block)
        {
            var count = Math.Min(GroupSchedule.RunOf(block), buffer.Length / size);
            var from = block.Sent;
            var result = _content.TryReadSymbols(
                block.Block, from, size - WireFormat.DropletHeaderBytes, buffer[WireFormat.DropletHeaderBytes..(count * size)], size,
                out var written);
            for (var i = 0; i < written; i++)
            {
                WriteHeader(now, buffer.Slice(i * size, size), (uint)block.Block, from + (uint)i);
            }

            if (result == SymbolReadResult.Unavailable)
            {
                End(now, GroupEndReason.LocalFailure);
                return 0;
            }

            if (result == SymbolReadResult.NotReady)
            {
                block.NotBefore = now + NotReadyDelay;
            }

            if (written == 0)
            {
                continue;
            }

            _dropletsOfBlocks += written;
            _sinceManifest += written;
            if (_schedule.OnRained(block, written))
            {
                block.Tellings = Tellings;
                TellWindowSoon(now);
            }

            return written;
        }

        return 0;
    }

    private void WriteHeader(Instant now, Span<byte> datagram, uint block, uint esi)
    {
        new DropletMessage
        {
            SubscriptionId = StreamId,
            Tag = DropletMessage.TagOf(_content.Manifest.Version),
            Sequence = _sequence,
            ServerTime = WireFormat.Microseconds(now) & 0xFF_FFFF,
            BlockNumber = block,
            Esi = esi,
        }.WriteHeader(datagram);
        _sequence = unchecked(_sequence + 1);
    }
}
