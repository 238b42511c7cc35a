namespace PouringRain.Protocol;

/// <summary>
/// What comes in over all paths of a fetch in company, and how much of it may be on its way. A dozen senders, each of which serves whoever
/// holds least, send this fetch now nothing and now all they can. Each path's rate control knows its own path alone: together they would
/// fill the queue before the last link, which they share, and lose there. So what is on its way from all is bounded by what that link was
/// seen to carry.
/// </summary>
internal sealed class Inflow
{
    private const int BinCount = 20, DropletsMin = 4;

    private static readonly TimeSpan Bin = TimeSpan.FromMilliseconds(100), Queue = TimeSpan.FromMilliseconds(50);

    private readonly List<FetchPath> _paths;
    private readonly long[] _bins = new long[BinCount];
    private Instant _binEnd;
    private int _current;

    public Inflow(List<FetchPath> paths) => _paths = paths;

    /// <summary>A droplet came.</summary>
    public void OnDroplet(Instant now, int bytes)
    {
        for (var skipped = 0; now >= _binEnd && skipped < BinCount; skipped++)
        {
            _current = (_current + 1) % BinCount;
            _bins[_current] = 0;
            _binEnd = skipped == 0 && now - _binEnd < Bin ? _binEnd + Bin : now + Bin;
        }

        _bins[_current] += bytes;
    }

    /// <summary>Bytes that may be on their way from each source of which something is on order.</summary>
    /// <param name="dropletBytes">Bytes of a droplet.</param>
    public long InFlightOfOne(int dropletBytes)
    {
        long most = 0;
        foreach (var bin in _bins)
        {
            most = Math.Max(most, bin);
        }

        var active = 0;
        var roundTrip = TimeSpan.Zero;
        var interval = TimeSpan.Zero;
        foreach (var path in _paths)
        {
            if (path.IsRaining && path.Log.Outstanding > 0)
            {
                active++;
                roundTrip = path.Rate.RoundTripMin > roundTrip ? path.Rate.RoundTripMin : roundTrip;
                interval = path.Interval > interval ? path.Interval : interval;
            }
        }

        var all = most / Bin.TotalSeconds * (roundTrip + interval + Queue).TotalSeconds;
        return Math.Max((long)(all / Math.Max(1, active)), (long)DropletsMin * dropletBytes);
    }
}
