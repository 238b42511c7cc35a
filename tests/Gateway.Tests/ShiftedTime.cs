namespace Gateway.Tests;

/// <summary>The clock, put forward or back.</summary>
internal sealed class ShiftedTime : TimeProvider
{
    private long _shiftTicks;
    private DateTimeOffset? _still;

    public void Shift(TimeSpan by) => Interlocked.Add(ref _shiftTicks, by.Ticks);

    /// <summary>Stands still from now on.</summary>
    public void StopAt(DateTimeOffset time) => _still = time;

    public override DateTimeOffset GetUtcNow() => (_still ?? base.GetUtcNow()).AddTicks(Interlocked.Read(ref _shiftTicks));
}
