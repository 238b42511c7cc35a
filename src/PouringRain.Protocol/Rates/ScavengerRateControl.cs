namespace PouringRain.Protocol;

/// <summary>
/// Rate control of a background fetch: it takes what nobody else wants, and yields as soon as a queue shows. After LEDBAT (RFC 6817) and
/// LEDBAT++ (draft-irtf-iccrg-ledbat-plus-plus), with the round trip in place of the one-way delay, since it is at hand and no clock
/// drifts in it.
/// <list type="number">
/// <item>Start-up: half as much again every round, until a queue of half the target shows; then half of what came is granted.</item>
/// <item>Then every round adds a droplet or a thirtieth, the less the nearer the queue is to the target.</item>
/// <item>A queue beyond the target cuts the rate by up to a half, once in two rounds; so
/// does loss beyond what the path loses anyway.</item>
/// </list>
/// The target is an eighth of the least round trip of five minutes, 3 to 15 ms: less than the queue by which BBR looks for more, and far
/// less than what loss-based flows fill.
/// </summary>
internal sealed class ScavengerRateControl : IRateControl
{
    private const int InitialDroplets = 4, FloorDroplets = 2, SurgeSamples = 2, LossRounds = 10, RoundsOfCut = 2;
    private const double StartupGain = 1.5, GrowthShare = 0.03, CutMax = 0.5, LossAllowed = 0.05;
    private const long Millisecond = 1_000_000, Second = 1_000_000_000, LeastWindow = 60 * Second, LatenessAllowed = 10 * Millisecond;

    private readonly int _dropletBytes;

    // The least round trip of each of the last minutes.
    private readonly long[] _leasts = [long.MaxValue, long.MaxValue, long.MaxValue, long.MaxValue, long.MaxValue];
    private readonly double[] _losses = new double[LossRounds];
    private int _leastSlot, _lossSlot, _surge;
    private long _leastSlotEnd, _smoothed, _interval = 2 * Millisecond, _queue;
    private long _roundStart, _roundEnd, _roundBytes, _roundExpected, _roundReceived;
    private double _rate;
    private bool _isStarting = true, _isLimited;
    private int _cutsBefore;

    public ScavengerRateControl(int dropletBytes, PathMemory memory)
    {
        _dropletBytes = dropletBytes;
        _smoothed = memory.RoundTrip.Ticks * 100;
    }

    public long RateBytesPerSecond => (long)Math.Clamp(_rate, Floor, uint.MaxValue);

    public long InFlightBytesMax
    {
        get
        {
            var roundTrip = Math.Max(Least > 0 ? Least : _smoothed, Millisecond);
            var time = roundTrip + (roundTrip / 2) + (2 * _interval) + LatenessAllowed;
            return (long)(RateBytesPerSecond * ((double)time / Second)) + (InitialDroplets * _dropletBytes);
        }
    }

    public long BandwidthBytesPerSecond { get; private set; }

    public TimeSpan RoundTripMin => new(Least / 100);

    public TimeSpan RoundTrip => new(_smoothed / 100);

    public double LossRatio { get; private set; }

    private long Least
    {
        get
        {
            var least = _leasts.Min();
            return least == long.MaxValue ? 0 : least;
        }
    }

    private long Target => Math.Clamp(Least / 8, 3 * Millisecond, 15 * Millisecond);

    private double Floor => Math.Max(8_000, DropletsPerRound(FloorDroplets));

    public void OnDroplet(Instant now, uint serverTime, int bytes)
    {
        _isLimited = false;
        _roundBytes += bytes;
    }

    public void OnRoundTrip(Instant now, TimeSpan roundTrip)
    {
        var sample = Math.Max(roundTrip.Ticks * 100, 1000);
        _smoothed = _smoothed == 0 ? sample : _smoothed + ((sample - _smoothed) / 8);
        if (now.Nanoseconds >= _leastSlotEnd)
        {
            _leastSlot = (_leastSlot + 1) % _leasts.Length;
            _leasts[_leastSlot] = long.MaxValue;
            _leastSlotEnd = now.Nanoseconds + LeastWindow;
        }

        _leasts[_leastSlot] = Math.Min(_leasts[_leastSlot], sample);
        _queue = sample - Least;

        // One sample may be a machine that was busy; two are a queue.
        _surge = _queue > Target ? _surge + 1 : 0;
    }

    public void OnDry() => _isLimited = true;

    public void OnGrant(Instant now, long expected, long received, TimeSpan grantInterval)
    {
        _interval = grantInterval.Ticks * 100;
        _roundExpected += expected;
        _roundReceived += received;
        if (expected > 0)
        {
            LossRatio += (Math.Clamp(1 - ((double)received / expected), 0, 1) - LossRatio) * Math.Min(1, expected / 500.0);
        }

        if (_rate == 0)
        {
            _rate = DropletsPerRound(InitialDroplets);
        }

        if (_surge >= SurgeSamples)
        {
            Cut(Math.Clamp((double)Target / _queue, CutMax, 0.9));
        }

        if (now.Nanoseconds >= _roundEnd)
        {
            EndRound(now);
        }
    }

    public void Restart(Instant now)
    {
        _rate = 0;
        _isStarting = true;
        _cutsBefore = 0;
        _surge = 0;
        _roundEnd = 0;
    }

    private void EndRound(Instant now)
    {
        var loss = _roundExpected > 0 ? Math.Clamp(1 - ((double)_roundReceived / _roundExpected), 0, 1) : 0;
        if (_roundExpected >= 20)
        {
            if (loss > _losses.Min() + LossAllowed)
            {
                // A short queue overflows before it is seen.
                Cut(CutMax);
            }

            _losses[_lossSlot] = loss;
            _lossSlot = (_lossSlot + 1) % _losses.Length;
        }

        if (_roundStart > 0 && now.Nanoseconds > _roundStart)
        {
            BandwidthBytesPerSecond = (long)(_roundBytes * ((double)Second / (now.Nanoseconds - _roundStart)));
        }

        if (_cutsBefore == 0 && !_isLimited)
        {
            if (_isStarting && _queue <= Target / 2)
            {
                _rate *= StartupGain;
            }
            else
            {
                _isStarting = false;
                _rate += Math.Max(DropletsPerRound(1), _rate * GrowthShare) * Math.Max(0, 1 - ((double)_queue / Target));
            }
        }

        _cutsBefore = Math.Max(0, _cutsBefore - 1);
        _roundStart = now.Nanoseconds;
        _roundEnd = now.Nanoseconds + Math.Max(_smoothed + _interval, 4 * Millisecond);
        _roundBytes = 0;
        _roundExpected = 0;
        _roundReceived = 0;
    }

    private void Cut(double factor)
    {
        // What the last cut did is seen a round trip later.
        _surge = 0;
        if (_cutsBefore > 0)
        {
            return;
        }

        // At start-up the rate is far beyond what came of it.
        _rate = Math.Max(
            _isStarting && BandwidthBytesPerSecond > 0 ? Math.Min(_rate, BandwidthBytesPerSecond) * CutMax : _rate * factor, Floor);
        _isStarting = false;
        _cutsBefore = RoundsOfCut;
    }

    /// <summary>So many droplets a round trip, in bytes a second.</summary>
    private double DropletsPerRound(int count) =>
        count * _dropletBytes * ((double)Second / Math.Max(_smoothed > 0 ? _smoothed : 40 * Millisecond, 4 * Millisecond));
}
