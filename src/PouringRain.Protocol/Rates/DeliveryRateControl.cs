namespace PouringRain.Protocol;

/// <summary>
/// Rate control by measured delivery, after BBR (Cardwell, Cheng, Gunn, Yeganeh and Jacobson, "BBR: Congestion-Based Congestion
/// Control", 2016), run by the receiver: the bandwidth is the greatest delivery rate of the last ten rounds, the propagation time
/// the least round trip of the last ten seconds, and the grant is a gain times the bandwidth.
/// <list type="number">
/// <item>Start-up: gain 2.77 until the bandwidth stops growing by a quarter for three rounds, or droplets come slower than
/// they were sent while a queue shows, or clearly more are lost than in the rounds before (<see cref="StartupLoss"/>). Where the path is
/// known from before: three quarters of what it carried then, and no more than that until it is seen to hold.</item>
/// <item>Drain: gain 0.5 until the queue is gone.</item>
/// <item>Then a cycle: some rounds at 1, one at 1.25 and an equal amount for all flows to find more, then 0.8 for as long as takes the
/// queue away that this made. While a queue stands all the same, others want their part: the rounds at 1 become 0.9 by and by, which
/// gives way to TCP and evens out flows, since the same addition means more to a small one.</item>
/// <item>When the least round trip was not seen for ten seconds, or there is loss to be looked into (<see cref="PathLoss"/>), two rounds
/// at a quarter find the path as it is.</item>
/// </list>
/// Loss does not lower the rate: what the path itself loses is added to the delivered rate. A real decrease shows as two rounds that
/// deliver much less while the round trip or the loss grows: then older maxima are forgotten.
/// </summary>
internal sealed class DeliveryRateControl : IRateControl
{
    private const int WindowRounds = 10, InitialDroplets = 32, SpareDroplets = 8, EpochDropletsMin = 8, CruiseRounds = 6, UpDroplets = 16;
    private const int StretchedEpochsMax = 2;
    private const double StartupGain = 2.77, DrainGain = 0.5, UpGain = 1.25, DownGain = 0.8, RefreshGain = 0.25;
    private const double CrowdedSlope = 0.3, CrowdedGainMin = 0.9;
    private const double InFlightProducts = 1.25, ResumeShare = 0.75, ResumedShare = 0.8;
    private const long Millisecond = 1_000_000, Second = 1_000_000_000, LatenessAllowed = 10 * Millisecond;
    private static readonly TimeSpan UnknownRoundTrip = TimeSpan.FromMilliseconds(40);

    private readonly int _dropletBytes;
    private readonly PathLoss _loss = new();
    private StartupLoss _startupLoss;
    private readonly long[] _maxima = new long[WindowRounds];
    private int _slot;
    private Phase _phase;
    private int _phaseRounds;
    private double _gain = StartupGain;
    private long _resume;
    private long _grantedAt;

    // The greatest round trip since a probe began, the one when it began, and how much of a queue has been drained since it ended.
    private long _peak, _before, _drained;
    private long _initialRate;

    private long _least, _leastAt, _smoothed, _latest, _sampledAt, _roundLeast = long.MaxValue, _refreshLeast = long.MaxValue;
    private long _interval = 2 * Millisecond;

    private bool _isEpochOpen;
    private long _epochStart, _epochBytes;
    private uint _epochServerTime;
    private int _epochDroplets, _stretchedEpochs;

    private long _roundEnd, _roundBest, _roundBestBefore, _roundExpected, _roundReceived;
    private bool _isLimited, _wasLimitedInRound;
    private long _fullBandwidth;
    private int _fullRounds, _shrinkRounds;

    public DeliveryRateControl(int dropletBytes, PathMemory memory)
    {
        _dropletBytes = dropletBytes;
        if (memory.RoundTrip > TimeSpan.Zero)
        {
            _smoothed = memory.RoundTrip.Ticks * 100;
        }

        _resume = memory.RateBytesPerSecond;
        SetInitialRate((long)(_resume * ResumeShare));
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

    public double LossRatio => _loss.Ratio;

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
            var gain = _phase == Phase.Cruise ? CrowdedGain : _gain;
            var rate = gain * BandwidthBytesPerSecond / (IsQueueing(1.25) || _phase == Phase.Refresh ? 1 : 1 - _loss.Own);
            if (_phase == Phase.Startup)
            {
                rate = Math.Max(_resume > 0 ? Math.Min(rate, _resume) : rate, _initialRate);
            }
            else if (_phase == Phase.Up)
            {
                // The same for all, so that a small flow gains more in proportion and shares even out.
                rate += Math.Min(UpDroplets * _dropletBytes * ((double)Second / Math.Max(_smoothed, 10 * Millisecond)), rate / 2);
            }

            return (long)Math.Min(Math.Max(rate, floor), uint.MaxValue);
        }
    }

    public long InFlightBytesMax
    {
        get
        {
            // The feedback is a round trip and an interval old; a quarter more, and what late timers and bursts need. While the path is
            // alone pacing keeps the queue short; among others that press on it is this.
            var roundTrip = Math.Max(_least > 0 ? _least : _smoothed, Millisecond);
            var time = (long)(InFlightProducts * roundTrip) + (2 * _interval) + LatenessAllowed;
            var rate = BandwidthBytesPerSecond == 0 ? RateBytesPerSecond : BandwidthBytesPerSecond / (1 - _loss.Own);
            return (long)(rate * ((double)time / Second)) + (SpareDroplets * _dropletBytes);
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
        if (_epochDroplets < EpochDropletsMin
            || elapsed < Math.Clamp(_smoothed / (_phase == Phase.Startup ? 4 : 2), 4 * Millisecond, 100 * Millisecond))
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
        _sampledAt = now.Nanoseconds;
        _peak = Math.Max(_peak, sample);
        _roundLeast = Math.Min(_roundLeast, sample);
        _refreshLeast = Math.Min(_refreshLeast, sample);
        if (isFirst || sample <= _least)
        {
            if (sample < _least - (_least / 20))
            {
                // Another flow drains the queue to look for the path's own time: from here on all look at once, and see it.
                _loss.PostponeCheck(now);
            }

            _least = sample;
            _leastAt = now.Nanoseconds;
        }
        else if (sample <= _least + (_least / 20))
        {
            _leastAt = now.Nanoseconds;
        }

        if (isFirst)
        {
            // Start-up began before there was anything to measure.
            _before = sample;
            _loss.PostponeCheck(now);
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
        _loss.Add(expected, received);
        _drained += (long)((1 - _gain) * (now.Nanoseconds - _grantedAt));
        _grantedAt = now.Nanoseconds;
        if (_phase == Phase.Startup && _resume > 0)
        {
            if (IsQueueing(1.25))
            {
                _resume = 0;
            }
            else if (BandwidthBytesPerSecond > _resume * ResumedShare)
            {
                // What was known of the path holds again: from here on it is probed like any other.
                _fullBandwidth = BandwidthBytesPerSecond;
                _resume = 0;
                Enter(Phase.Up, UpGain);
            }
        }

        if (_phase == Phase.Startup
            && (_stretchedEpochs >= StretchedEpochsMax || _startupLoss.IsExceededBy(_roundExpected, _roundReceived)))
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
        else if (IsDrained)
        {
            Enter(Phase.Cruise, 1);
        }
    }

    public void Restart(Instant now)
    {
        Array.Clear(_maxima);
        _initialRate = 0;
        _resume = 0;
        SetInitialRate(BandwidthBytesPerSecond / 4);
        BandwidthBytesPerSecond = 0;
        _fullBandwidth = 0;
        _fullRounds = 0;
        _startupLoss = default;
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
        var loss = PathLoss.ShareLost(_roundExpected, _roundReceived);
        if ((_phase is Phase.Down or Phase.Drain or Phase.Refresh || (_phase == Phase.Cruise && !IsQueueing(1.1)))
            && _phaseRounds >= 1 && _roundExpected > 0)
        {
            // Sent at no more than the path carries, and a round trip after that began: what is lost now is not lost to a full queue.
            _loss.AddQuietRound(_roundExpected, _roundReceived, IsQueueing(1.25));
        }

        if (!isLimited)
        {
            ForgetIfShrunk(now, loss);
            _slot = (_slot + 1) % WindowRounds;
            _maxima[_slot] = 0;
            BandwidthBytesPerSecond = Math.Max(_maxima.Max(), _roundBest);
        }

        if (_phase == Phase.Refresh && _phaseRounds >= 1)
        {
            _loss.AddCheckRound(_roundExpected, _roundReceived);
        }

        if (_phase == Phase.Startup)
        {
            _startupLoss.Add(_roundExpected, _roundReceived);
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

    private void ForgetIfShrunk(Instant now, double loss)
    {
        // Where a queue is long enough, the answers themselves are held up in it.
        var isQueueing = _roundLeast != long.MaxValue ? _roundLeast > (_least * 5 / 4) + (2 * Millisecond)
            : now.Nanoseconds - _sampledAt > (2 * _least) + (2 * _interval) + LatenessAllowed;
        if (_phase is Phase.Startup or Phase.Refresh || _roundBest > BandwidthBytesPerSecond * 0.7
            || !(isQueueing || loss > _loss.OwnSeen + 0.1))
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
            case Phase.Drain or Phase.Down when _phaseRounds >= 3 || IsDrained:
                Enter(Phase.Cruise, 1);
                break;
            case Phase.Cruise when now.Nanoseconds - _leastAt > 10 * Second:
            case Phase.Cruise when _loss.IsCheckDue(now, _smoothed):
                _refreshLeast = long.MaxValue;
                _loss.BeginCheck(now);
                Enter(Phase.Refresh, RefreshGain);
                break;
            case Phase.Cruise when _phaseRounds >= CruiseRounds && !isLimited:
                Enter(Phase.Up, UpGain);
                break;
            case Phase.Up when _phaseRounds >= 1:
                Enter(Phase.Down, DownGain);
                break;
            case Phase.Refresh when _phaseRounds >= 2:
                _loss.EndCheck();
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

    /// <summary>Whether the queue that this flow made is gone, or will be by the time that what is sent now gets there. How much it was is
    /// known once it shrinks.</summary>
    private bool IsDrained => _phase is Phase.Drain or Phase.Down && _phaseRounds >= 1
        && (!IsQueueing(1.05) || (_latest < _peak && _drained >= _peak - _before + ((_before - _least) / 4)));

    /// <summary>1 without a queue, less the longer it is.</summary>
    private double CrowdedGain =>
        Math.Clamp(
            1 - (CrowdedSlope * Math.Max(0, _latest - _least - Millisecond) / Math.Max(_least, 10.0 * Millisecond)), CrowdedGainMin, 1);

    private bool IsQueueing(double factor) => _latest > (long)(_least * factor) + Millisecond;

    private void Enter(Phase phase, double gain)
    {
        if (phase is Phase.Up or Phase.Startup)
        {
            _before = phase == Phase.Startup ? _least : _latest;
            _peak = _latest;
        }

        _drained = 0;
        _phase = phase;
        _gain = gain;
        _phaseRounds = 0;
    }
}
