using PouringRain.Protocol;

namespace MurkyWaters.Cluster;

/// <summary>How fast something becomes less: over the last minutes, since it is told in steps.</summary>
internal sealed class StrayPace
{
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(5);
    private readonly Queue<(Instant At, long Bytes)> _steps = [];
    private (Instant At, long Bytes) _last;

    /// <summary>Takes what is left now.</summary>
    public void Note(Instant now, long bytes)
    {
        if (_steps.Count == 0 || bytes > _last.Bytes)
        {
            _steps.Clear();
            _steps.Enqueue((now, bytes));
        }
        else if (bytes < _last.Bytes)
        {
            _steps.Enqueue((now, bytes));
        }

        while (_steps.Count > 1 && now - _steps.Peek().At > Window)
        {
            _steps.Dequeue();
        }

        _last = (now, bytes);
    }

    /// <summary>Bytes a second; 0 while nothing moves.</summary>
    public long BytesPerSecond => _steps.TryPeek(out var first) && _last.At > first.At
        ? (long)((first.Bytes - _last.Bytes) / (_last.At - first.At).TotalSeconds)
        : 0;
}
