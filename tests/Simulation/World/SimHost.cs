using PouringRain.Protocol;

namespace Simulation;

/// <summary>A host of the virtual network: it owns one state machine and does for it what a loop with a socket would do.</summary>
public abstract class SimHost
{
    protected SimHost(SimWorld world, PeerAddress address)
    {
        World = world;
        Address = address;
        world.Add(this);
    }

    public SimWorld World { get; }

    public PeerAddress Address { get; }

    public SimPipe Uplink { get; } = new();

    public SimPipe Downlink { get; } = new();

    /// <summary>When <see cref="Pump"/> is next due.</summary>
    public abstract Instant NextTimeout { get; }

    /// <summary>Takes one datagram, then pumps.</summary>
    public abstract void Deliver(Instant now, PeerAddress from, byte[] datagram);

    /// <summary>Polls until there is nothing.</summary>
    public abstract void Pump(Instant now);

    protected void Send(Instant now, ReadOnlySpan<byte> buffer, Transmit transmit)
    {
        for (var offset = 0; offset < transmit.Length; offset += transmit.SegmentSize)
        {
            var size = Math.Min(transmit.SegmentSize, transmit.Length - offset);
            World.Network.Send(now, Address, transmit.To, buffer.Slice(offset, size));
        }
    }
}
