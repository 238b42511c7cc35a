namespace PouringRain.Protocol.Grouping;

/// <summary>How much of what rains arrives.</summary>
internal sealed class GroupArrivals
{
    /// <summary>Droplets over which a loss is measured, at least.</summary>
    private const int SampleMin = 100;

    /// <summary>What a new sample counts against those before.</summary>
    private const double SampleWeight = 0.3;

    /// <summary>What is lost lately is counted over the last one or two of these.</summary>
    private static readonly TimeSpan RecentLeast = TimeSpan.FromMilliseconds(100);

    private SequenceTracker _sequences = new();
    private Instant _since;
    private long _expected, _received, _bytes;
    private bool _hasSample;
    private Instant _recentSince, _lastDroplet;
    private (long Expected, long Received) _recentBefore, _recentAt;

    /// <summary>Droplets that came.</summary>
    public long Droplets { get; private set; }

    /// <summary>The share that is lost, smoothed.</summary>
    public double Loss { get; private set; }

    /// <summary>Whether so much is lost that a block seldom gets enough symbols out of one round, in which it gets half as many again as it
    /// has at most: blocks in work are kept from round to round then, and none gives way to another that would fare no better.</summary>
    public bool IsLossy => Loss > 1 / 3.0;

    public long RateBitsPerSecond { get; private set; }

    /// <summary>A droplet came.</summary>
    /// <returns>Whether it is not one that had come before.</returns>
    public bool OnDroplet(Instant now, uint sequence, int bytes)
    {
        if (!_sequences.OnReceived(sequence))
        {
            return false;
        }

        Droplets++;
        _bytes += bytes;
        if (Droplets == 1)
        {
            _since = now;
        }

        if (_sequences.Expected - _recentAt.Expected >= SampleMin && now - _recentSince >= RecentLeast)
        {
            _recentBefore = _recentAt;
            _recentAt = (_sequences.Expected, _sequences.Received);
            _recentSince = now;
        }

        _lastDroplet = now;
        if (_sequences.Expected - _expected >= SampleMin && now - _since >= TimeSpan.FromMilliseconds(20))
        {
            Sample(now);
        }

        return true;
    }

    /// <summary>Another stream has its own sequences.</summary>
    public void Restart()
    {
        _sequences = new SequenceTracker();
        _expected = 0;
        _received = 0;
        _recentBefore = _recentAt = default;
    }

    /// <summary>The share of the latest droplets that is lost: of a hundred at least; null when so many have not been rained, or nothing
    /// comes any more.</summary>
    public double? RecentLoss(Instant now)
    {
        var expected = _sequences.Expected - _recentBefore.Expected;
        return expected < SampleMin || now - _lastDroplet > 10 * RecentLeast ? null
            : Math.Clamp(1 - ((_sequences.Received - _recentBefore.Received) / (double)expected), 0, 0.99);
    }

    private void Sample(Instant now)
    {
        var expected = _sequences.Expected - _expected;
        var loss = Math.Clamp(1 - ((_sequences.Received - _received) / (double)expected), 0, 0.99);

        // The first are few, and none is above chance.
        Loss = _hasSample ? Loss + ((loss - Loss) * SampleWeight * Math.Min(1, expected / 1000.0 + 0.1)) : loss;
        _hasSample = true;
        RateBitsPerSecond = (long)(_bytes * 8 / (now - _since).TotalSeconds);
        _expected = _sequences.Expected;
        _received = _sequences.Received;
        _bytes = 0;
        _since = now;
    }
}
