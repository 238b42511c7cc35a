using Simulation;

namespace PouringRain.Protocol.Tests.Serving;

[Collection(nameof(Alone))]
public class RainServerTests
{
    /// <summary>Answers to renewals count under a ceiling, too.</summary>
    private const int MillisecondsToRenewal = 20;

    private static readonly PeerAddress Client = PeerAddress.FromIPv4(0xC0A8_0001, 1234);
    private readonly byte[] _buffer = new byte[65_536];
    private readonly Dictionary<PeerAddress, uint> _heard = [];
    private readonly List<Subscription> _subscriptions = [];
    private uint _number;
    private Instant _now = new(5_000_000_000);

    [Fact]
    public void AForgedSubscribeDrawsNoMoreThanItCarried()
    {
        var (server, _) = NewServer();
        foreach (var length in (int[])[96, 110, 126, 160, 1180])
        {
            var datagram = Subscribe(1, token: 99, items: [new RequestItem(0, 0, 1, 40)], pad: length);
            server.Handle(_now, Client, datagram);
            Assert.True(Drain(server).Sum(d => d.Length) <= datagram.Length, $"{length}");
        }

        Assert.Empty(server.SnapshotSubscribers(_now));
    }

    [Fact]
    public void WhereTheTableIsFullAnAddressWithManyRowsGivesWayToOneWithFew()
    {
        const int rows = 10_000;
        var (server, _) = NewServer();
        var token = TokenOf(server);
        for (var id = 1u; id <= rows + 5; id++)
        {
            server.Handle(_now, Client, Subscribe(1, token, [new RequestItem(0, 0, 1, 10)], id: id));
        }

        Assert.Equal(rows, server.SubscriberCount);
        var other = PeerAddress.FromIPv4(0x0A00_0099, 5000);
        Drain(server);
        var otherToken = TokenOf(server, other);
        server.Handle(_now, other, Subscribe(1, otherToken, [new RequestItem(0, 0, 1, 10)], id: 7));
        Assert.Equal(rows, server.SubscriberCount);
        var snapshot = server.SnapshotSubscribers(_now);
        Assert.Single(snapshot, row => row.Peer == other);
        Assert.Equal(rows - 1, snapshot.Count(row => row.Peer == Client));
    }

    [Fact]
    public void RepeatsOfASubscribeSendNothingTwice()
    {
        var (server, _) = NewServer();
        var token = TokenOf(server);
        var datagram = Subscribe(1, token, [new RequestItem(0, 0, 1, 40)]);
        for (var i = 0; i < 5; i++)
        {
            server.Handle(_now, Client, datagram);
        }

        Assert.Equal(Enumerable.Range(0, 40), DrainDroplets(server).Select(d => (int)d.Esi));
        server.Handle(_now, Client, datagram);
        Assert.Empty(DrainDroplets(server));
    }

    [Fact]
    public void TheLogGoesOnWhereItStandsAndWithdrawnRequestsAreLeftOut()
    {
        var (server, _) = NewServer();
        var token = TokenOf(server);
        server.Handle(_now, Client, Subscribe(1, token, [new RequestItem(0, 0, 1, 10), new RequestItem(1, 0, 2, 3)]));
        Assert.Equal(13, DrainDroplets(server).Count);
        server.Handle(
            _now, Client,
            Subscribe(2, token, [new RequestItem(1, 0, 2, 3), new RequestItem(0, 10, 1, 0), new RequestItem(0, 50, 1, 2)], first: 1));
        Assert.Equal([50, 51], DrainDroplets(server).Select(d => (int)d.Esi));

        // An older SUBSCRIBE that comes late changes nothing.
        server.Handle(_now, Client, Subscribe(1, token, [new RequestItem(0, 0, 1, 10), new RequestItem(1, 0, 2, 3)]));
        Assert.Empty(DrainDroplets(server));
    }

    [Fact]
    public void AGuessIsCutToTheBlockThereIs()
    {
        var (server, content) = NewServer();
        var token = TokenOf(server);
        var symbols = content.Manifest.Layout.SymbolsOf(2);
        server.Handle(_now, Client, Subscribe(1, token, [new RequestItem(2, 1, 3, 500), new RequestItem(999, 0, 1, 5)], guesses: true));
        Assert.Equal(Enumerable.Range(0, symbols).Where(i => i % 3 == 1), DrainDroplets(server).Select(d => (int)d.Esi));
    }

    [Fact]
    public void WhoWantsSmallSymbolsGetsThemFromThatRequestOn()
    {
        var (server, content) = NewServer();
        var token = TokenOf(server);
        server.Handle(_now, Client, Subscribe(1, token, [new RequestItem(0, 0, 1, 6)]));
        Assert.Equal(Enumerable.Repeat(1408, 6), SymbolSizes(server));
        RequestItem[] items =
            [new RequestItem(0, 0, 1, 2), new RequestItem(WireFormat.ManifestBlockNumber, 0, 1, 60_000), new RequestItem(0, 1, 1, 60_000)];
        server.Handle(_now, Client, Subscribe(2, token, items, first: 1, guesses: true, small: true, heard: HeardBy(Client)));
        var small = content.Manifest.SmallLayout;
        Assert.Equal(1152, small.SymbolSize);
        var manifestSymbols = (content.Manifest.Bytes.Length + 1151) / 1152;
        Assert.Equal(Enumerable.Repeat(1152, 2 + manifestSymbols + small.SymbolsOf(0) - 1), SymbolSizes(server));
    }

    [Fact]
    public void DropletsArePacedAtTheGrantedRate()
    {
        var (server, _) = NewServer();
        var token = TokenOf(server);
        var bytes = 0;
        for (var i = 0u; i < 200; i++)
        {
            server.Handle(_now, Client, Subscribe(i, token, [new RequestItem(0, 0, 1, 60_000)], rate: 1_000_000, heard: HeardBy(Client)));
            _now += TimeSpan.FromMilliseconds(1);
            bytes += DrainTransmits(server).Sum(transmit => transmit.Length);
        }

        Assert.InRange(bytes, 195_000, 220_000);
    }

    [Fact]
    public void TheCeilingIsSharedFairlyAndIdleShareIsHandedOn()
    {
        var (server, _) = NewServer(ceiling: 1_000_000);
        var peers = Enumerable.Range(0, 4).Select(i => Client with { Port = (ushort)(2000 + i) }).ToArray();
        var tokens = peers.Select(peer => TokenOf(server, peer)).ToArray();
        var rates = new uint[] { 100_000, 4_000_000, 4_000_000, 50_000_000 };
        var sums = new Dictionary<PeerAddress, int>();
        for (var i = 0u; i < 1000; i++)
        {
            for (var j = 0; j < 4 && i % MillisecondsToRenewal == 0; j++)
            {
                var subscribe = Subscribe(
                    i, tokens[j], [new RequestItem(0, 0, 1, 60_000)], rate: rates[j], id: (uint)j, heard: HeardBy(peers[j]));
                server.Handle(_now, peers[j], subscribe);
            }

            _now += TimeSpan.FromMilliseconds(1);
            foreach (var (to, length) in DrainTransmits(server))
            {
                sums[to] = sums.GetValueOrDefault(to) + length;
            }
        }

        Assert.InRange(sums[peers[0]], 90_000, 125_000);
        foreach (var peer in peers[1..])
        {
            Assert.InRange(sums[peer], 280_000, 320_000);
        }
    }

    [Fact]
    public void ServersThatShareACeilingGiveTheirSubscribersEqualParts()
    {
        var servers = NewServers(3, RainCeiling.Of(2_000_000));
        SubscribeAll(servers[0], 1, rate: 50_000_000);
        SubscribeAll(servers[1], 6, rate: 50_000_000);
        SubscribeAll(servers[2], 1, rate: 100_000);

        var sums = SumsOf(servers, milliseconds: 2000);

        // 2,000 ms of 2 MB/s; what one leaves, the other seven have in equal parts.
        Assert.InRange(sums.Values.Sum(one => one.Sum()), 3_900_000, 4_050_000);
        Assert.InRange(Assert.Single(sums[servers[2]]), 180_000, 225_000);
        Assert.All(sums[servers[0]].Concat(sums[servers[1]]), one => Assert.InRange(one, 500_000, 580_000));
    }

    [Fact]
    public void AServerThatDoesNotMoveHoldsUpNoOtherUnderTheSameCeiling()
    {
        var servers = NewServers(2, RainCeiling.Of(1_000_000));
        SubscribeAll(servers[0], 1, rate: 50_000_000);
        SubscribeAll(servers[1], 1, rate: 50_000_000);
        SumsOf(servers, milliseconds: 100);

        var sums = SumsOf(servers[..1], milliseconds: 1000);

        Assert.InRange(Assert.Single(sums[servers[0]]), 950_000, 1_050_000);
    }

    [Fact]
    public void AServerThatComesLateHasNothingSavedUpUnderASharedCeiling()
    {
        var servers = NewServers(2, RainCeiling.Of(1_000_000));
        SubscribeAll(servers[0], 1, rate: 50_000_000);
        SumsOf(servers, milliseconds: 2000);
        SubscribeAll(servers[1], 1, rate: 50_000_000);

        var sums = SumsOf(servers, milliseconds: 1000);

        Assert.All(sums.Values, one => Assert.InRange(Assert.Single(one), 450_000, 550_000));
    }

    [Fact]
    public void UnderASharedCeilingAClientIsToldWhatPartItsServerHas()
    {
        var servers = NewServers(3, RainCeiling.Of(3_000_000));
        foreach (var server in servers)
        {
            SubscribeAll(server, 1, rate: 1000);
        }

        Renew(_subscriptions[0]);

        var ceilings = Drain(servers[0])
            .Where(datagram => OfferMessage.TryParse(datagram, out _, out _))
            .Select(datagram => OfferMessage.TryParse(datagram, out var offer, out _) ? offer.CeilingBytesPerSecond : 0);
        Assert.Equal(1_000_000u, Assert.Single(ceilings));
    }

    [Fact]
    public void ASubscriptionDiesByItself()
    {
        var (server, _) = NewServer();
        server.Handle(_now, Client, Subscribe(1, TokenOf(server), [new RequestItem(0, 0, 1, 60_000)], rate: 10_000));
        Drain(server);
        server.Handle(
            _now, Client, Subscribe(2, TokenOf(server), [new RequestItem(0, 0, 1, 60_000)], rate: 10_000, heard: HeardBy(Client)));
        _now += TimeSpan.FromSeconds(4.9);
        Drain(server);
        Assert.Single(server.SnapshotSubscribers(_now));
        _now += TimeSpan.FromSeconds(0.2);
        Assert.Empty(Drain(server));
        Assert.Empty(server.SnapshotSubscribers(_now));
        Assert.Equal(Instant.Never, server.NextTimeout);
    }

    [Fact]
    public void OneThatNeverGaveFeedbackDiesSooner()
    {
        var (server, _) = NewServer();
        server.Handle(_now, Client, Subscribe(1, TokenOf(server), [new RequestItem(0, 0, 1, 60_000)], rate: 10_000));
        Drain(server);
        _now += TimeSpan.FromSeconds(2.1);
        Assert.Empty(Drain(server));
        Assert.Empty(server.SnapshotSubscribers(_now));
        Assert.Equal(Instant.Never, server.NextTimeout);
    }

    [Fact]
    public void WhoNeverGivesFeedbackGetsOneFirstFlightHoweverOftenItSubscribes()
    {
        var (server, _) = NewServer();
        var token = TokenOf(server);
        var (came, went) = (0, 0);
        for (var i = 0u; i < 2000; i++)
        {
            var subscribe = Subscribe(i, token, [new RequestItem(0, 0, 1, 60_000)], id: i / 10);
            came += subscribe.Length;
            server.Handle(_now, Client, subscribe);
            went += Drain(server).Where(datagram => DropletMessage.TryParse(datagram, out _, out _)).Sum(datagram => datagram.Length);
            _now += TimeSpan.FromMilliseconds(100);
        }

        Assert.InRange(went, 50_000, 64 * 1024);

        // One who has a token of another port, as someone behind the same address may, gets nothing at all.
        server.Handle(_now, Client with { Port = 4321 }, Subscribe(1, token, [new RequestItem(0, 0, 1, 60_000)], id: 1));
        Assert.DoesNotContain(Drain(server), datagram => DropletMessage.TryParse(datagram, out _, out _));
    }

    [Fact]
    public void FeedbackOpensTheFlightAndTheLastOneComesWithUnsubscribe()
    {
        var (server, _) = NewServer();
        var token = TokenOf(server);
        server.Handle(_now, Client, Subscribe(1, token, [new RequestItem(0, 0, 1, 60_000)]));
        var first = DrainLong(server);
        Assert.InRange(first, 50_000, 64 * 1024);
        Assert.Equal(0, DrainLong(server));

        // Another subscription of the same peer waits with it, and goes on with it.
        server.Handle(_now, Client, Subscribe(1, token, [new RequestItem(0, 0, 1, 60_000)], id: 2));
        Assert.Equal(0, DrainLong(server));
        var unsubscribe = new byte[UnsubscribeMessage.SizeBytes];
        new UnsubscribeMessage { SubscriptionId = 1, Resource = Scene.Id, HasFeedback = true, HighestSequence = HeardBy(Client)!.Value }
            .Write(unsubscribe);
        server.Handle(_now, Client, unsubscribe);
        Assert.InRange(DrainLong(server), 8 * first, 10 * first);
    }

    [Fact]
    public void AClientWhoseFirstFlightWasLostWholeGoesOnByWhatStatusTellsIt()
    {
        var (server, content) = NewServer();
        var token = TokenOf(server);
        server.Handle(_now, Client, Subscribe(1, token, [new RequestItem(0, 0, 1, 60_000)]));
        DrainLong(server);
        var withVersion = Subscribe(2, token, [new RequestItem(0, 0, 1, 60_000)], version: content.Manifest.Version);
        server.Handle(_now, Client, withVersion);
        var status = Drain(server).Single(datagram => StatusMessage.TryParse(datagram, out _, out _));
        Assert.True(StatusMessage.TryParse(status, out var told, out _));
        server.Handle(_now, Client, Subscribe(3, token, [new RequestItem(0, 0, 1, 60_000)], heard: told.NextSequence - 1));
        Assert.True(DrainLong(server) > 0);
    }

    [Fact]
    public void UnsubscribeStopsAtOnce()
    {
        var (server, _) = NewServer();
        server.Handle(_now, Client, Subscribe(1, TokenOf(server), [new RequestItem(0, 0, 1, 60_000)], rate: 10_000));
        var datagram = new byte[UnsubscribeMessage.SizeBytes];
        new UnsubscribeMessage { SubscriptionId = 1, Resource = Scene.Id }.Write(datagram);
        server.Handle(_now, Client, datagram);
        Assert.Empty(server.SnapshotSubscribers(_now));
    }

    [Fact]
    public void TenThousandTrickleSubscribersAreServedFairlyInLittleMemory()
    {
        var (server, _) = NewServer();
        var before = GC.GetTotalMemory(forceFullCollection: true);
        for (var i = 0; i < 10_000; i++)
        {
            var peer = Client with { Port = (ushort)(i + 1) };
            server.Handle(_now, peer, Subscribe(1, TokenOf(server, peer), [new RequestItem(0, 0, 1, 10_000)], rate: 14_720));
            Drain(server);
        }

        var perSubscriber = (GC.GetTotalMemory(forceFullCollection: true) - before) / 10_000;
        Assert.True(perSubscriber < 2000, $"{perSubscriber} bytes each");
        var counts = new Dictionary<PeerAddress, int>();
        for (var i = 0; i < 1900; i++)
        {
            _now += TimeSpan.FromMilliseconds(1);
            foreach (var (to, length) in DrainTransmits(server))
            {
                counts[to] = counts.GetValueOrDefault(to) + length;
            }
        }

        Assert.Equal(10_000, counts.Count);
        Assert.True(counts.Values.Max() <= counts.Values.Min() * 1.2, $"{counts.Values.Min()} to {counts.Values.Max()}");
    }

    [Fact]
    public void PropagationGoesByTokenThenAcceptedThenHeld()
    {
        var scene = new Scene();
        var content = SimContent.Create(Scene.RandomBytes(1000));
        var node = scene.AddServer();
        var propagation = new Propagation(
            Scene.Id, content.Manifest.Version, 1999, node.Address, TimeSpan.FromSeconds(5), new TokenCache(), 1, _now);
        var answers = Exchange(node.Rain, propagation);
        Assert.Equal([PropagationState.Asked, PropagationState.Accepted], answers);
        Assert.True(node.Rain.TryPollEvent(out var request));
        Assert.Equal(new PropagateRequest(Scene.Id, content.Manifest.Version, Client with { Port = 1999 }), request);
        node.Catalog.Add(Scene.Id, content);
        _now += TimeSpan.FromSeconds(1);
        Assert.Equal([PropagationState.Held], Exchange(node.Rain, propagation));
        Assert.Equal(new NodeId(5), propagation.Node);
        Assert.True(propagation.IsOver);
    }

    [Fact]
    public void PropagationToASilentNodeEndsUnanswered()
    {
        var propagation = new Propagation(
            Scene.Id, Sha256Digest.Of([1]), 1999, Client, TimeSpan.FromSeconds(2), new TokenCache(), 1, _now);
        while (!propagation.IsOver)
        {
            Assert.True(propagation.NextTimeout < new Instant(10_000_000_000));
            _now = Instant.Max(propagation.NextTimeout, _now);
            propagation.TryPollTransmit(_now, _buffer, out _);
        }

        Assert.Equal(PropagationState.Unanswered, propagation.State);
    }

    private List<PropagationState> Exchange(RainServer server, Propagation propagation)
    {
        var states = new List<PropagationState>();
        while (propagation.TryPollTransmit(_now, _buffer, out var transmit))
        {
            server.Handle(_now, Client, _buffer.AsSpan(0, transmit.Length));
            foreach (var answer in Drain(server))
            {
                propagation.Handle(_now, transmit.To, answer);
                states.Add(propagation.State);
            }
        }

        return states;
    }

    [Fact]
    public void AServerThatClosesTellsEverySubscriberOnceAndTakesNoOther()
    {
        var (server, _) = NewServer();
        var token = TokenOf(server);
        for (var id = 1u; id <= 3; id++)
        {
            server.Handle(_now, Client, Subscribe(1, token, [new RequestItem(0, 0, 1, 60_000)], rate: 10_000, id: id));
        }

        Drain(server);
        Assert.False(server.IsClosed);
        server.Close();
        Assert.Equal(_now, server.NextTimeout);
        Assert.Equal((uint[])[1, 2, 3], BusyIds().Order());
        Assert.True(server.IsClosed);
        Assert.Empty(server.SnapshotSubscribers(_now));

        server.Handle(_now, Client, Subscribe(1, token, [new RequestItem(0, 0, 1, 10)], id: 4));
        Assert.Equal((uint[])[4], BusyIds());
        _now += TimeSpan.FromSeconds(10);
        Assert.Empty(Drain(server));

        List<uint> BusyIds() => [.. Drain(server).Select(datagram =>
        {
            Assert.True(ShortMessage.TryParse(datagram, out var message));
            Assert.Equal((MessageType.Busy, Scene.Id), (message.Type, message.Resource));
            return message.SubscriptionId;
        })];
    }

    private static (RainServer Server, SimContent Content) NewServer(long ceiling = 0)
    {
        var content = SimContent.Create(Scene.RandomBytes(200_000), blockBytes: 64 * 1408);
        var catalog = new SimCatalog();
        catalog.Add(Scene.Id, content);
        return (new RainServer(new RainServerOptions { TokenKey = new byte[32], Ceiling = RainCeiling.Of(ceiling) }, catalog, 1), content);
    }

    private static RainServer[] NewServers(int count, RainCeiling? ceiling)
    {
        var catalog = new SimCatalog();
        catalog.Add(Scene.Id, SimContent.Create(Scene.RandomBytes(200_000), blockBytes: 64 * 1408));
        return [.. Enumerable.Range(1, count).Select(seed =>
            new RainServer(new RainServerOptions { TokenKey = new byte[32], Ceiling = ceiling }, catalog, (ulong)seed))];
    }

    private void SubscribeAll(RainServer server, int count, uint rate)
    {
        for (var i = 0; i < count; i++)
        {
            var peer = Client with { Port = (ushort)(2000 + _subscriptions.Count) };
            var subscription = new Subscription(server, peer, TokenOf(server, peer), rate);
            _subscriptions.Add(subscription);
            Renew(subscription);
            Drain(server);
        }
    }

    /// <summary>As a client does all the time, with feedback.</summary>
    private void Renew(Subscription subscription)
    {
        var items = Enumerable.Range(0, 8).Select(first => new RequestItem(0, (uint)first * 60_000, 1, 60_000)).ToArray();
        var subscribe = Subscribe(++_number, subscription.Token, items, subscription.Rate, heard: HeardBy(subscription.Peer));
        subscription.Server.Handle(_now, subscription.Peer, subscribe);
    }

    private sealed record Subscription(RainServer Server, PeerAddress Peer, Bits128 Token, uint Rate);

    /// <summary>Bytes that each subscriber of each server got.</summary>
    private Dictionary<RainServer, ICollection<int>> SumsOf(RainServer[] servers, int milliseconds)
    {
        var sums = servers.ToDictionary(server => server, _ => new Dictionary<PeerAddress, int>());
        for (var i = 0; i < milliseconds; i++)
        {
            _now += TimeSpan.FromMilliseconds(1);
            if (i % MillisecondsToRenewal == 0)
            {
                _subscriptions.FindAll(each => servers.Contains(each.Server)).ForEach(Renew);
            }

            foreach (var server in servers)
            {
                foreach (var (to, length) in DrainTransmits(server))
                {
                    sums[server][to] = sums[server].GetValueOrDefault(to) + length;
                }
            }
        }

        return sums.ToDictionary(pair => pair.Key, pair => (ICollection<int>)pair.Value.Values);
    }

    private Bits128 TokenOf(RainServer server) => TokenOf(server, Client);

    private Bits128 TokenOf(RainServer server, PeerAddress peer)
    {
        server.Handle(_now, peer, Subscribe(1, token: 0, [], id: 999));
        var answer = Assert.Single(Drain(server));
        Assert.True(OfferMessage.TryParse(answer, out var offer, out _));
        Assert.False(offer.IsAddressValidated);
        return offer.Token;
    }

    private byte[] Subscribe(
        uint number, Bits128 token, RequestItem[] items, uint rate = 1_000_000_000, uint first = 0, bool guesses = false, uint id = 1,
        int pad = 0,
        bool small = false, uint? heard = null, Sha256Digest? version = null)
    {
        var message = new SubscribeMessage
        {
            SubscriptionId = id,
            Number = number,
            Resource = Scene.Id,
            Version = version,
            Token = token,
            AreGuesses = guesses,
            WantsSmallSymbols = small,
            RateBytesPerSecond = rate,
            InFlightMax = 1_000_000,
            HasFeedback = heard is not null,
            HighestSequence = heard ?? 0,
            FirstRequest = first,
        };
        for (var i = 0; i < items.Length; i++)
        {
            items[i].Write(_buffer.AsSpan(SubscribeMessage.FixedBytes + (i * RequestItem.SizeBytes)));
        }

        var length = message.Write(_buffer, items.Length);
        return pad == 0
            ? _buffer[..length]
            : _buffer[..Math.Max(pad, SubscribeMessage.FixedBytes + (items.Length * RequestItem.SizeBytes))];
    }

    private List<byte[]> Drain(RainServer server)
    {
        var datagrams = new List<byte[]>();
        while (server.TryPollTransmit(_now, _buffer, out var transmit))
        {
            Hear(transmit);
            for (var offset = 0; offset < transmit.Length; offset += transmit.SegmentSize)
            {
                datagrams.Add(_buffer[offset..Math.Min(offset + transmit.SegmentSize, transmit.Length)]);
            }
        }

        return datagrams;
    }

    private List<(PeerAddress To, int Length)> DrainTransmits(RainServer server)
    {
        var transmits = new List<(PeerAddress, int)>();
        while (server.TryPollTransmit(_now, _buffer, out var transmit))
        {
            Hear(transmit);
            if (transmit.SegmentSize > 500)
            {
                transmits.Add((transmit.To, transmit.Length));
            }
        }

        return transmits;
    }

    /// <summary>Drains until nothing comes for a while; the bytes of droplets.</summary>
    private int DrainLong(RainServer server)
    {
        var sum = 0;
        for (var i = 0; i < 100; i++)
        {
            _now += TimeSpan.FromMilliseconds(1);
            sum += DrainTransmits(server).Sum(transmit => transmit.Length);
        }

        return sum;
    }

    private void Hear(Transmit transmit)
    {
        for (var offset = 0; offset < transmit.Length; offset += transmit.SegmentSize)
        {
            if (DropletMessage.TryParse(
                _buffer.AsSpan(offset, Math.Min(transmit.SegmentSize, transmit.Length - offset)), out var droplet, out _))
            {
                _heard[transmit.To] = droplet.Sequence;
            }
        }
    }

    /// <summary>The newest droplet that a peer has heard, for its feedback.</summary>
    private uint? HeardBy(PeerAddress peer) => _heard.TryGetValue(peer, out var sequence) ? sequence : null;

    private List<int> SymbolSizes(RainServer server)
    {
        var sizes = new List<int>();
        for (var i = 0; i < 10; i++)
        {
            sizes.AddRange(
                Drain(server).Where(datagram => DropletMessage.TryParse(datagram, out _, out _))
                .Select(datagram => DropletMessage.ReadSymbolSize(datagram)));
            _now += TimeSpan.FromMilliseconds(1);
        }

        return sizes;
    }

    private List<DropletMessage> DrainDroplets(RainServer server)
    {
        var droplets = new List<DropletMessage>();
        for (var i = 0; i < 10; i++)
        {
            foreach (var datagram in Drain(server))
            {
                if (DropletMessage.TryParse(datagram, out var droplet, out _))
                {
                    droplets.Add(droplet);
                }
            }

            _now += TimeSpan.FromMilliseconds(1);
        }

        return droplets;
    }
}
