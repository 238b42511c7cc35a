namespace PouringRain.Protocol.Grouping;

// The stream that is taken: what comes of it, when it is silent.
public sealed partial class GroupReceiver
{
    /// <summary>After a sender has said that it leaves; somebody else may have said it in its name.</summary>
    private static readonly TimeSpan LeaveAfter = TimeSpan.FromSeconds(1);

    private bool HasAll => Manifest is not null && _held.Count == _blocks.Layout.BlockCount;

    /// <summary>Whether the sender of the version has answered, where nothing is believed of one that does not.</summary>
    private bool IsBelieved => _hasAnswered || !_options.IsSealed || _options.IsSilent;

    private Instant SilentAt =>
        _stream is { } stream && !_isOnUnicast && !HasAll && (!IsBelieved || stream.RainServer is not null)
            ? Instant.Min(stream.LastHeard, stream.LacksDropletsFrom) + _options.SilenceTimeout : Instant.Never;

    /// <summary>Whether there is another way, should this one be slow.</summary>
    private bool MayCrawl => !_isOnUnicast && !_wasCompleted && _reports.Token != 0 && _stream?.RainServer is not null;

    private Instant LeftAt =>
        _stream is { } stream && stream.EndedAt != Instant.Never
            && (HasReportedEnd || (!HasAll && (stream.RainServer is null || !IsBelieved)))
            ? stream.EndedAt + LeaveAfter : Instant.Never;

    private bool HasReportedEnd => _readBack is not null || _failure != GroupFailure.None;

    private void OnCurrent(Instant now, GroupStream stream, in AnnounceMessage announce)
    {
        var round = stream.Round;
        stream.Take(now, announce);
        if (stream.Round != round)
        {
            _needs.Clear();
        }

        if (announce.IsLast && !HasAll)
        {
            TurnToUnicast(GroupUnicastReason.Over);
        }
    }

    private void OnMessage(Instant now, GroupStream stream, GroupMessageKind kind, ReadOnlySpan<byte> datagram)
    {
        if (kind == GroupMessageKind.Window && WindowMessage.TryParse(datagram, out var window, out var entries))
        {
            stream.LastHeard = now;
            if (!_isOnUnicast && !HasAll)
            {
                _needs.OnWindow(now, stream, window, entries);
            }
        }
        else if (kind == GroupMessageKind.Welcome && WelcomeMessage.TryParse(datagram, out var welcome))
        {
            _reports.OnWelcome(now, welcome, stream.Announce.ReportMilliseconds);
            if (!_hasAnswered && _reports.Token != 0)
            {
                OnAnswered(stream);
            }

            if (_reports.IsNoted && State is GroupReceiverState.Done or GroupReceiverState.Failed)
            {
                End(_failure == GroupFailure.None ? GroupReceiverEndReason.Completed : GroupReceiverEndReason.Failed);
            }
        }
        else if (kind == GroupMessageKind.Train && TrainMessage.TryParse(datagram, out var train))
        {
            _crawl.OnTrain(now, train);
        }
    }

    /// <summary>The sender has answered what only it could have read just now: it is there.</summary>
    private void OnAnswered(GroupStream stream)
    {
        _hasAnswered = true;
        TellManifest();
        if (stream.Announce.IsLast && !HasAll)
        {
            TurnToUnicast(GroupUnicastReason.Over);
        }
    }

    private void TellManifest()
    {
        if (_isManifestOwed && IsBelieved)
        {
            _isManifestOwed = false;
            _events.Enqueue(GroupReceiverEventKind.ManifestReady);
        }
    }

    private void OnDroplet(Instant now, GroupStream stream, ReadOnlySpan<byte> datagram)
    {
        if (!DropletMessage.TryParse(datagram, out var droplet, out var symbol) || droplet.Tag != stream.Version.Tag
            || symbol.Length != _blocks.SymbolSize)
        {
            return;
        }

        stream.OnDroplet(now);
        if (!_arrivals.OnDroplet(now, droplet.Sequence, datagram.Length))
        {
            return;
        }

        if (_arrivals.Droplets == LossKnownAfter)
        {
            _reports.OnLossKnown(now, stream.Announce.ReceiverCount);
        }

        if (_isOnUnicast || _wasCompleted || HasReportedEnd)
        {
            return;
        }

        if (BlockOf(stream, droplet.BlockNumber, now) is not { Phase: BlockPhase.Collecting } block)
        {
            return;
        }

        _blocks.CountDroplet();
        block.FirstEsi = block.ReceivedCount == 0 ? droplet.Esi : block.FirstEsi;
        block.NextEsi = Math.Max(block.NextEsi, droplet.Esi + 1);
        switch (_blocks.AddSymbol(_source, block, droplet.Esi, symbol))
        {
            case SymbolUse.Useful when block.CanDecode && block.ReceivedCount >= block.Need:
            case SymbolUse.Full:
                OnEnough(now, block);
                break;
            case SymbolUse.Wrong:
                OnWrong(block);
                break;
            default:
                break;
        }
    }

    /// <summary>Finds the block that a droplet is for, or opens it. When there is no room, one gives way whose turn is over, unless so much
    /// is lost that the new one would not be whole either when its turn is over.</summary>
    private CollectingBlock? BlockOf(GroupStream stream, uint number, Instant now)
    {
        if (_blocks.Find(number) is { } open)
        {
            return open;
        }

        if (number >= (uint)_blocks.Layout.BlockCount || _held.Has((int)number) || (_blocks.Room <= 0 && !MakeRoom(stream)))
        {
            return null;
        }

        _blocks.OpenBlock(now, (int)number);
        return _blocks.Find(number);
    }

    private bool MakeRoom(GroupStream stream)
    {
        if (_arrivals.IsLossy)
        {
            return false;
        }

        foreach (var block in _blocks.Open)
        {
            if (block.Index >= 0 && block.Phase == BlockPhase.Collecting && block.Index < stream.FirstBlock)
            {
                _blocks.PutBack(block);
                return true;
            }
        }

        return false;
    }

    private void OnEnough(Instant now, CollectingBlock block)
    {
        _blocks.MakeReady(block);
        if (block.Index >= 0)
        {
            return;
        }

        var work = _blocks.WorkOnManifest(block);
        if (!work.IsDecoded)
        {
            _blocks.GoOn(block);
            return;
        }

        if (!work.IsVerified)
        {
            OnWrong(block);
            return;
        }

        TakeManifest(now, work);
    }

    private void TakeManifest(Instant now, BlockWork work)
    {
        var stream = _stream!;
        var reading = Manifest.Parse(work.Bytes.Span, out var manifest);
        if (reading == ManifestReading.Read && manifest!.Layout == stream.Version.Layout && manifest.Code == stream.Version.Code.Name
            && manifest.Stamp == stream.Version.Stamp && !manifest.IsDeleted)
        {
            _blocks.Close(work.Block);
            _blocks.TakeManifest(manifest);
            _isManifestOwed = true;
            TellManifest();
            _reports.OnNews(now, stream.Announce.ReceiverCount);
            return;
        }

        // What was announced is not what the version is, or nothing that this program can take: somebody else's may be.
        Refuse(stream);
        if (reading is not (ManifestReading.Read or ManifestReading.Malformed))
        {
            End(GroupReceiverEndReason.NotUnderstood);
        }
    }

    /// <summary>A block has wrong bytes: somebody rains in the sender's name, or the sender lies.</summary>
    private void OnWrong(CollectingBlock block)
    {
        _wrongBlocks++;
        _blocks.Restart(block);
        if (_wrongBlocks < WrongBlocksMax)
        {
            return;
        }

        if (block.Index < 0)
        {
            Refuse(_stream!);
        }
        else if (_stream!.RainServer is not null)
        {
            TurnToUnicast(GroupUnicastReason.WrongBlocks);
        }
    }

    private void TurnToUnicast(GroupUnicastReason reason)
    {
        if (!_isOnUnicast && IsBelieved && _stream?.RainServer is not null)
        {
            _isOnUnicast = true;
            UnicastReason = reason;
            _needs.Clear();
            TellUnicast();
        }
    }

    /// <summary>The owner is told when no block of the group is at work any more, so that what is missing is known.</summary>
    private void TellUnicast()
    {
        if (_isOnUnicast && !_wasToldOfUnicast && _worksOut == 0 && !HasAll)
        {
            _wasToldOfUnicast = true;
            _events.Enqueue(GroupReceiverEventKind.TurnToUnicast);
        }
    }

    private void LookForSilence(Instant now, GroupStream stream)
    {
        if (now >= SilentAt && !IsBelieved)
        {
            Forget();
            return;
        }

        if (now >= SilentAt)
        {
            TurnToUnicast(now - stream.LastHeard < _options.SilenceTimeout ? GroupUnicastReason.Narrow : GroupUnicastReason.Silent);
        }

        if (now < LeftAt)
        {
            return;
        }

        if (HasReportedEnd)
        {
            End(_failure == GroupFailure.None ? GroupReceiverEndReason.Unacknowledged : GroupReceiverEndReason.Failed);
        }
        else if (_isManifestTold || IsShown(stream))
        {
            End(GroupReceiverEndReason.Incomplete);
        }
        else
        {
            // It was over before it was taken, or never was: another may come.
            Refuse(stream);
        }
    }

    private void CheckCompleted()
    {
        if (!_wasCompleted && _isManifestTold && HasAll && EndReason == GroupReceiverEndReason.None)
        {
            _wasCompleted = true;
            _needs.Clear();
            _events.Enqueue(GroupReceiverEventKind.Completed);
            _reports.OnNews(_now, _stream!.Announce.ReceiverCount);
        }
    }

    private void TellEnd(Instant now, GroupReceiverEndReason whenSilent)
    {
        if (_options.IsSilent || _stream is null)
        {
            End(whenSilent);
            return;
        }

        _reports.OnNews(now, _stream.Announce.ReceiverCount);
    }

    private void End(GroupReceiverEndReason reason)
    {
        if (EndReason == GroupReceiverEndReason.None)
        {
            EndReason = reason;
            _events.Enqueue(GroupReceiverEventKind.Ended);
        }
    }

    private ReportMessage Report(Instant now) => new()
    {
        State = (byte)State,
        Failure = (byte)_failure,
        BlockCount = (uint)_held.Count,

        // What it does not listen to is not lost.
        Loss = GroupMessage.ToShare(_isOnUnicast ? 0 : _arrivals.Loss),
        RecentLoss = !_isOnUnicast && _arrivals.RecentLoss(now) is { } loss ? GroupMessage.ToShare(loss) : ReportMessage.LossUnknown,
        KilobitsPerSecond = (uint)Math.Min(uint.MaxValue, _arrivals.RateBitsPerSecond / 1000),
        ReadBack = _readBack ?? default,
    };
}
