using PouringRain.Protocol;

namespace Simulation;

/// <summary>What one direction of a path does to datagrams. Probabilities are parts per million.</summary>
public sealed record LinkFaults
{
    public TimeSpan Delay { get; init; } = TimeSpan.FromMilliseconds(5);

    public TimeSpan Jitter { get; init; }

    public int LossPerMillion { get; init; }

    /// <summary>Gilbert's model: chance to enter the bad state with every datagram; a quarter
    /// of datagrams leave it; all are lost in it.</summary>
    public int BurstPerMillion { get; init; }

    public int DuplicatePerMillion { get; init; }

    public int ReorderPerMillion { get; init; }

    public TimeSpan ReorderBy { get; init; } = TimeSpan.FromMilliseconds(5);

    /// <summary>Copies that come much later than the datagram itself.</summary>
    public int EchoPerMillion { get; init; }

    public TimeSpan EchoBy { get; init; } = TimeSpan.FromSeconds(1);

    public int CorruptPerMillion { get; init; }
}

/// <summary>A rate with a finite queue in front of it: a host's uplink or downlink.</summary>
public sealed class SimPipe
{
    private long _freeAt;

    /// <summary>Bytes a second including headers; 0 is no limit.</summary>
    public long RateBytesPerSecond { get; set; }

    public long QueueBytes { get; set; } = 1 << 20;

    public long Dropped { get; private set; }

    /// <summary>Sum of queueing delays in nanoseconds, and how many there were.</summary>
    public double QueueDelaySum { get; private set; }

    public long Passed { get; private set; }

    /// <summary>When a datagram that comes now is through; false when the queue is full.</summary>
    public bool TryPass(Instant now, int bytes, out Instant through)
    {
        through = now;
        if (RateBytesPerSecond == 0)
        {
            return true;
        }

        var wait = Math.Max(0, _freeAt - now.Nanoseconds);
        if (wait * 1e-9 * RateBytesPerSecond > QueueBytes)
        {
            Dropped++;
            return false;
        }

        QueueDelaySum += wait;
        Passed++;
        _freeAt = now.Nanoseconds + wait + (long)(bytes * 1e9 / RateBytesPerSecond);
        through = new Instant(_freeAt);
        return true;
    }
}
