using Microsoft.Extensions.Logging;

namespace MurkyWaters.Backing;

/// <summary>Whether the object store serves: says so in the log once when it ceases to and once when it does again, however many requests
/// fail meanwhile. Thread-safe.</summary>
internal sealed class BackEndHealth(string name, ILogger logger, TimeProvider time)
{
    private static readonly TimeSpan PauseMin = TimeSpan.FromMilliseconds(500), PauseMax = TimeSpan.FromSeconds(30);

    private readonly Lock _gate = new();
    private BackEndError _error;
    private string? _trouble;
    private TimeSpan _pause;
    private long _since;

    /// <summary>Why it is of no use just now, in a sentence; null when all is well as far as is known.</summary>
    public string? Trouble => Volatile.Read(ref _trouble);

    /// <summary>Whether a request has succeeded, and none since shown that it is of no use.</summary>
    public bool IsConnected { get; private set; }

    /// <summary>How long the queue leaves it alone from now on; zero when it need not.</summary>
    public TimeSpan PauseLeft
    {
        get
        {
            lock (_gate)
            {
                var left = _pause - time.GetElapsedTime(_since);
                return _trouble is not null && left > TimeSpan.Zero ? left : TimeSpan.Zero;
            }
        }
    }

    /// <summary>It did what it was asked.</summary>
    public void NoteServed()
    {
        if (IsConnected && Trouble is null)
        {
            return;
        }

        lock (_gate)
        {
            IsConnected = true;
            if (_trouble is null)
            {
                return;
            }

            Volatile.Write(ref _trouble, null);
            _pause = TimeSpan.Zero;
        }

        BackingLog.Served(logger, name);
    }

    /// <summary>It did not. A trouble of another kind is another trouble.</summary>
    public void NoteFailed(BackEndException error)
    {
        if (!error.IsOfAll)
        {
            // It has answered, after all.
            NoteServed();
            return;
        }

        bool isNew;
        lock (_gate)
        {
            isNew = _trouble is null || _error != error.Error;
            _error = error.Error;
            IsConnected = false;
            if (isNew)
            {
                Volatile.Write(ref _trouble, error.Message);
            }

            if (_pause == TimeSpan.Zero || time.GetElapsedTime(_since) >= _pause)
            {
                _pause = _pause == TimeSpan.Zero ? PauseMin : _pause * 2 < PauseMax ? _pause * 2 : PauseMax;
                _since = time.GetTimestamp();
            }
        }

        if (isNew)
        {
            BackingLog.Troubled(logger, name, error.Message);
        }
    }
}
