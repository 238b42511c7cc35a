namespace MurkyWaters.Propagating;

/// <summary>Shares whose sources fell silent when they were to deliver what they had asked for: remembered for a while, longer each time,
/// until they deliver. Bounded: the one whose time is nearest goes first. Not thread-safe.</summary>
internal sealed class FailedSources(TimeProvider time)
{
    private const int CountMax = 1024;

    private static readonly TimeSpan FirstTime = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan LongestTime = TimeSpan.FromMinutes(10);

    private readonly Dictionary<AskedSource, (int Count, long Until)> _failed = [];

    public bool Contains(AskedSource source) => _failed.TryGetValue(source, out var known) && time.GetTimestamp() < known.Until;

    public void NoteFailure(AskedSource source)
    {
        if (_failed.Count >= CountMax && !_failed.ContainsKey(source))
        {
            _failed.Remove(_failed.MinBy(one => one.Value.Until).Key);
        }

        // What fails at the same time has failed once.
        var count = _failed.TryGetValue(source, out var known) ? known.Count + (time.GetTimestamp() < known.Until ? 0 : 1) : 0;
        var lasts = TimeSpan.FromTicks(Math.Min(FirstTime.Ticks << Math.Min(count, 10), LongestTime.Ticks));
        _failed[source] = (count, time.GetTimestamp() + (long)(lasts.TotalSeconds * time.TimestampFrequency));
    }

    public void NoteSuccess(AskedSource source) => _failed.Remove(source);
}
