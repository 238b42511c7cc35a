namespace MurkyWaters.Store;

/// <summary>Bytes a second of something that goes on and pauses, over the last ten seconds or so. Thread-safe.</summary>
internal sealed class ReadingPace(TimeProvider time)
{
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private bool _isOn;
    private long _since;
    private long _bytes;
    private double _before;

    /// <summary>Bytes a second; 0 while nothing goes on.</summary>
    public long BytesPerSecond
    {
        get
        {
            lock (_gate)
            {
                var elapsed = time.GetElapsedTime(_since);
                var seconds = elapsed.TotalSeconds;
                return !_isOn ? 0 : (long)(elapsed >= Window || _before == 0 ? (seconds > 0 ? _bytes / seconds : 0) : _before);
            }
        }
    }

    /// <summary>It goes on.</summary>
    public void Begin()
    {
        lock (_gate)
        {
            (_isOn, _since, _bytes, _before) = (true, time.GetTimestamp(), 0, 0);
        }
    }

    /// <summary>Bytes were read.</summary>
    public void Add(long bytes)
    {
        lock (_gate)
        {
            if (time.GetElapsedTime(_since) is var elapsed && elapsed >= Window)
            {
                (_before, _since, _bytes) = (_bytes / elapsed.TotalSeconds, time.GetTimestamp(), 0);
            }

            _bytes += bytes;
        }
    }

    /// <summary>It is over.</summary>
    public void End()
    {
        lock (_gate)
        {
            _isOn = false;
        }
    }
}
