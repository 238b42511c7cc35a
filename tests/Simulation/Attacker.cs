using PouringRain.Protocol;

namespace Simulation;

/// <summary>Sends to servers in a victim's name: real SUBSCRIBEs that it saw on the wire, cut, changed, or as they were.</summary>
public sealed class Attacker : SimHost
{
    private readonly IReadOnlyList<SimServer> _servers;
    private readonly SimRandom _random;
    private readonly List<(PeerAddress From, PeerAddress To, byte[] Bytes)> _seen = [];
    private readonly bool _replays;

    /// <param name="world">The world.</param>
    /// <param name="servers">Whom it attacks.</param>
    /// <param name="seed">Seeds its choices.</param>
    /// <param name="replays">Whether it also sends again what it saw to whom it was for, in the sender's name.</param>
    public Attacker(SimWorld world, IReadOnlyList<SimServer> servers, ulong seed, bool replays)
        : base(world, PeerAddress.FromIPv4(0xDEAD_0001, 666))
    {
        _servers = servers;
        _replays = replays;
        _random = new SimRandom(seed);
        var next = world.Network.OnSent;
        world.Network.OnSent = (from, to, bytes) =>
        {
            next?.Invoke(from, to, bytes);
            if (from != Address && _seen.Count < 200 && bytes.Length < 1300 && _random.Chance(300_000))
            {
                _seen.Add((from, to, bytes.ToArray()));
            }
        };
        Plan();
    }

    public PeerAddress Victim => Address;

    public override Instant NextTimeout => Instant.Never;

    protected override void OnDatagram(Instant now, PeerAddress from, ReadOnlySpan<byte> datagram)
    {
        // The victim hears nothing and says nothing.
    }

    protected override void OnWake(Instant now)
    {
    }

    private void Plan() => World.After(TimeSpan.FromMilliseconds(_random.Between(5, 200)), () =>
    {
        if (_seen.Count > 0)
        {
            var (from, to, seen) = _seen[(int)_random.Below(_seen.Count)];
            var datagram = (byte[])seen.Clone();
            if (_random.Chance(300_000))
            {
                datagram = datagram[..(int)_random.Below(datagram.Length + 1)];
            }
            else if (_random.Chance(500_000))
            {
                datagram[_random.Below(datagram.Length)] = (byte)_random.Next();
            }

            if (_replays && _random.Chance(500_000))
            {
                World.Network.Inject(World.Now, from, to, datagram);
            }

            World.Network.Send(World.Now, Address, _servers[(int)_random.Below(_servers.Count)].Address, datagram);
        }

        if (World.Now.Nanoseconds < 1_012_000_000_000)
        {
            Plan();
        }
    });
}
