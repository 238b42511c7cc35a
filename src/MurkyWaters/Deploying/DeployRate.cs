using PouringRain.Protocol;
using PouringRain.Protocol.Deploying;

namespace MurkyWaters.Deploying;

/// <summary>Bytes a second of something that is looked at now and then, over half a second at least. Thread-safe.</summary>
internal sealed class DeployRate(TimeProvider time)
{
    private static readonly TimeSpan SpanMin = TimeSpan.FromMilliseconds(500);

    private readonly Lock _gate = new();
    private DeployProgress _kind;
    private Instant _at;
    private long _bytes, _rate;

    /// <summary>Takes how many bytes there are now, and says how fast they come.</summary>
    public long Note(DeployProgress kind, long bytes)
    {
        lock (_gate)
        {
            var now = time.GetInstant();
            if (kind != _kind || bytes < _bytes)
            {
                (_kind, _at, _bytes, _rate) = (kind, now, bytes, 0);
            }
            else if (now - _at is var span && span >= SpanMin)
            {
                (_rate, _at, _bytes) = ((long)((bytes - _bytes) / span.TotalSeconds), now, bytes);
            }

            return _rate;
        }
    }
}
