using PouringRain.Protocol;

namespace Simulation;

/// <summary>A host that rains.</summary>
public sealed class SimServer : SimHost
{
    private readonly byte[] _buffer = new byte[65_536];
    private readonly RainServerOptions _options;
    private bool _isUp = true;

    public SimServer(SimWorld world, PeerAddress address, RainServerOptions? options = null)
        : base(world, address)
    {
        _options = options ?? new RainServerOptions { TokenKey = new byte[32] };
        Rain = new RainServer(_options, Catalog, world.Random.Next());
    }

    public SimCatalog Catalog { get; } = new();

    public RainServer Rain { get; private set; }

    public List<PropagateRequest> Asked { get; } = [];

    public long DropletsSent { get; private set; }

    public override Instant NextTimeout => _isUp ? Rain.NextTimeout : Instant.Never;

    /// <summary>kill -9.</summary>
    public void Kill() => _isUp = false;

    /// <summary>Starts again with no memory but what is on disk.</summary>
    public void Restart()
    {
        _isUp = true;
        Rain = new RainServer(_options, Catalog, World.Random.Next());
    }

    public override void Deliver(Instant now, PeerAddress from, byte[] datagram)
    {
        if (_isUp)
        {
            Rain.Handle(now, from, datagram);
            Pump(now);
        }
    }

    public override void Pump(Instant now)
    {
        while (Rain.TryPollTransmit(now, _buffer, out var transmit))
        {
            if (transmit.SegmentSize > 300)
            {
                DropletsSent += transmit.Length / transmit.SegmentSize;
            }

            Send(now, _buffer, transmit);
        }

        while (Rain.TryPollEvent(out var request))
        {
            Asked.Add(request);
        }
    }
}
