namespace PouringRain.Protocol.Broadband;

/// <summary>
/// Streams to a group of "broadband" clients. Where the server of old rewinds the whole stream at every NACK, this one repairs the client
/// that lost a datagram, alone, and lets the group go on. Where several have lost some at once the stream goes back for all of them, once:
/// each would have to be sent all that the group is sent meanwhile, and none would catch up. Who is far behind waits for the end of the
/// round, after which all that are left are sent another one from where the first of them is.
/// </summary>
/// <remarks>Times given to it never go back. After <see cref="Handle"/>, and when <see cref="NextTimeout"/> has come,
/// <see cref="TryPollTransmit"/> is called until it is false. Clients are never waited for longer than they ask.</remarks>
public sealed class BroadbandServer
{
    /// <summary>Of IPv4 and UDP.</summary>
    private const int HeaderBytes = 28;

    /// <summary>Datagrams of one burst; with 1408 bytes each less than one send call takes.</summary>
    private const int BurstCountMax = 32;

    /// <summary>A burst lasts at most so long at the rate, which the queues of switches
    /// hold; and what goes out while a NACK is on its way must be sent again.</summary>
    private static readonly TimeSpan BurstMax = TimeSpan.FromMilliseconds(0.5);

    /// <summary>Late timers are made good up to this much.</summary>
    private static readonly TimeSpan CatchUp = TimeSpan.FromMilliseconds(5);

    /// <summary>A client that was not heard for so long has gone, or has what it wants: it asks at every datagram otherwise.</summary>
    private static readonly TimeSpan ReaderLifetime = TimeSpan.FromSeconds(3);

    /// <summary>How long the answers to END are collected before another round is begun for several clients.</summary>
    private static readonly TimeSpan CollectTime = TimeSpan.FromMilliseconds(100);

    private readonly BroadbandServerOptions _options;
    private readonly IByteSource _source;
    private readonly long _length;
    private readonly int _burstCount;
    private readonly Dictionary<PeerAddress, BroadbandReader> _readers = [];
    private readonly Queue<BroadbandReader> _repairs = new();
    private readonly Instant _startedAt;
    private BroadbandPhase _phase;
    private long _position, _furthest;
    private long _rewoundBytes;
    private long _repairedBytes, _sentBytes, _rewinds, _ignored;
    private int _round = 1, _clientCount;
    private double _groupCredit;
    private Instant _paidAt;
    private Instant _nextEnd;
    private Instant _endedAt;
    private Instant _askedAt;

    /// <summary>Makes the server.</summary>
    /// <param name="options">To whom, how fast.</param>
    /// <param name="source">What.</param>
    /// <param name="now">When it begins.</param>
    /// <exception cref="ArgumentOutOfRangeException">The rate is not positive.</exception>
    public BroadbandServer(BroadbandServerOptions options, IByteSource source, Instant now)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(source);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.RateBytesPerSecond);
        _options = options;
        _source = source;
        _length = source.Length;
        _burstCount = (int)Math.Clamp(
            options.RateBytesPerSecond * BurstMax.TotalSeconds / (BroadbandFormat.DatagramBytesMax + HeaderBytes), 1, BurstCountMax);
        _startedAt = _paidAt = _nextEnd = _askedAt = now;
        _phase = options.WaitCount > 0 ? BroadbandPhase.Waiting : BroadbandPhase.Streaming;
    }

    /// <summary>What it does.</summary>
    public BroadbandPhase Phase => _phase;

    /// <summary>When <see cref="TryPollTransmit"/> has something to do, if nothing comes before.</summary>
    public Instant NextTimeout => _phase switch
    {
        BroadbandPhase.Done => Instant.Never,
        BroadbandPhase.Streaming => _paidAt,
        _ when _repairs.Count > 0 => _paidAt,
        BroadbandPhase.Waiting => Instant.Max(_paidAt, Instant.Min(_nextEnd, _startedAt + _options.WaitMax)),
        _ => Instant.Max(
            _paidAt, Instant.Min(_nextEnd, Instant.Min(_endedAt + CollectTime, _askedAt + _options.EndDuration))),
    };

    /// <summary>What was done.</summary>
    public BroadbandServerFigures GetFigures(Instant now) => new(
        _phase, _position, _round, _sentBytes, _repairedBytes, _clientCount, _readers.Values.Count(reader => IsThere(reader, now)),
        _rewinds, _ignored);

    /// <summary>Takes what came to the server's port.</summary>
    public void Handle(Instant now, PeerAddress from, ReadOnlySpan<byte> datagram)
    {
        if (!BroadbandFormat.TryParseNack(datagram, out var offset) || offset > _length || !_options.Allows(from)
            || FindOrAdd(now, from) is not { } reader || reader.IsLeft(_options.RoundCountMax)
            || reader.RepairedBytes / Math.Max(1, _length) > _options.RoundCountMax)
        {
            _ignored++;
            return;
        }

        _askedAt = now;
        var mayRewind = reader.Note(now, offset);
        reader.IsToldEnd |= offset == _length && _phase == BroadbandPhase.Ending;
        if (mayRewind && offset < _position && _phase != BroadbandPhase.Waiting
            && (MayRepair(reader) || (reader.IsRepairing && _phase == BroadbandPhase.Ending)))
        {
            reader.Rewind();
            _rewinds++;
        }

        if ((reader.IsRepairing || reader.IsToldEnd) && !reader.IsQueued)
        {
            reader.IsQueued = true;
            _repairs.Enqueue(reader);
        }
    }

    /// <summary>Gives what is to be sent now.</summary>
    /// <param name="now">The time.</param>
    /// <param name="buffer">At least 64 KiB.</param>
    /// <param name="transmit">What was written.</param>
    public bool TryPollTransmit(Instant now, Span<byte> buffer, out Transmit transmit)
    {
        transmit = default;
        Turn(now);
        if (_phase == BroadbandPhase.Done || now < _paidAt)
        {
            return false;
        }

        GoBack(now);
        if (!TryWriteRepair(now, buffer, out transmit) && !TryWriteStream(buffer, out transmit) && !TryWriteEnd(now, buffer, out transmit))
        {
            return false;
        }

        var count = (transmit.Length + transmit.SegmentSize - 1) / transmit.SegmentSize;
        var bytes = transmit.Length + (count * HeaderBytes);
        _sentBytes += bytes;
        _paidAt = Instant.Max(_paidAt, now - CatchUp) + TimeSpan.FromSeconds((double)bytes / _options.RateBytesPerSecond);
        return true;
    }

    /// <summary>From one phase to the next.</summary>
    private void Turn(Instant now)
    {
        if (_phase == BroadbandPhase.Waiting
            && (_clientCount >= _options.WaitCount || now >= _startedAt + _options.WaitMax))
        {
            _phase = BroadbandPhase.Streaming;
        }

        if (_phase == BroadbandPhase.Streaming && _position == _length)
        {
            _phase = BroadbandPhase.Ending;
            _endedAt = _nextEnd = now;
            _askedAt = Instant.Max(_askedAt, now);
        }
        else if (_phase == BroadbandPhase.Ending && now >= _askedAt + _options.EndDuration)
        {
            _phase = BroadbandPhase.Done;
        }
        else if (_phase == BroadbandPhase.Ending && now >= _endedAt + CollectTime)
        {
            TurnBack(now);
        }
    }

    /// <summary>Another round where several are far behind; one alone is repaired alone.</summary>
    private void TurnBack(Instant now)
    {
        var first = long.MaxValue;
        var count = 0;
        BroadbandReader? far = null;
        foreach (var reader in _readers.Values)
        {
            // What it said before it was told the end may have come to it since.
            if (reader.HeardAt >= _endedAt && !reader.IsRepairing && reader.Wanted < _length - _options.NearBytes)
            {
                count++;
                first = Math.Min(first, reader.Wanted);
                far = reader;
            }
        }

        _endedAt = now;
        if (count > 1 && _round < _options.RoundCountMax)
        {
            _round++;
            _position = first;
            _phase = BroadbandPhase.Streaming;
        }
        else if (far is not null)
        {
            far.Rewind();
            far.IsQueued = true;
            _repairs.Enqueue(far);
            _rewinds++;
        }
    }

    /// <summary>The stream goes back when several are to be repaired, unless it has done so too often for what it got on.</summary>
    private void GoBack(Instant now)
    {
        if (_repairs.Count < 2 || _phase == BroadbandPhase.Waiting)
        {
            return;
        }

        var first = _position;
        var count = 0;
        foreach (var reader in _repairs)
        {
            if (reader.IsRepairing && reader.Next < _position && MayRepair(reader))
            {
                first = Math.Min(first, reader.Next);
                count++;
            }
        }

        if (count < 2 || _rewoundBytes + _position - first > (_options.RewindShareMax * _furthest) + _options.NearBytes)
        {
            return;
        }

        foreach (var reader in _repairs)
        {
            if (reader.IsRepairing && reader.Next >= first)
            {
                reader.OnGroupRewound(now);
            }
        }

        _rewoundBytes += _position - first;
        _position = first;
        _phase = BroadbandPhase.Streaming;
    }

    private bool TryWriteRepair(Instant now, Span<byte> buffer, out Transmit transmit)
    {
        transmit = default;
        var isEnding = _phase == BroadbandPhase.Ending;
        if (_phase == BroadbandPhase.Waiting || (!isEnding && _groupCredit >= _burstCount * BroadbandFormat.DatagramBytesMax))
        {
            return false;
        }

        while (_repairs.TryDequeue(out var reader))
        {
            reader.IsQueued = false;
            if (reader.IsRepairing && reader.Next < _position && (isEnding || MayRepair(reader)))
            {
                transmit = Write(buffer, reader.Peer, reader.Next, out var taken);
                reader.OnSent(now, taken);
                _repairedBytes += taken;
                _groupCredit += isEnding ? 0 : transmit.Length * (1 - _options.RepairShare) / _options.RepairShare;
                reader.IsRepairing = reader.Next < _position;
                reader.IsToldEnd = isEnding && !reader.IsRepairing;
                reader.IsQueued = reader.IsRepairing || reader.IsToldEnd;
                if (reader.IsQueued)
                {
                    _repairs.Enqueue(reader);
                }

                return true;
            }

            reader.IsRepairing = false;
            if (reader.IsToldEnd && isEnding)
            {
                // What of its repair was lost shows at once, not at the next END to all.
                reader.IsToldEnd = false;
                transmit = WriteEnd(buffer, reader.Peer);
                return true;
            }
        }

        return false;
    }

    private bool TryWriteStream(Span<byte> buffer, out Transmit transmit)
    {
        transmit = default;
        if (_phase != BroadbandPhase.Streaming)
        {
            return false;
        }

        transmit = Write(buffer, _options.Group, _position, out var taken);
        _position += taken;
        _furthest = Math.Max(_furthest, _position);
        _groupCredit = Math.Max(0, _groupCredit - transmit.Length);
        return true;
    }

    /// <summary>To all: at the end, and to make clients show themselves before the beginning, which they do by asking for it.</summary>
    private bool TryWriteEnd(Instant now, Span<byte> buffer, out Transmit transmit)
    {
        transmit = default;
        if (now < _nextEnd)
        {
            return false;
        }

        _nextEnd = now + _options.EndInterval;
        transmit = WriteEnd(buffer, _options.Group);
        return true;
    }

    private Transmit WriteEnd(Span<byte> buffer, PeerAddress to)
    {
        BroadbandFormat.WriteOffset(_length, buffer);
        return new Transmit(to, BroadbandFormat.HeaderBytes, BroadbandFormat.HeaderBytes);
    }

    private Transmit Write(Span<byte> buffer, PeerAddress to, long offset, out int taken)
    {
        var end = Math.Min(offset + ((long)_burstCount * BroadbandFormat.PayloadBytesMax), _length);
        var length = 0;
        for (var at = offset; at < end; at += BroadbandFormat.PayloadBytesMax)
        {
            var payloadBytes = (int)Math.Min(BroadbandFormat.PayloadBytesMax, end - at);
            BroadbandFormat.WriteOffset(at, buffer[length..]);
            _source.Read(at, buffer.Slice(length + BroadbandFormat.HeaderBytes, payloadBytes));
            length += BroadbandFormat.HeaderBytes + payloadBytes;
        }

        taken = (int)(end - offset);
        return new Transmit(to, length, Math.Min(length, BroadbandFormat.DatagramBytesMax));
    }

    /// <summary>Whether a client is near enough to be repaired at once.</summary>
    private bool MayRepair(BroadbandReader reader) =>
        Math.Max(reader.Wanted, reader.IsRepairing ? reader.Next : 0) >= _position - _options.NearBytes;

    private static bool IsThere(BroadbandReader reader, Instant now) => now - reader.HeardAt < ReaderLifetime;

    private BroadbandReader? FindOrAdd(Instant now, PeerAddress from)
    {
        if (_readers.TryGetValue(from, out var reader))
        {
            return reader;
        }

        if (_readers.Count >= _options.ClientCountMax)
        {
            foreach (var (peer, other) in _readers)
            {
                // One that is queued would be found in the queue, where it is known by itself.
                if (!IsThere(other, now) && !other.IsQueued)
                {
                    _readers.Remove(peer);
                }
            }

            if (_readers.Count >= _options.ClientCountMax)
            {
                return null;
            }
        }

        reader = new BroadbandReader(from);
        _readers.Add(from, reader);
        _clientCount++;
        return reader;
    }
}
