namespace PouringRain.Protocol.Grouping;

// Which stream is taken.
public sealed partial class GroupReceiver
{
    /// <summary>Between questions to a sender of which nothing is heard on the group.</summary>
    private static readonly TimeSpan AskEvery = TimeSpan.FromMilliseconds(500);

    /// <summary>How long a stream of which only announcements are heard is stuck to.</summary>
    private static readonly TimeSpan UnprovenFor = TimeSpan.FromMilliseconds(500);

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

        // Who announces another's id from elsewhere announces another stream.
        if (_stream is { } current && announce.StreamId == current.Id && from == current.Sender)
        {
            if (announce.Resource == current.Resource && announce.Offer.Version == current.Version.Version)
            {
                OnCurrent(now, current, announce);
            }

            return;
        }

        if (_refused == (announce.StreamId, from) || OfferedVersion.From(announce.Offer, code) is not { } offered)
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
            KeepRival(heard);
        }
    }

    /// <summary>One stream of each address: who announces many displaces his own.</summary>
    private void KeepRival(GroupStream heard)
    {
        for (var i = 0; i < _rivals.Length; i++)
        {
            if (_rivals[i]?.Sender == heard.Sender)
            {
                _rivals[i] = heard;
                return;
            }
        }

        _rivals[_nextRival++ % _rivals.Length] = heard;
    }

    /// <summary>Whether a stream has shown more than announcements, which cost nothing to forge: a droplet or an answer. Of what is sealed
    /// droplets too may be a recording.</summary>
    private bool IsShown(GroupStream stream) =>
        _reports.Token != 0 || (stream.HasRained && (!_options.IsSealed || _options.IsSilent));

    private bool IsUnproven(Instant now) =>
        _stream is { } stream && !IsShown(stream) && now - stream.FirstHeard >= UnprovenFor;

    private bool IsOfSameVersion(GroupStream other) =>
        other.Version.IsSameAs(_stream!.Version) && other.Resource == _stream.Resource;

    /// <summary>Another stream rains. It is taken when nothing comes of the one that is taken: the sender was started again, or there is
    /// another, or what was announced was forged.</summary>
    private void OnDropletOfAnother(Instant now, uint streamId, PeerAddress from)
    {
        // One that is over but for its receipts says no more than that it is there.
        if (_stream is not { } stream
            || (stream.HasRained && now - stream.LastHeard < (stream.Announce.IsLast ? _options.SilenceTimeout : RivalAfter)
                && !IsUnproven(now)))
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
        _hasAnswered = false;
        _isManifestOwed = false;
        GoOnWith(now, stream);
        _events.Enqueue(GroupReceiverEventKind.StreamFound);
    }

    private void GoOnWith(Instant now, GroupStream stream)
    {
        _stream = stream;

        // Perhaps the one before only said that there is a way by unicast.
        _isOnUnicast = false;
        UnicastReason = GroupUnicastReason.None;
        _wasToldOfUnicast = false;
        Array.Clear(_rivals);
        Remember(stream.RainServer);
        _source = new SymbolSource(stream.Sender);
        _arrivals.Restart();
        _needs.Clear();
        _reports.Begin(now);
        _crawl.Restart();
    }

    private void Refuse(GroupStream stream)
    {
        _refused = (stream.Id, stream.Sender);
        Forget();
    }

    private void Forget()
    {
        _blocks.Forget();
        _needs.Clear();
        _servers.Clear();
        _stream = null;
    }
}
