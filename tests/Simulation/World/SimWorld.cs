using PouringRain.Protocol;

namespace Simulation;

/// <summary>A virtual clock, a network and hosts; one seed makes it run the same every time.</summary>
public sealed class SimWorld
{
    private readonly List<SimHost> _hosts = [];

    /// <summary>A tree of which each node has the earlier of the times below it; the hosts' are its leaves. So that a thousand hosts cost
    /// little more a step than two.</summary>
    private long[] _dues = [];
    private int _leafCount;
    private bool _isStale;
    private readonly PriorityQueue<Action, (long Time, long Order)> _plans = new();
    private long _order;

    public SimWorld(ulong seed)
    {
        Random = new SimRandom(seed);
        Network = new SimNetwork(new SimRandom(seed ^ 0x5EED));
    }

    public SimRandom Random { get; }

    public SimNetwork Network { get; }

    public Instant Now { get; private set; } = new(1_000_000_000_000);

    /// <summary>How late timers fire at most; a loop on a real machine is late by up to a millisecond.</summary>
    public TimeSpan TimerLateness { get; set; }

    public long Steps { get; private set; }

    public void Add(SimHost host)
    {
        host.Index = _hosts.Count;
        _hosts.Add(host);
        Network.Add(host);
        _isStale = true;
    }

    /// <summary>Has something done later.</summary>
    public void At(Instant time, Action action) => _plans.Enqueue(action, (Math.Max(time.Nanoseconds, Now.Nanoseconds), _order++));

    public void After(TimeSpan delay, Action action) => At(Now + delay, action);

    /// <summary>Runs until a condition holds or the time is over; says whether it holds.</summary>
    public bool RunUntil(Func<bool> condition, TimeSpan limit)
    {
        var end = Now + limit;
        RefreshAll();
        while (!condition())
        {
            if (!Step(end))
            {
                Now = end;
                return condition();
            }
        }

        return true;
    }

    public void Run(TimeSpan duration) => RunUntil(() => false, duration);

    private bool Step(Instant end)
    {
        Steps++;
        if (_isStale)
        {
            RefreshAll();
        }

        var next = Network.NextEvent;
        SimHost? host = null;
        if (_leafCount > 0 && _dues[1] < next.Nanoseconds)
        {
            next = new Instant(_dues[1]);
            host = _hosts[FirstDue()];
        }

        var isPlan = _plans.TryPeek(out _, out var key) && key.Time <= next.Nanoseconds;
        if (isPlan)
        {
            next = new Instant(key.Time);
        }

        if (next > end)
        {
            return false;
        }

        Now = Instant.Max(Now, next);
        if (isPlan)
        {
            _plans.Dequeue()();

            // Whatever hosts it has touched.
            RefreshAll();
        }
        else if (host is not null)
        {
            host.Pump(Now);
            Refresh(host);
        }
        else if (Network.Step() is { } receiver)
        {
            Refresh(receiver);
        }

        return true;
    }

    private long DueOf(SimHost host)
    {
        var due = host.NextDue;
        return due < Instant.Never ? (due + TimerLateness).Nanoseconds : due.Nanoseconds;
    }

    private void RefreshAll()
    {
        _isStale = false;
        if (_leafCount < _hosts.Count)
        {
            _leafCount = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)_hosts.Count);
            _dues = new long[2 * _leafCount];
            Array.Fill(_dues, Instant.Never.Nanoseconds);
        }

        for (var i = 0; i < _hosts.Count; i++)
        {
            _dues[_leafCount + i] = DueOf(_hosts[i]);
        }

        for (var i = _leafCount - 1; i >= 1; i--)
        {
            _dues[i] = Math.Min(_dues[2 * i], _dues[(2 * i) + 1]);
        }
    }

    private void Refresh(SimHost host)
    {
        var i = _leafCount + host.Index;
        _dues[i] = DueOf(host);
        for (i /= 2; i >= 1; i /= 2)
        {
            _dues[i] = Math.Min(_dues[2 * i], _dues[(2 * i) + 1]);
        }
    }

    /// <summary>The first of the hosts that are due first.</summary>
    private int FirstDue()
    {
        var i = 1;
        while (i < _leafCount)
        {
            i = _dues[2 * i] == _dues[i] ? 2 * i : (2 * i) + 1;
        }

        return i - _leafCount;
    }
}
