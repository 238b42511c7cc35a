namespace PouringRain.Protocol.Grouping;

/// <summary>What a sender makes of what receivers say. Without a token that only their address could have seen they are heard of, and
/// change nothing; with one they change no more than what a receiver may ask for that loses as much as most.</summary>
internal sealed class GroupFeedback
{
    /// <summary>What one receiver may have had rained for it alone: so many symbols, and a share of what was rained beside the losses that
    /// are usual.</summary>
    private const int CausedFree = 64;

    private const double CausedShare = 0.03;

    private static readonly TimeSpan RangesEvery = TimeSpan.FromMilliseconds(100), TrainEvery = TimeSpan.FromMilliseconds(400);

    private readonly GroupSenderOptions _options;
    private readonly AddressTokens _tokens;
    private readonly uint _streamId;
    private readonly ResourceLayout _layout;
    private readonly GroupSchedule _schedule;
    private readonly GroupRoster _roster;

    public GroupFeedback(
        GroupSenderOptions options, uint streamId, ResourceLayout layout, GroupSchedule schedule, GroupRoster roster)
    {
        _options = options;
        _tokens = new AddressTokens(options.TokenKey);
        _streamId = streamId;
        _layout = layout;
        _schedule = schedule;
        _roster = roster;
    }

    /// <summary>Needs heard.</summary>
    public long Needs { get; private set; }

    /// <summary>Feedback passed over.</summary>
    public long Refused { get; private set; }

    /// <summary>When somebody reported who has no token yet: a receiver that is not known, or a forger.</summary>
    public Instant? LastStranger { get; private set; }

    /// <summary>Symbols that needs have added.</summary>
    public long Granted { get; private set; }

    /// <summary>Takes a report.</summary>
    /// <param name="now">The time.</param>
    /// <param name="from">Where it came from.</param>
    /// <param name="datagram">The datagram.</param>
    /// <param name="change">What it changes.</param>
    /// <param name="answer">What is to be answered.</param>
    /// <returns>The receiver, when it is known now.</returns>
    public GroupRosterRow? OnReport(
        Instant now, PeerAddress from, ReadOnlySpan<byte> datagram, out GroupRosterChange change, out WelcomeMessage? answer)
    {
        change = GroupRosterChange.None;
        answer = null;
        if (!ReportMessage.TryParse(datagram, out var report))
        {
            Refused++;
            return null;
        }

        GroupRosterRow? row = null;
        var isCurrent = false;
        var isValid = report.Token != 0 && _tokens.IsValid(report.Token, from, now, out isCurrent);
        if (isValid)
        {
            row = _roster.Take(now, from, report, _layout.BlockCount, out change);
        }
        else
        {
            Refused += report.Token != 0 ? 1 : 0;
            LastStranger = now;
        }

        if (!isValid || report.WantsAnswer || !isCurrent)
        {
            answer = new WelcomeMessage
            {
                StreamId = _streamId,
                IsNoted = row is not null,
                IsFull = isValid && row is null,
                Number = report.Number,
                Token = _tokens.Make(from, now),
            };
        }

        return row;
    }

    /// <summary>Takes a need.</summary>
    /// <param name="now">The time.</param>
    /// <param name="from">Where it came from.</param>
    /// <param name="datagram">The datagram.</param>
    /// <param name="rained">Symbols of blocks rained so far.</param>
    /// <returns>How many more symbols are rained for it in this round.</returns>
    public int OnNeed(Instant now, PeerAddress from, ReadOnlySpan<byte> datagram, long rained)
    {
        if (!NeedMessage.TryParse(datagram, out var need, out var entries) || need.Round != (ushort)_schedule.Round
            || _roster.At(from) is not { HasEnded: false, HasGivenUp: false } row || !_tokens.IsValid(need.Token, from, now, out _))
        {
            Refused++;
            return 0;
        }

        Needs++;
        row.LastHeard = now;
        row.Loss = Math.Max(row.Loss, GroupMessage.FromShare(need.Loss));
        row.HasReported = true;
        if (need.IsCensus)
        {
            if (now >= row.RangesFrom)
            {
                row.RangesFrom = now + RangesEvery;
                Want(entries);
            }

            return 0;
        }

        var granted = 0;
        for (var i = 0; i < entries.Length / NeedMessage.EntryBytes; i++)
        {
            var entry = NeedMessage.EntryAt(entries, i);
            if (_schedule.Find(entry.FirstBlock) is { } block)
            {
                granted += Grant(now, row, block, entry.Target, rained);
            }
        }

        Granted += granted;
        return granted;
    }

    /// <summary>Takes the request of a train.</summary>
    /// <returns>The number that it is to echo; null when there is to be none.</returns>
    public uint? OnTrainRequest(Instant now, PeerAddress from, ReadOnlySpan<byte> datagram)
    {
        if (!TrainRequestMessage.TryParse(datagram, out var request) || _roster.At(from) is not { HasEnded: false } row
            || now < row.TrainFrom || !_tokens.IsValid(request.Token, from, now, out _))
        {
            Refused++;
            return null;
        }

        row.TrainFrom = now + TrainEvery;
        return request.Number;
    }

    private int Grant(Instant now, GroupRosterRow row, RainingBlock block, uint target, long rained)
    {
        var symbols = _schedule.SymbolsOf(block.Block);
        var loss = _roster.LossFor(now);
        var spare = _options.RepairShareMax * symbols;
        if (_roster.IsOutlier(now, row.Loss))
        {
            // As much as chance may take from who loses as much as most: it gets what helps others too.
            spare = Math.Min(spare, (symbols * loss) + (3 * Math.Sqrt(symbols * loss)) + 1);
        }

        // In later rounds a block begins with what was asked for.
        var limit = _schedule.RoundEsi + (uint)((_schedule.Round > 1 ? 2 : 1) * symbols) + (uint)spare;
        var allowed = CausedFree + (long)(rained * (CausedShare + (1.5 * loss))) - row.Caused;
        target = Math.Min(Math.Min(target, limit), (uint)Math.Min(uint.MaxValue, block.Target + Math.Max(0, allowed)));
        var more = _schedule.Raise(block, target);
        row.Caused += more;
        block.Tellings = more > 0 ? Math.Max(block.Tellings, 1) : block.Tellings;
        return more;
    }

    /// <summary>Of each block the next round rains the most that anybody lacks.</summary>
    private void Want(ReadOnlySpan<byte> entries)
    {
        // As many as there are blocks in all, and no more: ranges of one datagram may overlap.
        var left = _layout.BlockCount;
        for (var i = 0; i < entries.Length / NeedMessage.EntryBytes; i++)
        {
            var entry = NeedMessage.EntryAt(entries, i);
            var end = Math.Min(entry.FirstBlock + (long)entry.BlockCount, _layout.BlockCount);
            for (var block = (long)entry.FirstBlock; block < end && left > 0; block++, left--)
            {
                _schedule.Want((int)block, (int)entry.Target);
            }
        }
    }
}
