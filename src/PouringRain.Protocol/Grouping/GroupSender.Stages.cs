namespace PouringRain.Protocol.Grouping;

// What time brings: stages, rounds, the end.
public sealed partial class GroupSender
{
    /// <summary>Polls of the window at the end of a round without anybody asking for anything, until it is taken to be over; each waits
    /// twice as long as the one before, up to the longest gap.</summary>
    private const int TailPollsMax = 6, CensusPolls = 3;

    /// <summary>Rounds when there is no other limit.</summary>
    private const int RoundsMost = 1000;

    private static readonly TimeSpan TailGap = TimeSpan.FromMilliseconds(4);
    private static readonly TimeSpan LostAfter = TimeSpan.FromSeconds(5), LookForLostEvery = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan NobodyAfter = TimeSpan.FromSeconds(3);

    /// <summary>After the rain, for receivers whose reports were lost, or that came last, and while there is one that has no token yet;
    /// not when as many as were waited for are done.</summary>
    private static readonly TimeSpan FinishAtLeast = TimeSpan.FromSeconds(1), FinishForStrangers = TimeSpan.FromSeconds(10);

    /// <summary>Longer than a receiver that is not answered waits between two reports.</summary>
    private static readonly TimeSpan StrangerFor = TimeSpan.FromSeconds(3);

    private Instant _due;
    private Instant _tailAt = Instant.Never;
    private Instant _lookForLostAt;
    private Instant _lastNews, _roundBegan, _tailBegan, _stageBegan;
    private int _tailPolls;
    private bool _isAtTail;

    private int DropletFrameBits =>
        8 * (WireFormat.DropletHeaderBytes + _content.Manifest.Layout.SymbolSize + _options.FrameBytes + _options.DropletBytesMore);

    private bool MayHaveAnotherRound => _schedule.Round < (_options.Rounds == 0 ? RoundsMost : _options.Rounds);

    /// <summary>Carries on to another stage or round when it is time.</summary>
    private void Advance(Instant now)
    {
        switch (Stage)
        {
            case GroupStage.Waiting:
                if (_options.WaitForReceivers <= _roster.Count || now - _started >= _options.WaitAtMost)
                {
                    if (_roster.Count < _options.ReceiversAtLeast)
                    {
                        End(now, GroupEndReason.NobodyCame);
                        break;
                    }

                    EnterStage(now, GroupStage.Raining);
                    _manifestOwed = Math.Max(_manifestOwed, _roster.Count > 0 && _roster.CountOf(GroupReceiverState.Waiting) == 0 ? 0
                        : _manifestSymbols + SurplusOfManifest);
                }

                break;
            case GroupStage.Raining:
                AdvanceRate(now);
                AdvanceRain(now);
                break;
            case GroupStage.Finishing:
                AdvanceEnd(now);
                break;
            default:
                break;
        }

        if (now >= _lookForLostAt && Stage != GroupStage.Ended)
        {
            _lookForLostAt = now + LookForLostEvery;
            FindLost(now);
        }
    }

    private void AdvanceRate(Instant now)
    {
        if (_rate is null)
        {
            return;
        }

        if (_schedule.IsDry)
        {
            // What rains is less than the rate, and tells nothing of it.
            _rate.Restart(now);
        }
        else if (_rate.Advance(now, _roster.PendingCount, DropletFrameBits))
        {
            _pacer.RateBitsPerSecond = _rate.BitsPerSecond;
        }
    }

    private void AdvanceRain(Instant now)
    {
        if (!_schedule.IsDry)
        {
            _isAtTail = false;
            _tailAt = Instant.Never;
            return;
        }

        if (!_isAtTail)
        {
            _isAtTail = true;
            _tailBegan = now;
            _tailPolls = 0;
            _tailPart = 0;
            _tailAt = now;
        }

        // After a second round it is not for one in twenty that it goes on, when those can have it by unicast.
        var mayLack = _options.RainPort != 0 && _schedule.Round > 1 ? Math.Max(1, _roster.Count / 20) : 0;
        var isEnough = _roster.Count > 0 && _roster.LackingCount <= mayLack;
        if (!isEnough && (_tailPolls < TailPollsMax || now < _tailAt))
        {
            return;
        }

        if (!isEnough && MayHaveAnotherRound && _schedule.IsAnyWanted)
        {
            BeginRound(now);
            _isAtTail = false;
            _announceAt = now;
            _announced = 0;
            return;
        }

        // Without end it goes on while somebody lacks something; all such speak in the next census, or are lost in time.
        if (!isEnough && _options.Rounds == 0 && MayHaveAnotherRound && _roster.PendingCount > 0)
        {
            _tailPolls = TailPollsMax - 1;
            _tailAt = Instant.Max(_tailAt, now);
            return;
        }

        _tailAt = Instant.Never;
        EnterStage(now, GroupStage.Finishing);
    }

    private bool HasStranger(Instant now) => _feedback.LastStranger is { } last && now - last < StrangerFor;

    private void AdvanceEnd(Instant now)
    {
        if (_options is { Rounds: 0, RainPort: 0 } && _roster.LackingCount > 0 && MayHaveAnotherRound)
        {
            // Somebody came after all that were known had everything.
            EnterStage(now, GroupStage.Raining);
            _isAtTail = false;
            return;
        }

        var done = _roster.CountOf(GroupReceiverState.Done);
        var isQuiet = now - _lastNews >= (_roster.Count == 0 ? TimeSpan.FromTicks(Math.Min(NobodyAfter.Ticks, _options.Linger.Ticks))
            : _options.Linger);
        if (_roster.Count > 0 && _roster.PendingCount == 0
            && (now - _stageBegan >= (HasStranger(now) ? FinishForStrangers : FinishAtLeast)
                || (_options.WaitForReceivers > 0 && _roster.Count >= _options.WaitForReceivers)))
        {
            End(now, done == _roster.Count || (_options.Quorum > 0 && done >= _options.Quorum)
                ? GroupEndReason.Completed : GroupEndReason.Incomplete);
        }
        else if (isQuiet)
        {
            End(now, _roster.Count == 0 ? GroupEndReason.NobodyCame
                : _options.Quorum > 0 && done >= _options.Quorum ? GroupEndReason.Completed : GroupEndReason.Incomplete);
        }
    }

    /// <summary>Later rounds are for who comes on with them: who got nothing out of a whole round, and that for long, is waited for no
    /// more.</summary>
    private void BeginRound(Instant now)
    {
        foreach (var row in _roster.Rows)
        {
            row.HasGivenUp |= _schedule.Round > 1 && row.LastProgress < _roundBegan && now - row.LastProgress >= _options.Linger;
        }

        _schedule.BeginRound();
        _roundBegan = now;
    }

    private void FindLost(Instant now)
    {
        var after = TimeSpan.FromTicks(Math.Max(LostAfter.Ticks, 4 * ReportGap.Ticks));
        foreach (var row in _roster.Rows)
        {
            if (row.HasEnded)
            {
                continue;
            }

            if (row.LastProgress > _lastNews)
            {
                _lastNews = row.LastProgress;
            }

            // Nobody asks for anything, and it does not come on.
            row.HasGivenUp |= _isAtTail && now - _tailBegan >= _options.Linger && now - row.LastProgress >= _options.Linger;
            var state = row.HasGivenUp || now - row.LastHeard >= after ? GroupReceiverState.Lost
                : Stage == GroupStage.Finishing && row.State == GroupReceiverState.Receiving ? GroupReceiverState.Late : row.State;
            if (_roster.SetState(row, state))
            {
                _events.Enqueue(new GroupSenderEvent(GroupSenderEventKind.ReceiverChanged, row.Identity));
            }
        }
    }

    private void EnterStage(Instant now, GroupStage stage)
    {
        Stage = stage;
        _events.Enqueue(new GroupSenderEvent(GroupSenderEventKind.StageChanged, default));
        _announceAt = now;
        _announced = 0;
        _lastNews = now;
        _stageBegan = now;
    }

    private void End(Instant now, GroupEndReason reason)
    {
        if (Stage == GroupStage.Ended)
        {
            return;
        }

        EndReason = reason;
        EnterStage(now, GroupStage.Ended);
        _events.Enqueue(new GroupSenderEvent(GroupSenderEventKind.Ended, default));
        _due = now;
    }

    private Instant NextDue(Instant now)
    {
        var due = _announceAt;
        if (Stage == GroupStage.Ended)
        {
            return due;
        }

        due = Instant.Min(due, Instant.Min(_windowAt, _lookForLostAt));
        due = _trains.Count > 0 ? Instant.Min(due, _trainAt) : due;
        if (Stage == GroupStage.Waiting && _started + _options.WaitAtMost > now)
        {
            due = Instant.Min(due, _started + _options.WaitAtMost);
        }
        else if (Stage == GroupStage.Raining)
        {
            due = Instant.Min(due, _schedule.IsDry ? _tailAt : now + NotReadyDelay);
        }
        else if (Stage == GroupStage.Finishing)
        {
            due = Instant.Min(due, now + LookForLostEvery);
        }

        return due > now ? due : now + TimeSpan.FromTicks(1000);
    }
}
