namespace MurkyWaters.Engines.Etcd;

/// <summary>One of etcd's servers, and whether it is to be trusted with a request. Thread-safe.</summary>
/// <param name="address">Where it is.</param>
internal sealed class EtcdEndpoint(Uri address) : IDisposable
{
    private readonly Lock _lock = new();
    private CancellationTokenSource _failed = new();
    private long? _failedAt;
    private bool _isDisposed;

    /// <summary>Where it is.</summary>
    public Uri Address { get; } = address;

    /// <summary>When it failed, if it has not answered since.</summary>
    public long? FailedAt
    {
        get
        {
            lock (_lock)
            {
                return _failedAt;
            }
        }
    }

    /// <summary>Cancelled when it fails the next time, or when it has and not answered since.</summary>
    public CancellationToken Failed
    {
        get
        {
            lock (_lock)
            {
                return _isDisposed ? new CancellationToken(canceled: true) : _failed.Token;
            }
        }
    }

    /// <summary>It has answered.</summary>
    public void Answered()
    {
        lock (_lock)
        {
            if (_failedAt is not null)
            {
                _failedAt = null;
                _failed = new CancellationTokenSource();
            }
        }
    }

    /// <summary>It has not, or has no answer.</summary>
    /// <param name="timestamp">When.</param>
    public void DidNotAnswer(long timestamp)
    {
        lock (_lock)
        {
            _failedAt = timestamp;
            if (!_isDisposed)
            {
                // Not within the lock: whoever minds goes on elsewhere.
                _ = _failed.CancelAsync();
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock)
        {
            _isDisposed = true;
            _failed.Dispose();
        }
    }
}
