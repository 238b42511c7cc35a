namespace Gateway.Connections;

/// <summary>
/// What a reader may take its time with: it has a grace, which waiting for it uses up and what it takes wins back, at the least rate that
/// is permitted. One that pauses goes on where it was; one that takes less for ever is too slow once all is used up. More than one
/// grace can be won, since a reader that pauses twice within what its own buffers hold looks from here as if it had paused once for as
/// long; no more than a few, so that one that took a lot and then nothing does not stay for days.
/// </summary>
/// <remarks>The server has such a measure of its own, but it counts what is handed to the connection rather than what is taken,
/// and of bodies that are not written by copying, nothing: a run of a file would have to be taken within one grace.</remarks>
internal sealed class ReaderPace
{
    /// <summary>Graces that can be won.</summary>
    private const int GracesMax = 5;

    private readonly long _rateBytesPerSecond;
    private readonly TimeSpan _most;
    private TimeSpan _left;

    public ReaderPace(long rateBytesPerSecond, TimeSpan grace)
    {
        _rateBytesPerSecond = rateBytesPerSecond;
        _left = grace;
        _most = grace * GracesMax;
    }

    /// <summary>Counts a time of waiting for the reader; false when it has become too slow.</summary>
    public bool TryWait(TimeSpan waited, long takenBytes)
    {
        var won = takenBytes / (double)_rateBytesPerSecond;
        _left = won >= _most.TotalSeconds
            ? _most
            : TimeSpan.FromTicks(Math.Min(_most.Ticks, (_left - waited + TimeSpan.FromSeconds(won)).Ticks));
        return _left >= TimeSpan.Zero;
    }
}
