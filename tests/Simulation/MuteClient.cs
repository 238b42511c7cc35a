using PouringRain.Protocol;

namespace Simulation;

/// <summary>A client that has its address validated, asks for all there is at any rate, under ever new subscriptions, and never says what
/// came of it; now and then it makes feedback up.</summary>
public sealed class MuteClient : SimHost
{
    private readonly IReadOnlyList<SimServer> _servers;
    private readonly ResourceId _resource;
    private readonly SimRandom _random;
    private readonly Dictionary<PeerAddress, Bits128> _tokens = [];
    private readonly byte[] _buffer = new byte[2048];
    private uint _subscriptionId, _number;

    public MuteClient(SimWorld world, IReadOnlyList<SimServer> servers, ResourceId resource, ulong seed, SimSeal? seal)
        : base(world, PeerAddress.FromIPv4(0xDEAD_0002, 667), seal: seal)
    {
        _servers = servers;
        _resource = resource;
        _random = new SimRandom(seed);
        Plan();
    }

    public override Instant NextTimeout => Instant.Never;

    protected override void OnDatagram(Instant now, PeerAddress from, ReadOnlySpan<byte> datagram)
    {
        if (OfferMessage.TryParse(datagram, out var offer, out _) && offer.Token != default)
        {
            _tokens[from] = offer.Token;
        }
    }

    protected override void OnWake(Instant now)
    {
    }

    private void Plan() => World.After(TimeSpan.FromMilliseconds(_random.Between(1, 300)), () =>
    {
        var server = _servers[(int)_random.Below(_servers.Count)].Address;
        if (_random.Chance(300_000))
        {
            _subscriptionId = (uint)_random.Next();
        }

        for (var i = 0; i < 3; i++)
        {
            new RequestItem(i == 0 ? WireFormat.ManifestBlockNumber : (uint)i - 1, 0, 1, ushort.MaxValue)
                .Write(_buffer.AsSpan(SubscribeMessage.FixedBytes + (i * RequestItem.SizeBytes)));
        }

        var length = new SubscribeMessage
        {
            SubscriptionId = _subscriptionId,
            Number = ++_number,
            Resource = _resource,
            Token = _tokens.GetValueOrDefault(server),
            AreGuesses = true,
            RateBytesPerSecond = uint.MaxValue,
            InFlightMax = int.MaxValue,
            HasFeedback = _random.Chance(200_000),
            HighestSequence = (uint)_random.Next(),
        }.Write(_buffer, itemCount: 3);
        Send(_buffer, new Transmit(server, length, length));
        if (World.Now.Nanoseconds < 1_012_000_000_000)
        {
            Plan();
        }
    });
}
