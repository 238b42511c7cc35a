namespace PouringRain.Protocol.Grouping;

// The stream: which is taken, what comes of it, when it is silent.
public sealed partial class GroupReceiver
{
    /// <summary>After a sender has said that it leaves; somebody else may have said it in its name.</summary>
    private static readonly TimeSpan LeaveAfter = TimeSpan.FromSeconds(1);

    /// <summary>Between questions to a sender of which nothing is heard on the group.</summary>
    private static readonly TimeSpan AskEvery = TimeSpan.FromMilliseconds(500);

    /// <summary>How long a stream of which only announcements are heard is stuck to.</summary>
    private static readonly TimeSpan UnprovenFor = TimeSpan.FromMilliseconds(500);

    private bool HasAll => Manifest is not null && _held.Count == _blocks.Layout.BlockCount;

    private Instant SilentAt =>
        _stream is { } stream && !_isOnUnicast && !HasAll && stream.RainServer is not null ? stream.LastHeard + _options.SilenceTimeout
            : Instant.Never;

    private Instant LeftAt =>
        _stream is { } stream && stream.EndedAt != Instant.Never && (HasReportedEnd || (!HasAll && stream.RainServer is null))
            ? stream.EndedAt + LeaveAfter : Instant.Never;

    private bool HasReportedEnd => _readBack is not null || _failure != GroupFailure.None;

    /// <summary>Asks the sender what it rains: a report under no stream's id, which it answers with an announcement.</summary>
    private bool TryAsk(Instant now, Span<byte> buffer, out Transmit transmit)
    {
        transmit = default;
        if (now < _askAt)
        {
            return false;
        }

        _askAt = now + AskEvery;
        var length = new ReportMessage { Identity = _options.Identity }.Write(buffer);
        transmit = new Transmit(_options.Sender!.Value, length, length);
        return true;
    }

    private void OnAnnounce(Instant now, PeerAddress from, ReadOnlySpan<byte> datagram)
    {
        if (!AnnounceMessage.TryParse(datagram, out var announce, out var code)
            || (_options.Resource is { } resource && announce.Resource != resource)
            || (_options.Version is { } version && announce.Offer.Version != version)
            || (_options.Sender is { } sender && from != sender))
        {
            return;
        }

        if (_stream is { } current && announce.StreamId == current.Id)
        {
            if (from == current.Sender && announce.Resource == current.Resource && announce.Offer.Version == current.Version.Version)
            {
                OnCurrent(now, current, announce);
            }

            return;
        }

        if (announce.StreamId == _refusedStream || OfferedVersion.From(announce.Offer, code) is not { } offered)
        {
            return;
        }

        var heard = new GroupStream(now, from, announce, offered);
        if (_stream is null)
        {
            Begin(now, heard);
            return;
        }

        if (IsOfSameVersion(heard))
        {
            Remember(heard.RainServer);
        }

        if (IsUnproven(now))
        {
            TakeInstead(now, heard);
        }
        else
        {
            _rivals[_nextRival++ % _rivals.Length] = heard;
        }
    }

    /// <summary>Whether the stream that is taken has shown nothing but announcements, which cost nothing to forge: neither a droplet nor an
    /// answer.</summary>
    private bool IsUnproven(Instant now) =>
        _stream is { HasRained: false } stream && _reports.Token == 0 && now - stream.FirstHeard >= UnprovenFor;

    private bool IsOfSameVersion(GroupStream other) =>
        other.Version.IsSameAs(_stream!.Version) && other.Resource == _stream.Resource;

    /// <summary>Another stream rains. It is taken when nothing comes of the one that is taken: the sender was started again, or there is
    /// another, or what was announced was forged.</summary>
    private void OnDropletOfAnother(Instant now, uint streamId, PeerAddress from)
    {
        if (_stream is not { } stream || (stream.HasRained && now - stream.LastHeard < RivalAfter))
        {
            return;
        }

        foreach (var rival in _rivals)
        {
            if (rival is not null && rival.Id == streamId && rival.Sender == from)
            {
                TakeInstead(now, rival);
                return;
            }
        }
    }

    private void TakeInstead(Instant now, GroupStream other)
    {
        if (IsOfSameVersion(other))
        {
            // Symbols are the same.
            GoOnWith(now, other);
        }
        else if (!_isManifestTold)
        {
            _servers.Clear();
            Begin(now, other);
        }
    }

    private void Remember(PeerAddress? server)
    {
        if (server is { } known && _servers.Count < ServersMax && !_servers.Contains(known))
        {
            _servers.Add(known);
        }
    }

    private void Begin(Instant now, GroupStream stream)
    {
        _blocks.Begin(stream.Version);
        _held.Begin(stream.Version);
        _wrongBlocks = 0;
        GoOnWith(now, stream);
        _events.Enqueue(GroupReceiverEventKind.StreamFound);
    }

    private void GoOnWith(Instant now, GroupStream stream)
    {
        _stream = stream;

        // Perhaps the one before only said that there is a way by unicast.
        _isOnUnicast = false;
        _wasToldOfUnicast = false;
        Array.Clear(_rivals);
        Remember(stream.RainServer);
        _source = new SymbolSource(stream.Sender);
        _arrivals.Restart();
        _needs.Clear();
        _reports.Begin(now);
    }

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
            TurnToUnicast();
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
            if (_reports.IsNoted && State is GroupReceiverState.Done or GroupReceiverState.Failed)
            {
                End(_failure == GroupFailure.None ? GroupReceiverEndReason.Completed : GroupReceiverEndReason.Failed);
            }
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
            _events.Enqueue(GroupReceiverEventKind.ManifestReady);
            _reports.OnNews(now, stream.Announce.ReceiverCount);
            return;
        }

        // What was announced is not what the version is, or nothing that this program can take: somebody else's may be.
        Forget(stream);
        if (reading is not (ManifestReading.Read or ManifestReading.Malformed))
        {
            End(GroupReceiverEndReason.NotUnderstood);
        }
    }

    private void Forget(GroupStream stream)
    {
        _refusedStream = stream.Id;
        _blocks.Forget();
        _needs.Clear();
        _servers.Clear();
        _stream = null;
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
            Forget(_stream!);
        }
        else if (_stream!.RainServer is not null)
        {
            TurnToUnicast();
        }
    }

    private void TurnToUnicast()
    {
        if (!_isOnUnicast && _stream?.RainServer is not null)
        {
            _isOnUnicast = true;
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

    private void LookForSilence(Instant now)
    {
        if (now >= SilentAt)
        {
            TurnToUnicast();
        }

        if (now < LeftAt)
        {
            return;
        }

        if (HasReportedEnd)
        {
            End(_failure == GroupFailure.None ? GroupReceiverEndReason.Unacknowledged : GroupReceiverEndReason.Failed);
        }
        else
        {
            End(GroupReceiverEndReason.Incomplete);
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
        Loss = GroupMessage.ToShare(_arrivals.Loss),
        RecentLoss = _arrivals.RecentLoss(now) is { } loss ? GroupMessage.ToShare(loss) : ReportMessage.LossUnknown,
        KilobitsPerSecond = (uint)Math.Min(uint.MaxValue, _arrivals.RateBitsPerSecond / 1000),
        ReadBack = _readBack ?? default,
    };
}
