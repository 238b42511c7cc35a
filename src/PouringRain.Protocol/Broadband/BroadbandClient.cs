namespace PouringRain.Protocol.Broadband;

/// <summary>
/// Takes the stream of a "broadband" server. A server of old rewinds at every NACK, for everybody; a client of old sends one at every
/// datagram beyond what it wants. This one asks once a loss, and again only when a round trip has brought nothing.
/// </summary>
/// <remarks>Times given to it never go back. After <see cref="Handle"/>, and when <see cref="NextTimeout"/> has come,
/// <see cref="TryPollTransmit"/> is called until it is false.</remarks>
public sealed class BroadbandClient
{
    /// <summary>Datagrams beyond what is wanted after which it is taken for lost, not late: as in TCP.</summary>
    private const int BeyondCountMin = 3;

    /// <summary>Fewer of them show a loss too when nothing else comes for so long.</summary>
    private static readonly TimeSpan ReorderTime = TimeSpan.FromMilliseconds(5);

    private static readonly TimeSpan RepeatMin = TimeSpan.FromMilliseconds(2), RepeatMax = TimeSpan.FromMilliseconds(200);

    /// <summary>Until a round trip is measured.</summary>
    private static readonly TimeSpan RepeatAtFirst = TimeSpan.FromMilliseconds(50);

    /// <summary>A server that is silent is asked so often.</summary>
    private static readonly TimeSpan SilenceInterval = TimeSpan.FromSeconds(1);

    private readonly BroadbandClientOptions _options;
    private TimeSpan _repeat = RepeatAtFirst;
    private Instant _nextAsk = Instant.Never;
    private Instant _askedAt = Instant.Never;
    private Instant _heardAt = Instant.Never;
    private long _askedFor = -1;
    private int _beyond;

    /// <summary>Makes the client.</summary>
    public BroadbandClient(BroadbandClientOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
    }

    /// <summary>Bytes of the stream that are there, from its beginning: the offset that is wanted next.</summary>
    public long Position { get; private set; }

    /// <summary>The stream's length, once the server has told its end.</summary>
    public long? Length { get; private set; }

    /// <summary>Whether all is there.</summary>
    public bool IsComplete { get; private set; }

    /// <summary>Times that the server was asked.</summary>
    public long NackCount { get; private set; }

    /// <summary>Datagrams that were another's or none of the format.</summary>
    public long IgnoredCount { get; private set; }

    /// <summary>When <see cref="TryPollTransmit"/> or <see cref="IsLost"/> has something to say, if nothing comes before.</summary>
    public Instant NextTimeout =>
        IsComplete || _heardAt == Instant.Never ? Instant.Never : Instant.Min(_nextAsk, _heardAt + _options.SilenceMax);

    /// <summary>Whether the server has gone silent before its end.</summary>
    public bool IsLost(Instant now) => !IsComplete && _heardAt != Instant.Never && now - _heardAt >= _options.SilenceMax;

    /// <summary>Takes a datagram.</summary>
    /// <returns>What follows in the stream, a part of <paramref name="datagram"/>; empty when nothing new does.</returns>
    public ReadOnlySpan<byte> Handle(Instant now, PeerAddress from, ReadOnlySpan<byte> datagram)
    {
        if (!from.HasAddressOf(_options.Server) || !BroadbandFormat.TryParseData(datagram, out var offset, out var payload))
        {
            IgnoredCount++;
            return default;
        }

        _heardAt = now;
        if (payload.IsEmpty)
        {
            HandleEnd(now, offset);
            return default;
        }

        if (offset > Position)
        {
            Miss(now, isEnd: false);
            return default;
        }

        if (IsComplete || offset + payload.Length <= Position)
        {
            // Somebody else was further behind. To ask now would make a server of old skip what that one wants; it comes here by itself.
            _beyond = 0;
            _nextAsk = now + SilenceInterval;
            return default;
        }

        if (_askedFor == Position)
        {
            var sample = (now - _askedAt) * 1.5;
            _repeat = sample < _repeat ? sample : _repeat + ((sample - _repeat) / 8);
            _repeat = TimeSpan.FromTicks(Math.Clamp(_repeat.Ticks, RepeatMin.Ticks, RepeatMax.Ticks));
        }

        var fresh = payload[(int)(Position - offset)..];
        Position += fresh.Length;
        _beyond = 0;
        _nextAsk = now + SilenceInterval;
        return fresh;
    }

    /// <summary>Gives a NACK that is to be sent now.</summary>
    /// <param name="now">The time.</param>
    /// <param name="buffer">At least 8 bytes.</param>
    /// <param name="transmit">What was written.</param>
    public bool TryPollTransmit(Instant now, Span<byte> buffer, out Transmit transmit)
    {
        transmit = default;
        if (IsComplete || now < _nextAsk)
        {
            return false;
        }

        _askedFor = Position;
        _askedAt = now;
        _nextAsk = now + SilenceInterval;
        _beyond = 0;
        NackCount++;
        BroadbandFormat.WriteOffset(Position, buffer);
        transmit = new Transmit(_options.Server, BroadbandFormat.HeaderBytes, BroadbandFormat.HeaderBytes);
        return true;
    }

    private void HandleEnd(Instant now, long offset)
    {
        if (offset < Position)
        {
            // It contradicts what came before.
            IgnoredCount++;
            return;
        }

        Length = offset;
        IsComplete = offset == Position;
        if (!IsComplete)
        {
            Miss(now, isEnd: true);
        }
    }

    /// <summary>Something came that lies beyond what is wanted.</summary>
    private void Miss(Instant now, bool isEnd)
    {
        _beyond++;
        var due = isEnd || _beyond >= BeyondCountMin ? now : now + ReorderTime;
        if (_askedFor == Position)
        {
            due = Instant.Max(due, _askedAt + _repeat);
        }

        _nextAsk = Instant.Min(_nextAsk, due);
    }
}
