using PouringRain.Protocol;

namespace Simulation;

/// <summary>A host that rains.</summary>
public sealed class SimServer : SimHost
{
    private readonly byte[] _buffer = new byte[65_536];
    private RainServerOptions _options;
    private AwaitedDatagrams _awaited = new();
    private bool _isUp = true;

    public SimServer(SimWorld world, PeerAddress address, RainServerOptions? options = null, SimClock? clock = null, SimSeal? seal = null)
        : base(world, address, clock, seal)
    {
        _options = options ?? new RainServerOptions { TokenKey = new byte[32] };
        Catalog = new SimCatalog(world);
        Catalog.Loaded += OnLoaded;
        Rain = new RainServer(_options, Catalog, world.Random.Next());
    }

    public SimCatalog Catalog { get; }

    public RainServer Rain { get; private set; }

    public List<PropagateRequest> Asked { get; } = [];

    public long DropletsSent { get; private set; }

    /// <summary>A liar changes what it sends.</summary>
    public Tampering? Tamper { get; set; }

    /// <summary>One that withholds does not send what this says no to.</summary>
    public Tampering<bool>? Filter { get; set; }

    public override Instant NextTimeout => _isUp ? Rain.NextTimeout : Instant.Never;

    /// <summary>kill -9.</summary>
    public void Kill() => _isUp = false;

    public bool IsUp => _isUp;

    /// <summary>How often it was started again.</summary>
    public int Starts { get; private set; }

    public int SubscriberCountMax => _options.SubscriberCountMax;

    /// <summary>The token that it would give to an address now: whoever was here before has it.</summary>
    public Bits128 TokenFor(PeerAddress client) => new AddressTokens(_options.TokenKey).Make(client, LocalNow);

    /// <summary>The key of the tokens from the next start on.</summary>
    public ReadOnlyMemory<byte> TokenKey
    {
        set => _options = _options with { TokenKey = value };
    }

    /// <summary>Starts again with no memory but what is on disk.</summary>
    public void Restart()
    {
        _isUp = true;
        _awaited = new AwaitedDatagrams();
        Starts++;
        Seal?.Restart(World.Random);

        // A ceiling goes by its process's clock, which may be another now.
        _options = _options with { Ceiling = RainCeiling.Of(_options.Ceiling?.RateBytesPerSecond ?? 0) };
        Rain = new RainServer(_options, Catalog, World.Random.Next());
    }

    protected override void OnDatagram(Instant now, PeerAddress from, ReadOnlySpan<byte> datagram)
    {
        if (_isUp)
        {
            HandOn(now, from, datagram);
            OnWake(now);
        }
    }

    private void OnLoaded(ResourceId resource)
    {
        var awaited = _awaited.Take(LocalNow, resource);
        foreach (var (from, datagram) in _isUp ? awaited : [])
        {
            HandOn(LocalNow, from, datagram.Span);
        }

        Pump(World.Now);
    }

    private void HandOn(Instant now, PeerAddress from, ReadOnlySpan<byte> datagram)
    {
        if (Rain.Handle(now, from, datagram) is { } loading)
        {
            _awaited.Add(now, loading, from, datagram);
        }
    }

    protected override void OnWake(Instant now)
    {
        if (!_isUp)
        {
            return;
        }

        while (Rain.TryPollTransmit(now, _buffer, out var transmit))
        {
            if (transmit.SegmentSize > 300)
            {
                DropletsSent += transmit.Length / transmit.SegmentSize;
            }

            for (var offset = 0; Tamper is not null && offset < transmit.Length; offset += transmit.SegmentSize)
            {
                Tamper(_buffer.AsSpan(offset, Math.Min(transmit.SegmentSize, transmit.Length - offset)));
            }

            if (Filter is null)
            {
                Send(_buffer, transmit);
                continue;
            }

            for (var offset = 0; offset < transmit.Length; offset += transmit.SegmentSize)
            {
                var datagram = _buffer.AsSpan(offset, Math.Min(transmit.SegmentSize, transmit.Length - offset));
                if (Filter(datagram))
                {
                    Send(datagram, new Transmit(transmit.To, datagram.Length, datagram.Length));
                }
            }
        }

        while (Rain.TryPollEvent(out var request))
        {
            Asked.Add(request);
        }
    }
}

/// <summary>Changes a datagram of a liar.</summary>
public delegate void Tampering(Span<byte> datagram);

/// <summary>Looks at a datagram, and may change it.</summary>
public delegate T Tampering<out T>(Span<byte> datagram);
