namespace PouringRain.Protocol;

/// <summary>The server's own ceiling over all subscribers: a token bucket. Its fair division is the ready ring's turns
/// (<see cref="RainServer"/>); this only says when the next turn may be taken and how much of it.</summary>
internal sealed class ServerCeiling
{
    // Late timers are made good up to this much.
    private const double CatchUpSeconds = 0.005;
    private readonly long _rateBytesPerSecond;
    private double _allowanceBytes;
    private Instant _refilled;
    private bool _started;

    public ServerCeiling(long rateBytesPerSecond) => _rateBytesPerSecond = rateBytesPerSecond;

    public bool IsSet => _rateBytesPerSecond > 0;

    public uint OnWire => (uint)Math.Min(_rateBytesPerSecond, uint.MaxValue);

    public bool MaySend(Instant now)
    {
        if (!IsSet)
        {
            return true;
        }

        if (!_started)
        {
            _started = true;
            _refilled = now;
        }

        _allowanceBytes = Math.Min(
            _allowanceBytes + ((now.Nanoseconds - _refilled.Nanoseconds) * 1e-9 * _rateBytesPerSecond), Math.Max(_rateBytesPerSecond * CatchUpSeconds, 1));
        _refilled = now;
        return _allowanceBytes >= 0;
    }

    /// <summary>Bytes of one turn when <paramref name="readyCount"/> subscribers wait: a millisecond's worth divided among them.</summary>
    public double TurnBytes(int readyCount) => IsSet ? _rateBytesPerSecond * 0.001 / readyCount : double.MaxValue;

    public void Spend(int bytes) => _allowanceBytes -= bytes;

    public Instant Due(Instant now) =>
        IsSet && _allowanceBytes < 0 ? new Instant(now.Nanoseconds + (long)(-_allowanceBytes / _rateBytesPerSecond * 1e9) + 1) : now;
}
