using PouringRain.Protocol;
using PouringRain.Protocol.Grouping;

namespace Simulation.Groups;

/// <summary>Somebody without the secret who has recorded sealed rain, all of an earlier session and what he hears of this one, and sends it
/// again: from an address of his own, and in the name of who sent it.</summary>
public sealed class GroupReplayer : SimHost
{
    private const int HeardMax = 2000;

    private readonly List<byte[]> _past = [];
    private readonly List<(PeerAddress From, PeerAddress To, byte[] Datagram)> _heard = [];
    private readonly SimGroupSender _sender;
    private readonly SimRandom _random;
    private readonly TimeSpan _every;
    private Instant _next;
    private int _played;

    public GroupReplayer(
        SimWorld world, PeerAddress address, SimGroupSender sender, ResourceId resource, SimContent old, SimSeal seal, SimRandom random,
        long bytesPerSecond)
        : base(world, address)
    {
        (_sender, _random) = (sender, random);
        Record(resource, old, seal);
        _every = TimeSpan.FromSeconds(_past.Max(static datagram => datagram.Length) / (double)bytesPerSecond);
        _next = LocalNow + TimeSpan.FromMilliseconds(5);
        world.Network.OnSent = (from, to, bytes) =>
        {
            if (_heard.Count < HeardMax && from != Address)
            {
                _heard.Add((from, to, bytes.ToArray()));
            }
        };
    }

    public override Instant NextTimeout => _sender.Sender.EndReason == GroupEndReason.None ? _next : Instant.Never;

    protected override void OnDatagram(Instant now, PeerAddress from, ReadOnlySpan<byte> datagram)
    {
        // He answers nobody.
    }

    protected override void OnWake(Instant now)
    {
        if (now < _next)
        {
            return;
        }

        _next = now + _every;
        if (_heard.Count > 0 && _random.Chance(300_000))
        {
            var (from, to, datagram) = _heard[(int)_random.Below(_heard.Count)];
            Play(_random.Chance(500_000) ? from : Address, to, datagram);
        }
        else
        {
            // All of it in the order in which it was sent, so that it may be taken for the rain.
            var datagram = _past[_played++ % _past.Count];
            Play(_sender.Address, GroupRun.Group, datagram);
            if (_random.Chance(200_000))
            {
                Play(Address, GroupRun.Group, datagram);
            }
        }
    }

    private void Play(PeerAddress from, PeerAddress to, byte[] datagram)
    {
        foreach (var receiver in to == GroupRun.Group ? World.Network.MembersOf(to) : [to])
        {
            World.Network.Inject(World.Now, from, receiver, datagram);
        }
    }

    /// <summary>All that a sender of an older version would have sent to the group.</summary>
    private void Record(ResourceId resource, SimContent old, SimSeal seal)
    {
        const int recordedMax = 20_000;
        var now = new Instant(1_000_000_000);
        var sender = new GroupSender(
            new GroupSenderOptions { Group = GroupRun.Group, RateBitsPerSecond = 50_000_000, TokenKey = new byte[32], IsSealed = true },
            resource, old, _random.Next(), now);
        var buffer = new byte[65_536];
        while (sender.EndReason == GroupEndReason.None && _past.Count < recordedMax)
        {
            while (sender.TryPollTransmit(now, buffer, out var transmit))
            {
                for (var at = 0; at < transmit.Length; at += transmit.SegmentSize)
                {
                    _past.Add(seal.Seal(buffer.AsSpan(at, Math.Min(transmit.SegmentSize, transmit.Length - at))).ToArray());
                }
            }

            while (sender.TryPollEvent(out _))
            {
                // It goes on by itself.
            }

            now = Instant.Min(sender.NextTimeout, now + TimeSpan.FromSeconds(1)) is var next && next > now
                ? next : now + TimeSpan.FromMicroseconds(10);
        }
    }
}
