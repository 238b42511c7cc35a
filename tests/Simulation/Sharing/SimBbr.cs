using PouringRain.Protocol;

namespace Simulation;

/// <summary>BBR version 1, as Linux has it (draft-cardwell-iccrg-bbr-congestion-control-00): loss is ignored, the rate is a gain times the
/// greatest delivery rate of ten rounds, at most two bandwidth-delay products are on the
/// way, and every ten seconds four segments.</summary>
public sealed class SimBbr : ISimCongestion
{
    private const double HighGain = 2.885;
    private static readonly double[] Cycle = [1.25, 0.75, 1, 1, 1, 1, 1, 1];
    private readonly double[] _maxima = new double[10];
    private long _round, _roundEnd;
    private double _bandwidth, _fullBandwidth, _gain = HighGain;
    private int _fullRounds, _cycleIndex = 2;
    private Instant _cycleAt, _leastAt, _probeEnd;
    private TimeSpan _least = TimeSpan.MaxValue;
    private bool _isFull, _isProbing;

    public double Window => _isProbing ? 4
        : _bandwidth == 0 ? 10
        : Math.Max(4, (_isFull ? 2 : HighGain) * _bandwidth * _least.TotalSeconds);

    public double PacingRate => _bandwidth == 0 ? 10 * HighGain / 0.04 : _gain * _bandwidth;

    public void OnAcknowledged(in SimAcknowledgement acknowledgement)
    {
        var now = acknowledgement.Now;
        var isRoundStart = acknowledgement.Number >= _roundEnd;
        if (isRoundStart)
        {
            _roundEnd = acknowledgement.Next;
            _maxima[++_round % _maxima.Length] = 0;
        }

        var isExpired = now - _leastAt > TimeSpan.FromSeconds(10);
        if (acknowledgement.RoundTrip <= _least || isExpired)
        {
            _least = acknowledgement.RoundTrip;
            _leastAt = now;
        }

        if (isExpired && !_isProbing && _isFull)
        {
            _isProbing = true;
            _probeEnd = default;
        }

        ref var slot = ref _maxima[_round % _maxima.Length];
        slot = Math.Max(slot, acknowledgement.Rate);
        _bandwidth = _maxima.Max();
        var product = _bandwidth * _least.TotalSeconds;
        if (_isProbing)
        {
            _gain = 1;
            if (_probeEnd == default && acknowledgement.OnTheWay <= 4)
            {
                _probeEnd = now + TimeSpan.FromMilliseconds(200);
            }
            else if (_probeEnd != default && now > _probeEnd)
            {
                _isProbing = false;
                _leastAt = now;
                _cycleAt = now;
                _cycleIndex = 2;
            }
        }
        else if (!_isFull)
        {
            if (isRoundStart && _bandwidth >= _fullBandwidth * 1.25)
            {
                _fullBandwidth = _bandwidth;
                _fullRounds = 0;
            }
            else if (isRoundStart && ++_fullRounds >= 3)
            {
                _isFull = true;
                _gain = 1 / HighGain;
            }
        }
        else if (_gain < 0.5)
        {
            if (acknowledgement.OnTheWay <= product)
            {
                _gain = 1;
                _cycleAt = now;
            }
        }
        else
        {
            var isOver = now - _cycleAt > _least;
            if (Cycle[_cycleIndex] < 1 ? isOver || acknowledgement.OnTheWay <= product
                : isOver && (Cycle[_cycleIndex] == 1 || acknowledgement.OnTheWay >= 1.25 * product || now - _cycleAt > 3 * _least))
            {
                _cycleIndex = (_cycleIndex + 1) % Cycle.Length;
                _cycleAt = now;
            }

            _gain = Cycle[_cycleIndex];
        }
    }

    public void OnLost(Instant now, long number, int onTheWay)
    {
    }

    public void OnTimeout(Instant now) => _leastAt = now;
}
