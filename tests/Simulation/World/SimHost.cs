using PouringRain.Protocol;

namespace Simulation;

/// <summary>A host of the virtual network: it owns one state machine and does for it what a loop with a socket would do. Its public
/// members take the world's time, its state machine knows that of its own clock.</summary>
public abstract class SimHost : IDisposable
{
    private readonly Queue<(PeerAddress From, byte[] Datagram)> _waiting = new();
    private readonly List<Action> _whenResumed = [];
    private int _waitingBytes;

    protected SimHost(SimWorld world, PeerAddress address, SimClock? clock = null, SimSeal? seal = null)
    {
        World = world;
        Address = address;
        Clock = clock ?? new SimClock();
        Seal = seal;
        world.Add(this);
    }

    public SimWorld World { get; }

    public PeerAddress Address { get; }

    public SimClock Clock { get; }

    /// <summary>Set when all datagrams are sealed.</summary>
    public SimSeal? Seal { get; }

    /// <summary>Its place in the world.</summary>
    public int Index { get; set; }

    /// <summary>What goes out goes through; hosts of one machine share it.</summary>
    public SimPipe Uplink { get; set; } = new();

    /// <summary>What comes in goes through; hosts behind one link share it.</summary>
    public SimPipe Downlink { get; set; } = new();

    /// <summary>What comes in of groups goes through, where that is another pipe than that of the rest, as on Wi-Fi.</summary>
    public SimPipe? GroupDownlink { get; set; }

    /// <summary>What waits for a process that gets no processor; more is lost.</summary>
    public int ReceiveBufferBytes { get; init; } = 1 << 20;

    /// <summary>Whether its process gets no processor for now.</summary>
    public bool IsPaused { get; private set; }

    /// <summary>The time on its own clock.</summary>
    public Instant LocalNow => Clock.Read(World.Now);

    /// <summary>When <see cref="Pump"/> is next due.</summary>
    public Instant NextDue => IsPaused ? Instant.Never : Clock.ToWorld(NextTimeout);

    /// <summary>When the state machine wants to be woken, on its own clock.</summary>
    public abstract Instant NextTimeout { get; }

    /// <summary>Takes one datagram, then pumps.</summary>
    public void Deliver(Instant now, PeerAddress from, byte[] datagram)
    {
        if (!IsPaused)
        {
            Take(now, from, datagram);
        }
        else if (_waitingBytes + datagram.Length <= ReceiveBufferBytes)
        {
            _waiting.Enqueue((from, datagram));
            _waitingBytes += datagram.Length;
        }
    }

    /// <summary>Polls until there is nothing.</summary>
    public void Pump(Instant now)
    {
        if (!IsPaused)
        {
            OnWake(Clock.Read(now));
        }
    }

    /// <summary>Its process gets no processor for a while; datagrams wait meanwhile.</summary>
    public void Pause(TimeSpan duration)
    {
        if (IsPaused)
        {
            return;
        }

        IsPaused = true;
        World.After(duration, () =>
        {
            IsPaused = false;
            while (_waiting.TryDequeue(out var next))
            {
                _waitingBytes -= next.Datagram.Length;
                Take(World.Now, next.From, next.Datagram);
            }

            _whenResumed.ForEach(action => action());
            _whenResumed.Clear();
            Pump(World.Now);
        });
    }

    public void Dispose()
    {
        Dispose(isDisposing: true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool isDisposing) => Seal?.Dispose();

    /// <summary>Does something now, or once the process has a processor again.</summary>
    protected void WhenRunning(Action action)
    {
        if (IsPaused)
        {
            _whenResumed.Add(action);
        }
        else
        {
            action();
        }
    }

    protected abstract void OnDatagram(Instant now, PeerAddress from, ReadOnlySpan<byte> datagram);

    protected abstract void OnWake(Instant now);

    protected void Send(ReadOnlySpan<byte> buffer, Transmit transmit)
    {
        for (var offset = 0; offset < transmit.Length; offset += transmit.SegmentSize)
        {
            var datagram = buffer.Slice(offset, Math.Min(transmit.SegmentSize, transmit.Length - offset));
            World.Network.Send(World.Now, Address, transmit.To, Seal is null ? datagram : Seal.Seal(datagram));
        }
    }

    private void Take(Instant now, PeerAddress from, byte[] datagram)
    {
        var local = Clock.Read(now);
        ReadOnlySpan<byte> plain = datagram;
        if (Seal is null || Seal.TryOpen(local, from, datagram, out plain))
        {
            OnDatagram(local, from, plain);
        }
    }
}
