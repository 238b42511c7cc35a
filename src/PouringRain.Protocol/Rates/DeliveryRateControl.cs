namespace PouringRain.Protocol;

/// <summary>
/// Rate control by measured delivery, after BBR (Cardwell, Cheng, Gunn, Yeganeh and Jacobson, "BBR: Congestion-Based Congestion
/// Control", 2016), run by the receiver: the bandwidth is the greatest delivery rate of the last ten rounds, the propagation time
/// the least round trip of the last ten seconds, and the grant is a gain times the bandwidth.
/// <list type="number">
/// <item>Start-up: gain 2.77 until the bandwidth stops growing by a quarter for three rounds, or droplets come slower than
/// they were sent while a queue shows.</item>
/// <item>Drain: gain 0.5 until the round trip is near the least again.</item>
/// <item>Then a cycle: some rounds at 1, one at 1.25 and an equal amount for all flows to find more, then 0.8 until the queue that this
/// made is gone. Every ten seconds, or three where there is loss, two rounds at half the rate find the least round trip anew.</item>
/// </list>
/// Loss does not lower the rate: what is lost while sending below the bandwidth and without a queue is added to the delivered rate. A real
/// decrease shows as two rounds that deliver much less while the round trip or the loss grows: then older maxima are forgotten.
/// </summary>
internal sealed class DeliveryRateControl : IRateControl
{
    private const int WindowRounds = 10, InitialDroplets = 32, EpochDropletsMin = 8, CruiseRounds = 6, UpDroplets = 16, StretchedEpochsMax = 2;
    private const double StartupGain = 2.77, DrainGain = 0.5, UpGain = 1.25, DownGain = 0.8, CrowdedGain = 0.9, LossMax = 0.3;
    private const long Millisecond = 1_000_000, Second = 1_000_000_000, LatenessAllowed = 10 * Millisecond;
    private static readonly TimeSpan UnknownRoundTrip = TimeSpan.FromMilliseconds(40);

    private readonly int _dropletBytes;
    private readonly long[] _maxima = new long[WindowRounds];
    private int _slot;
    private Phase _phase;
    private int _phaseRounds;
    private double _gain = StartupGain;
    private long _initialRate;

    private long _least, _leastAt, _refreshedAt, _smoothed, _latest, _roundLeast = long.MaxValue, _refreshLeast = long.MaxValue;
    private long _interval = 2 * Millisecond;

    private bool _isEpochOpen;
    private long _epochStart, _epochBytes;
    private uint _epochServerTime;
    private int _epochDroplets, _stretchedEpochs;

    private long _roundEnd, _roundBest, _roundBestBefore, _roundExpected, _roundReceived;
    private bool _isLimited, _wasLimitedInRound;
    private long _fullBandwidth;
    private int _fullRounds, _shrinkRounds;
    private double _randomLoss;

    public DeliveryRateControl(int dropletBytes, PathMemory memory)
    {
        _dropletBytes = dropletBytes;
        if (memory.RoundTrip > TimeSpan.Zero)
        {
            _smoothed = memory.RoundTrip.Ticks * 100;
        }

        SetInitialRate(memory.RateBytesPerSecond / 2);
    }

    private enum Phase
    {
        Startup,
        Drain,
        Cruise,
        Up,
        Down,
        Refresh,
    }

    public long BandwidthBytesPerSecond { get; private set; }

    public TimeSpan RoundTripMin => new(_least / 100);

    public TimeSpan RoundTrip => new(_smoothed / 100);

    public double LossRatio { get; private set; }

    public long RateBytesPerSecond
    {
        get
        {
            var floor = Math.Max(8_000, 4 * _dropletBytes * (double)Second / Math.Max(_smoothed, 4 * Millisecond));
            if (BandwidthBytesPerSecond == 0)
            {
                return (long)Math.Max(floor, _initialRate);
            }

            // Where a queue stands, loss may be its overflow: then nothing is made up for.
            var gain = _phase == Phase.Cruise && IsQueueing(1.5) ? CrowdedGain : _gain;
            var rate = gain * BandwidthBytesPerSecond / (IsQueueing(1.25) ? 1 : 1 - _randomLoss);
            if (_phase == Phase.Startup)
            {
                rate = Math.Max(rate, _initialRate);
            }
            else if (_phase == Phase.Up)
            {
                // The same for all, so that a small flow gains more in proportion and shares even out.
                rate += UpDroplets * _dropletBytes * ((double)Second / Math.Max(_smoothed, 10 * Millisecond));
            }

            return (long)Math.Min(Math.Max(rate, floor), uint.MaxValue);
        }
    }

    public long InFlightBytesMax
    {
        get
        {
            // Two bandwidth-delay products, and what late timers and bursts need; pacing, not this, is what keeps the queue short.
            var roundTrip = Math.Max(_least > 0 ? _least : _smoothed, Millisecond);
            var time = (2 * (roundTrip + _interval)) + LatenessAllowed;
            var rate = BandwidthBytesPerSecond == 0 ? RateBytesPerSecond : BandwidthBytesPerSecond / (1 - _randomLoss);
            return (long)(rate * ((double)time / Second)) + (InitialDroplets * _dropletBytes);
        }
    }

    public void OnDroplet(Instant now, uint serverTime, int bytes)
    {
        _isLimited = false;
        if (!_isEpochOpen)
        {
            OpenEpoch(now, serverTime);
            return;
        }

        _epochBytes += bytes;
        _epochDroplets++;
        var elapsed = now.Nanoseconds - _epochStart;
        if (_epochDroplets < EpochDropletsMin || elapsed < Math.Clamp(_smoothed / (_phase == Phase.Startup ? 4 : 2), 4 * Millisecond, 100 * Millisecond))
        {
            return;
        }

        // A burst that was held up somewhere comes faster than it was sent: the slower of the two counts (BBR, "delivery rate estimation").
        var sent = ((serverTime - _epochServerTime) & 0xFF_FFFF) * 1000L;
        if (sent < 8 * Second && elapsed < 8 * Second)
        {
            // Droplets that come slower than they were sent pile up somewhere: the pipe is full.
            _stretchedEpochs = elapsed > sent + (sent / 5) && IsQueueing(1.25) ? _stretchedEpochs + 1 : 0;
            elapsed = Math.Max(elapsed, sent);
        }

        AddSample((long)(_epochBytes * ((double)Second / elapsed)));
        OpenEpoch(now, serverTime);
    }

    public void OnRoundTrip(Instant now, TimeSpan roundTrip)
    {
        var sample = Math.Max(roundTrip.Ticks * 100, 1000);
        var isFirst = _least == 0;
        _smoothed = isFirst ? sample : _smoothed + ((sample - _smoothed) / 8);
        _latest = sample;
        _roundLeast = Math.Min(_roundLeast, sample);
        _refreshLeast = Math.Min(_refreshLeast, sample);
        if (isFirst || sample <= _least)
        {
            _least = sample;
            _leastAt = now.Nanoseconds;
        }
        else if (sample <= _least + (_least / 20))
        {
            _leastAt = now.Nanoseconds;
        }

        if (isFirst)
        {
            _refreshedAt = now.Nanoseconds - (2 * Second);
        }

        if (isFirst && BandwidthBytesPerSecond == 0)
        {
            SetInitialRate(_initialRate);
        }
    }

    public void OnDry()
    {
        _isLimited = true;
        _wasLimitedInRound = true;
        _isEpochOpen = false;
    }

    public void OnGrant(Instant now, long expected, long received, TimeSpan grantInterval)
    {
        _interval = grantInterval.Ticks * 100;
        _roundExpected += expected;
        _roundReceived += received;
        if (expected > 0)
        {
            LossRatio += (Math.Clamp(1 - ((double)received / expected), 0, 1) - LossRatio) * Math.Min(1, expected / 500.0);
        }

        if (_phase == Phase.Startup && _stretchedEpochs >= StretchedEpochsMax)
        {
            Enter(Phase.Drain, DrainGain);
        }

        if (now.Nanoseconds >= _roundEnd)
        {
            EndRound(now);
        }
        else if (_phase == Phase.Up && IsQueueing(2))
        {
            Enter(Phase.Down, DownGain);
        }
        else if (_phase is Phase.Down or Phase.Drain && _phaseRounds >= RoundsBelow && !IsQueueing(1.05))
        {
            Enter(Phase.Cruise, 1);
        }
    }

    public void Restart(Instant now)
    {
        Array.Clear(_maxima);
        _initialRate = 0;
        SetInitialRate(BandwidthBytesPerSecond / 4);
        BandwidthBytesPerSecond = 0;
        _fullBandwidth = 0;
        _fullRounds = 0;
        _isEpochOpen = false;
        _roundEnd = 0;
        Enter(Phase.Startup, StartupGain);
    }

    private void SetInitialRate(long rate)
    {
        var roundTrip = Math.Max(_smoothed > 0 ? _smoothed : UnknownRoundTrip.Ticks * 100, Millisecond);
        _initialRate = Math.Max(rate, (long)(InitialDroplets * _dropletBytes * ((double)Second / roundTrip)));
    }

    private void OpenEpoch(Instant now, uint serverTime)
    {
        _isEpochOpen = true;
        _epochStart = now.Nanoseconds;
        _epochServerTime = serverTime;
        _epochBytes = 0;
        _epochDroplets = 0;
    }

    private void AddSample(long rate)
    {
        _roundBest = Math.Max(_roundBest, rate);
        if (rate > _maxima[_slot])
        {
            _maxima[_slot] = rate;
        }

        BandwidthBytesPerSecond = Math.Max(BandwidthBytesPerSecond, rate);
    }

    private void EndRound(Instant now)
    {
        var isLimited = _isLimited || _wasLimitedInRound || _roundBest == 0;
        var loss = _roundExpected > 0 ? Math.Clamp(1 - ((double)_roundReceived / _roundExpected), 0, 1) : 0;
        if (_phase is Phase.Down or Phase.Drain or Phase.Refresh && _phaseRounds >= 1 && _roundExpected > 0)
        {
            // Sent at less than the path carries, and a round trip after that began: what is lost now is not lost to a full queue.
            var random = IsQueueing(1.25) ? 0 : Math.Min(loss, LossMax);
            _randomLoss += (random - _randomLoss) * Math.Min(0.5, _roundExpected / 200.0);
        }

        if (!isLimited)
        {
            ForgetIfShrunk(loss);
            _slot = (_slot + 1) % WindowRounds;
            _maxima[_slot] = 0;
            BandwidthBytesPerSecond = Math.Max(_maxima.Max(), _roundBest);
        }

        Step(now, isLimited);
        _phaseRounds++;
        _roundBestBefore = _roundBest;
        _roundBest = 0;
        _roundExpected = 0;
        _roundReceived = 0;
        _roundLeast = long.MaxValue;
        _wasLimitedInRound = _isLimited;
        _roundEnd = now.Nanoseconds + Math.Max(_smoothed + _interval, 4 * Millisecond);
    }

    private void ForgetIfShrunk(double loss)
    {
        var isQueueing = _roundLeast != long.MaxValue && _roundLeast > (_least * 5 / 4) + (2 * Millisecond);
        if (_phase is Phase.Startup or Phase.Refresh || _roundBest > BandwidthBytesPerSecond * 0.7 || !(isQueueing || loss > _randomLoss + 0.1))
        {
            _shrinkRounds = 0;
            return;
        }

        if (++_shrinkRounds >= 2)
        {
            Array.Clear(_maxima);
            _maxima[_slot] = Math.Max(_roundBest, _roundBestBefore);
            _shrinkRounds = 0;
            Enter(Phase.Drain, DrainGain);
        }
    }

    private void Step(Instant now, bool isLimited)
    {
        switch (_phase)
        {
            case Phase.Startup:
                if (isLimited)
                {
                    break;
                }

                if (BandwidthBytesPerSecond >= _fullBandwidth * 1.25)
                {
                    _fullBandwidth = BandwidthBytesPerSecond;
                    _fullRounds = 0;
                }
                else if (++_fullRounds >= 3 || IsQueueing(2))
                {
                    Enter(Phase.Drain, DrainGain);
                }

                break;
            case Phase.Drain or Phase.Down when _phaseRounds >= 3 || (_phaseRounds >= RoundsBelow && !IsQueueing(1.05)):
                Enter(Phase.Cruise, 1);
                break;
            case Phase.Cruise when now.Nanoseconds - _leastAt > 10 * Second:
            // A flow that began in a full queue takes it for the path: where there is loss, it looks again sooner.
            case Phase.Cruise when LossRatio > 0.01 && now.Nanoseconds - _refreshedAt > 3 * Second:
                _refreshLeast = long.MaxValue;
                _refreshedAt = now.Nanoseconds;
                Enter(Phase.Refresh, DrainGain);
                break;
            case Phase.Cruise when _phaseRounds >= CruiseRounds && !isLimited:
                Enter(Phase.Up, UpGain);
                break;
            case Phase.Up when _phaseRounds >= 1:
                Enter(Phase.Down, DownGain);
                break;
            case Phase.Refresh when _phaseRounds >= 2:
                if (_refreshLeast != long.MaxValue && now.Nanoseconds - _leastAt > 10 * Second)
                {
                    _least = _refreshLeast;
                    _leastAt = now.Nanoseconds;
                }

                Enter(Phase.Cruise, 1);
                break;
            default:
                break;
        }
    }

    /// <summary>Rounds to stay below the bandwidth: where there is loss, long enough to see how much of it is not of our making.</summary>
    private int RoundsBelow => LossRatio > 0.005 ? 2 : 1;

    private bool IsQueueing(double factor) => _latest > (long)(_least * factor) + Millisecond;

    private void Enter(Phase phase, double gain)
    {
        _phase = phase;
        _gain = gain;
        _phaseRounds = 0;
    }
}
