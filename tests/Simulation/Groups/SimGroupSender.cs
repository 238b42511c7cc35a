using PouringRain.Protocol;
using PouringRain.Protocol.Grouping;

namespace Simulation.Groups;

/// <summary>A host that rains on a group and, at the same port, to whoever asks it alone.</summary>
public sealed class SimGroupSender : SimHost
{
    private readonly byte[] _buffer = new byte[65_536];
    private readonly RainServer _server;

    public SimGroupSender(
        SimWorld world, PeerAddress address, GroupSenderOptions options, ResourceId resource, SimContent content, SimSeal? seal = null,
        SimClock? clock = null)
        : base(world, address, clock, seal)
    {
        Sender = new GroupSender(options, resource, content, world.Random.Next(), LocalNow);
        var catalog = new SimCatalog(world);
        catalog.Add(resource, content);
        _server = new RainServer(new RainServerOptions { TokenKey = options.TokenKey }, catalog, world.Random.Next());
    }

    public GroupSender Sender { get; }

    public List<GroupSenderEvent> Events { get; } = [];

    public bool IsUp { get; private set; } = true;

    /// <summary>Bytes of the datagrams that it sent to single receivers in answer to SUBSCRIBE.</summary>
    public long UnicastBytes { get; private set; }

    public override Instant NextTimeout => IsUp ? Instant.Min(Sender.NextTimeout, _server.NextTimeout) : Instant.Never;

    /// <summary>kill -9.</summary>
    public void Kill() => IsUp = false;

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
