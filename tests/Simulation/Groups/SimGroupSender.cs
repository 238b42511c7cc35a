using PouringRain.Protocol;
using PouringRain.Protocol.Grouping;

namespace Simulation.Groups;

/// <summary>A host that rains on a group and, at the same port, to whoever asks it alone.</summary>
public sealed class SimGroupSender : SimHost
{
    private readonly byte[] _buffer = new byte[65_536];
    private readonly GroupSenderOptions _options;
    private readonly ResourceId _resource;
    private readonly SimContent _content;
    private readonly SimCatalog _catalog;
    private RainServer _server;

    public SimGroupSender(
        SimWorld world, PeerAddress address, GroupSenderOptions options, ResourceId resource, SimContent content, SimSeal? seal = null,
        SimClock? clock = null)
        : base(world, address, clock, seal)
    {
        _options = options;
        _resource = resource;
        _content = content;
        Sender = new GroupSender(options, resource, content, world.Random.Next(), LocalNow);
        _catalog = new SimCatalog(world);
        _catalog.Add(resource, content);
        _server = new RainServer(new RainServerOptions { TokenKey = options.TokenKey }, _catalog, world.Random.Next());
    }

    public GroupSender Sender { get; private set; }

    public SimContent Content => _content;

    public List<GroupSenderEvent> Events { get; } = [];

    public Instant? EndedAt { get; private set; }

    public bool IsUp { get; private set; } = true;

    /// <summary>Bytes of the datagrams that it sent to single receivers in answer to SUBSCRIBE.</summary>
    public long UnicastBytes { get; private set; }

    public override Instant NextTimeout => IsUp ? Instant.Min(Sender.NextTimeout, _server.NextTimeout) : Instant.Never;

    /// <summary>kill -9.</summary>
    public void Kill() => IsUp = false;

    /// <summary>Starts again, and sends all from the beginning.</summary>
    public void Restart()
    {
        IsUp = true;
        Seal?.Restart(World.Random);
        Sender = new GroupSender(_options, _resource, _content, World.Random.Next(), LocalNow);
        _server = new RainServer(new RainServerOptions { TokenKey = _options.TokenKey }, _catalog, World.Random.Next());
        Pump(World.Now);
    }

    protected override void OnDatagram(Instant now, PeerAddress from, ReadOnlySpan<byte> datagram)
    {
        if (!IsUp)
        {
            return;
        }

        if (GroupFormat.IsGroupMessage(datagram))
        {
            Sender.Handle(now, from, datagram);
        }
        else
        {
            _server.Handle(now, from, datagram);
        }

        OnWake(now);
    }

    protected override void OnWake(Instant now)
    {
        if (!IsUp)
        {
            return;
        }

        while (Sender.TryPollEvent(out var groupEvent))
        {
            Events.Add(groupEvent);
            EndedAt = groupEvent.Kind == GroupSenderEventKind.Ended ? World.Now : EndedAt;
        }

        while (Sender.TryPollTransmit(now, _buffer, out var transmit))
        {
            Send(_buffer, transmit);
        }

        while (_server.TryPollTransmit(now, _buffer, out var transmit))
        {
            UnicastBytes += transmit.Length;
            Send(_buffer, transmit);
        }
    }
}
