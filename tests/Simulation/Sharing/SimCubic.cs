using PouringRain.Protocol;

namespace Simulation;

/// <summary>CUBIC (RFC 9438) with HyStart's delay rule, as Linux has it: the window grows with the cube of the time since the last loss
/// and falls to 0.7 of itself when segments are lost.</summary>
public sealed class SimCubic : ISimCongestion
{
    private const double C = 0.4, Beta = 0.7;
    private double _slowStartThreshold = double.MaxValue;
    private double _windowMax, _k, _renoWindow;
    private Instant? _epoch;
    private long _recoveryEnd = -1, _roundEnd, _highest;
    private TimeSpan _least = TimeSpan.MaxValue, _roundLeast = TimeSpan.MaxValue;
    private int _roundSamples;

    public double Window { get; private set; } = 10;

    public double PacingRate => 0;

    public void OnAcknowledged(in SimAcknowledgement acknowledgement)
    {
        var roundTrip = acknowledgement.RoundTrip;
        _highest = Math.Max(_highest, acknowledgement.Next);
        _least = roundTrip < _least ? roundTrip : _least;
        if (acknowledgement.Number >= _roundEnd)
        {
            _roundEnd = acknowledgement.Next;
            _roundLeast = TimeSpan.MaxValue;
            _roundSamples = 0;
        }

        _roundLeast = roundTrip < _roundLeast ? roundTrip : _roundLeast;
        if (Window < _slowStartThreshold)
        {
            Window++;
            var allowed = TimeSpan.FromMilliseconds(Math.Clamp(_least.TotalMilliseconds / 8, 4, 16));
            if (++_roundSamples == 8 && Window >= 16 && _roundLeast > _least + allowed)
            {
                _slowStartThreshold = Window;
            }

            return;
        }

        var seconds = roundTrip.TotalSeconds;
        if (_epoch is not { } epoch)
        {
            _epoch = epoch = acknowledgement.Now;
            _windowMax = Math.Max(_windowMax, Window);
            _k = Math.Cbrt((_windowMax - Window) / C);
            _renoWindow = Window;
        }

        var target = (C * Math.Pow((acknowledgement.Now - epoch).TotalSeconds + seconds - _k, 3)) + _windowMax;
        _renoWindow += 3 * (1 - Beta) / (1 + Beta) / Window;
        Window = Math.Max(Window + Math.Clamp((Math.Min(target, 1.5 * Window) - Window) / Window, 0.01 / Window, 0.5), _renoWindow);
    }

    public void OnLost(Instant now, long number, int onTheWay)
    {
        if (number < _recoveryEnd)
        {
            return;
        }

        _recoveryEnd = _highest;
        _windowMax = Window < _windowMax ? Window * (1 + Beta) / 2 : Window;
        Window = Math.Max(2, Window * Beta);
        _slowStartThreshold = Window;
        _epoch = null;
    }

    public void OnTimeout(Instant now)
    {
        _slowStartThreshold = Math.Max(2, Window / 2);
        Window = 1;
        _epoch = null;
    }
}
