namespace MurkyWaters.Tests;

/// <summary>A clock that stands still until it is set on, and begins at zero.</summary>
internal sealed class SetClock : TimeProvider
{
    private TimeSpan _elapsed;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public void Advance(TimeSpan span) => _elapsed += span;

    public override long GetTimestamp() => _elapsed.Ticks;

    public override DateTimeOffset GetUtcNow() => new DateTimeOffset(2026, 11, 21, 12, 0, 0, TimeSpan.Zero) + _elapsed;
}
