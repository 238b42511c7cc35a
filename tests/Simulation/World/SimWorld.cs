using PouringRain.Protocol;

namespace Simulation;

/// <summary>A virtual clock, a network and hosts; one seed makes it run the same every time.</summary>
public sealed class SimWorld
{
    private readonly List<SimHost> _hosts = [];
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
        _hosts.Add(host);
        Network.Add(host);
    }

    /// <summary>Has something done later.</summary>
    public void At(Instant time, Action action) => _plans.Enqueue(action, (Math.Max(time.Nanoseconds, Now.Nanoseconds), _order++));

    public void After(TimeSpan delay, Action action) => At(Now + delay, action);

    /// <summary>Runs until a condition holds or the time is over; says whether it holds.</summary>
    public bool RunUntil(Func<bool> condition, TimeSpan limit)
    {
        var end = Now + limit;
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
        var next = Network.NextEvent;
        SimHost? host = null;
        foreach (var candidate in _hosts)
        {
            var due = candidate.NextDue;
            if (due < Instant.Never)
            {
                due += TimerLateness;
            }

            if (due < next)
            {
                next = due;
                host = candidate;
            }
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
        }
        else if (host is not null)
        {
            host.Pump(Now);
        }
        else
        {
            Network.Step();
        }

        return true;
    }
}
