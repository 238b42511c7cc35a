using PouringRain.Protocol;

namespace Simulation;

/// <summary>The monotonic clock of one host: its zero is its own, it runs a little fast or slow, and it may jump ahead, as that of a
/// machine does which was suspended. It goes back only when a process starts anew (another boot, another machine).</summary>
public sealed class SimClock
{
    private const int Million = 1_000_000;
    private Instant _world;
    private Instant _local;
    private int _driftPerMillion;

    /// <summary>What it shows when the world's time is <paramref name="world"/>.</summary>
    public Instant Read(Instant world)
    {
        var elapsed = (Int128)(world.Nanoseconds - _world.Nanoseconds);
        return new Instant(_local.Nanoseconds + (long)(elapsed * (Million + _driftPerMillion) / Million));
    }

    /// <summary>The first moment of the world at which it shows <paramref name="local"/> or later, if it does not jump.</summary>
    public Instant ToWorld(Instant local)
    {
        if (local == Instant.Never || _driftPerMillion == 0 && _world == _local)
        {
            return local;
        }

        var elapsed = (Int128)local.Nanoseconds - _local.Nanoseconds;
        var rate = Million + _driftPerMillion;
        var steps = elapsed * Million;
        var nanoseconds = _world.Nanoseconds + (steps <= 0 ? steps / rate : (steps + rate - 1) / rate);
        return nanoseconds >= Instant.Never.Nanoseconds ? Instant.Never : new Instant((long)nanoseconds);
    }

    /// <summary>Shows <paramref name="local"/> from now on, and runs fast or slow.</summary>
    public void Set(Instant world, Instant local, int driftPerMillion)
    {
        _world = world;
        _local = local;
        _driftPerMillion = driftPerMillion;
    }

    /// <summary>Jumps ahead.</summary>
    public void Jump(Instant world, TimeSpan by) => Set(world, Read(world) + by, _driftPerMillion);
}
