namespace Gateway.Deploying;

/// <summary>Bytes a second of a count that grows, over the last seconds.</summary>
internal sealed class RateMeter
{
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(3);
    private readonly Queue<(long At, long Bytes)> _samples = new();
    private readonly TimeProvider _time = TimeProvider.System;

    /// <summary>Notes the count.</summary>
    /// <returns>The rate; null when it is not known yet.</returns>
    public double? Note(long bytes)
    {
        var now = _time.GetTimestamp();
        _samples.Enqueue((now, bytes));
        while (_samples.Count > 2 && _time.GetElapsedTime(_samples.Peek().At, now) > Window)
        {
            _samples.Dequeue();
        }

        var (at, first) = _samples.Peek();
        var seconds = _time.GetElapsedTime(at, now).TotalSeconds;
        return seconds > 0 ? (bytes - first) / seconds : null;
    }
}
