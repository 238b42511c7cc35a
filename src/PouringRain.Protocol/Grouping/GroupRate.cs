namespace PouringRain.Protocol.Grouping;

/// <summary>
/// The rate of a group, found out. It goes by the loss of the worst receiver but for one in twenty, so that no slow one holds all others,
/// and by that of the middle one, since what most lose together is lost on a way that they share. Loss that a lower rate does not lessen is
/// chance, and becomes what is usual; loss that it lessens is a queue that overflows. It grows by half at first, then in small steps that
/// become larger the longer nothing happens.
/// </summary>
internal sealed class GroupRate
{
    /// <summary>What is lost beyond the usual, before the rate is lowered: a receiver's share, and the middle one's.</summary>
    private const double ExcessMost = 0.02, ExcessOfMiddleMost = 0.01;

    /// <summary>Beyond the excess, a cut makes room for others on the same way; a cut that is for all makes more.</summary>
    private const double Cut = 0.93, CutForAll = 0.85;

    /// <summary>A step, of the rate.</summary>
    private const double GrowthFirst = 1.5, Growth = 0.02, GrowthMost = 0.15;

    /// <summary>Cuts after which as much was lost as before: then it is chance.</summary>
    private const int CutsInVainMax = 2;

    /// <summary>Droplets over which a receiver measures, about.</summary>
    private const int SampleDroplets = 150;

    private const long FirstMost = 10_000_000, Least = 256_000;

    private static readonly TimeSpan StepLeast = TimeSpan.FromMilliseconds(500), SilentAfter = TimeSpan.FromSeconds(3);

    private readonly long _most;

    /// <summary>One of each receiver, the latest: who reports more often counts no more.</summary>
    private readonly Dictionary<NodeId, double> _reported = [];

    private readonly List<double> _losses = [];
    private double _rate, _rateBeforeCuts, _excessBefore;
    private double _usual, _usualOfMiddle;
    private Instant _changedAt, _heardAt;
    private int _cutsInVain, _clean;
    private TimeSpan _step = StepLeast;
    private bool _isFirstGrowth = true, _hasCut;

    public GroupRate(long most, Instant now)
    {
        _most = Math.Max(1, most);
        _rate = Math.Min(_most, FirstMost);
        _changedAt = now;
        _heardAt = now;
    }

    public long BitsPerSecond => (long)_rate;

    /// <summary>Nothing that was heard tells of the rate.</summary>
    public void Restart(Instant now)
    {
        _reported.Clear();
        _changedAt = now;
        _heardAt = now;
    }

    /// <summary>A receiver reports what it lost lately.</summary>
    public void OnLoss(Instant now, NodeId receiver, double loss)
    {
        _heardAt = now;

        // What is reported at once was lost before the rate was changed.
        if (now - _changedAt >= _step / 2)
        {
            _reported[receiver] = loss;
        }
    }

    /// <summary>Looks whether it is time for another rate.</summary>
    /// <param name="now">The time.</param>
    /// <param name="receiverCount">Receivers that may report.</param>
    /// <param name="dropletBits">Bits of a droplet on the wire.</param>
    /// <returns>Whether it is another.</returns>
    public bool Advance(Instant now, int receiverCount, int dropletBits)
    {
        var measuring = TimeSpan.FromSeconds(SampleDroplets * dropletBits / _rate);
        _step = StepLeast > 2 * measuring ? StepLeast : 2 * measuring;
        if (now - _changedAt < _step)
        {
            return false;
        }

        if (_reported.Count < Math.Min(20, Math.Max(1, receiverCount / 2)))
        {
            if (receiverCount == 0 || now - _heardAt < SilentAfter + _step)
            {
                return false;
            }

            // Nobody gets through any more.
            _isFirstGrowth = false;
            return Change(now, _rate / 2);
        }

        _losses.Clear();
        _losses.AddRange(_reported.Values);
        _losses.Sort();
        var count = _losses.Count;
        var worst = _losses[count - 1 - (count < 4 ? 0 : Math.Max(1, count / 20))];
        var middle = _losses[count / 2];
        var droplets = Math.Max(SampleDroplets, _rate / dropletBits * 0.2);
        var isForAll = middle - _usualOfMiddle > ExcessOfMiddleMost + Chance(_usualOfMiddle, droplets);
        var excess = Math.Max(isForAll ? middle - _usualOfMiddle : 0, worst - _usual);
        return isForAll || worst - _usual > ExcessMost + (2 * Chance(_usual, droplets))
            ? Lower(now, excess, isForAll, worst, middle) : Raise(now, worst, middle);
    }

    /// <summary>What chance adds to a loss of so many droplets, one standard deviation.</summary>
    private static double Chance(double loss, double droplets) => Math.Sqrt(Math.Max(loss, 0.005) / droplets);

    private bool Lower(Instant now, double excess, bool isForAll, double worst, double middle)
    {
        _clean = 0;
        if (!_hasCut)
        {
            _rateBeforeCuts = _rate;
            _cutsInVain = 0;
        }
        else
        {
            _cutsInVain = excess > 0.6 * _excessBefore ? _cutsInVain + 1 : 0;
        }

        if (_cutsInVain >= CutsInVainMax)
        {
            _usual = worst;
            _usualOfMiddle = middle;
            _hasCut = false;
            return Change(now, _rateBeforeCuts);
        }

        _hasCut = true;
        _excessBefore = excess;
        return Change(now, _rate * Math.Max(0.5, 1 - excess) * (isForAll ? CutForAll : Cut));
    }

    private bool Raise(Instant now, double worst, double middle)
    {
        // A cut that helped: there is an end to how fast it goes.
        _isFirstGrowth &= !_hasCut;
        _hasCut = false;
        _usual = Math.Min(_usual, worst);
        _usualOfMiddle = Math.Min(_usualOfMiddle, middle);
        _clean++;
        return Change(now, _rate * (_isFirstGrowth ? GrowthFirst : 1 + Math.Min(Growth * (1 + (_clean / 4)), GrowthMost)));
    }

    private bool Change(Instant now, double rate)
    {
        _rate = Math.Clamp(rate, Math.Min(Least, _most), _most);
        _changedAt = now;
        _reported.Clear();
        return true;
    }
}
