namespace Gateway.Connections;

/// <summary>
/// What a reader may take its time with: it has a grace, which waiting for it uses up and what it takes wins back, at the least rate that
/// is permitted. One that pauses goes on where it was; one that takes less for ever is too slow once the grace is used up.
/// </summary>
/// <remarks>The server has such a measure of its own, but it counts what is handed to the connection rather than what is taken,
/// and of bodies that are not written by copying, nothing: a run of a file would have to be taken within one grace.</remarks>
internal sealed class ReaderPace
{
    private readonly long _rateBytesPerSecond;
    private readonly TimeSpan _grace;
    private TimeSpan _left;

    public ReaderPace(long rateBytesPerSecond, TimeSpan grace)
    {
        _rateBytesPerSecond = rateBytesPerSecond;
        _grace = _left = grace;
    }

    /// <summary>Counts a time of waiting for the reader; false when it has become too slow.</summary>
    public bool TryWait(TimeSpan waited, long takenBytes)
    {
        var won = takenBytes / (double)_rateBytesPerSecond;
        _left = won >= _grace.TotalSeconds ? _grace : TimeSpan.FromTicks(Math.Min(_grace.Ticks, (_left - waited + TimeSpan.FromSeconds(won)).Ticks));
        return _left >= TimeSpan.Zero;
    }
}
