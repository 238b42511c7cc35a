using Simulation;

namespace PouringRain.Protocol.Tests.Serving;

/// <summary>What a server says to those who fetch in company.</summary>
public class JoinTests
{
    private const int BlockCount = 40;
    private static readonly PeerAddress Client = PeerAddress.FromIPv4(0xC0A8_0001, 1234);
    private readonly byte[] _buffer = new byte[65_536];
    private readonly SwarmTable _swarms = new();
    private readonly SimContent _whole = SimContent.Create(Scene.RandomBytes(BlockCount * 1024), blockBytes: 1024, symbolSize: 128);
    private Instant _now = new(5_000_000_000);
    private uint _number;

    [Fact]
    public void WithoutAGoodTokenOrASubscriptionOrOfAnotherResourceItIsAnsweredByATokenAndLessThanItHad()
    {
        var server = NewServer(_whole);
        var token = Subscribe(server, Client, 1);
        var node = new NodeId(2);
        byte[][] wrong =
        [
            Join(1, default, node), Join(1, token with { Low = token.Low + 1 }, node), Join(2, token, node),
            Join(1, token, node, resource: new ResourceId(99)), Join(1, token, node, tag: 5),
        ];
        foreach (var datagram in wrong)
        {
            server.Handle(_now, Client, datagram);
            var answer = Assert.Single(Drain(server)).Datagram;
            Assert.True(HaveMessage.TryParse(answer, out var have, out var bitmap, out var arrivals, out var suggested));
            Assert.Equal((false, 0u, 0u), (have.IsAddressValidated, have.HeldCount, have.Epoch));
            Assert.NotEqual(default, have.Token);
            Assert.Equal(0, bitmap.Length + arrivals.Length + suggested.Length);
            Assert.InRange(answer.Length, 1, datagram.Length);
        }

        // Of another address the token is none.
        server.Handle(_now, Client with { Port = 77 }, Join(1, token, node));
        Assert.InRange(Assert.Single(Drain(server)).Datagram.Length, 1, JoinMessage.FixedBytes);
        Assert.Equal(0, _swarms.Count);
    }

    [Fact]
    public void AServerThatNamesNobodySaysNothing()
    {
        var server = NewServer(_whole, swarms: null);
        server.Handle(_now, Client, Join(1, default, new NodeId(2)));
        server.Handle(_now, Client, Join(1, Subscribe(server, Client, 1), new NodeId(2)));
        Assert.Empty(Drain(server));
    }

    [Fact]
    public void WhoHoldsSomeSaysWhichAndThenWhatCame()
    {
        var content = _whole.WithBlocks([3, 17, 39], epoch: 6);
        var server = NewServer(content);
        var token = Subscribe(server, Client, 1);
        var map = new HeldMap(BlockCount);
        Tell(server, token, map);
        Assert.Equal([3, 17, 39], Held(map));
        content.AddBlock(8);
        content.AddBlock(9);
        Tell(server, token, map);
        Assert.Equal([3, 8, 9, 17, 39], Held(map));
        Assert.False(map.LacksNews);
    }

    [Fact]
    public void ALongBitmapComesInParts()
    {
        const int count = 20_000;
        var whole = SimContent.Create(Scene.RandomBytes(count * 64), blockBytes: 64, symbolSize: 64);
        var blocks = Enumerable.Range(0, count).Where(i => i % 3 == 0).ToHashSet();
        var content = whole.WithBlocks(blocks, epoch: 9);
        var server = NewServer(content);
        var token = Subscribe(server, Client, 1);
        var map = new HeldMap(count);
        TellOnce(server, token, map, whole);
        Assert.Equal(8000u, map.Known.FirstUnknown);

        // What comes while the rest is being told: of what was told already, and of the rest.
        content.AddBlock(1);
        content.AddBlock(19_999);
        Tell(server, token, map, whole);
        Assert.Equal(blocks.Order(), Enumerable.Range(0, count).Where(map.Has));
    }

    [Fact]
    public void WhoHasNoManifestYetIsNamedToNobodyAndSuggestedNothing()
    {
        var server = NewServer(_whole);
        var alone = HaveOf(JoinAs(server, Client, new NodeId(2), lacksManifest: true));
        Assert.False(alone.IsSuggestedOnly);
        Assert.Equal(0, _swarms.CountMembers(Scene.Id, _whole.Manifest.Version));

        // In company it is to wait for what it will be told, and to ask again soon.
        var other = Client with { Port = 77 };
        var answers = JoinAs(server, other, new NodeId(3), lacksManifest: true);
        Assert.True(HaveOf(answers).IsSuggestedOnly);
        Assert.InRange(HaveOf(answers).PauseMilliseconds, 1, 400);
        Assert.All(answers, answer => Assert.False(PeersMessage.TryParse(answer, out _, out var peers) && peers.Length > 0));

        // It has it: others hear of it.
        JoinAs(server, other, new NodeId(3));
        Assert.Equal(1, _swarms.CountMembers(Scene.Id, _whole.Manifest.Version));
        answers = JoinAs(server, Client, new NodeId(2), lacksManifest: true);
        Assert.Contains(answers, answer => PeersMessage.TryParse(answer, out _, out var peers) && peers.Length == PeersMessage.PeerBytes);
    }

    [Fact]
    public void ThirteenthAtOneThatFetchesItselfIsToldThatItIsBusyAndNobodyAtOneThatHadAll()
    {
        var partial = NewServer(_whole.WithBlocks([1]));
        for (var i = 1u; i <= 14; i++)
        {
            var peer = Client with { Port = (ushort)(2000 + i) };
            var answers = JoinAs(partial, peer, new NodeId(100 + i));
            Assert.Equal(i <= 12, answers.Exists(answer => HaveMessage.TryParse(answer, out _, out _, out _, out _)));
            Assert.Equal(i > 12, answers.Exists(answer => ShortMessage.TryParse(answer, out var busy) && busy.Type == MessageType.Busy));
        }

        Assert.Equal(12, partial.SubscriberCount);
        Assert.Equal(12, _swarms.CountMembers(Scene.Id, _whole.Manifest.Version));

        // When one has gone there is room for another.
        _now += TimeSpan.FromSeconds(10);
        Drain(partial);
        Assert.Equal(0, _swarms.Count);
        Assert.Contains(
            JoinAs(partial, Client with { Port = 9 }, new NodeId(9)), answer => HaveMessage.TryParse(answer, out _, out _, out _, out _));

        var whole = NewServer(_whole, new SwarmTable());
        for (var i = 1u; i <= 40; i++)
        {
            JoinAs(whole, Client with { Port = (ushort)(2000 + i) }, new NodeId(100 + i));
        }

        Assert.Equal(40, whole.SubscriberCount);
    }

    [Fact]
    public void OthersAreNamedAndNeverTheAskerItself()
    {
        var server = NewServer(_whole);
        for (var i = 1u; i <= 3; i++)
        {
            JoinAs(server, PeerAddress.FromIPv4(0x0A00_0000 + i, 4000), new NodeId(i), rainPort: 1980);
        }

        // One that rains nothing is told of others, and is not named.
        JoinAs(server, PeerAddress.FromIPv4(0x0A00_0009, 4000), new NodeId(9), rainPort: 0);
        var answer = JoinAs(server, PeerAddress.FromIPv4(0x0A00_0002, 4001), new NodeId(2), rainPort: 1980)
            .Single(answer => PeersMessage.TryParse(answer, out _, out _));
        Assert.True(PeersMessage.TryParse(answer, out var message, out var peers));
        Assert.Equal(2u, message.KnownCount);
        var named = Enumerable.Range(0, peers.Length / PeersMessage.PeerBytes).Select(i => PeersMessage.PeerAt(answer.AsSpan(15), i));
        Assert.Equal(
            [PeerAddress.FromIPv4(0x0A00_0001, 1980), PeerAddress.FromIPv4(0x0A00_0003, 1980)], named.OrderBy(peer => peer.Address));
    }

    [Fact]
    public void WhoHasATokenAndNeverShowsThatItHearsGetsOneFirstFlightByJoinToo()
    {
        var server = NewServer(_whole.WithBlocks([.. Enumerable.Range(0, BlockCount - 1)]));
        for (var i = 1u; i <= 11; i++)
        {
            JoinAs(server, PeerAddress.FromIPv4(0x0A00_0000 + i, 4000), new NodeId(i), rainPort: 1980);
        }

        var token = Subscribe(server, Client, 1);
        var bytes = 0;
        for (var i = 0u; i < 5000; i++)
        {
            server.Handle(_now, Client, Join(1, token, new NodeId(50), wantsPeers: true));
            bytes += Drain(server).Where(sent => sent.To == Client).Sum(sent => sent.Datagram.Length) - JoinMessage.FixedBytes;
            _now += TimeSpan.FromMilliseconds(1);
        }

        Assert.InRange(bytes, int.MinValue, 68 * 1024);
    }

    /// <summary>Nobody is there for one that was told of itself; one that fetches from its own ports goes on to be served: BUSY would make
    /// it wait for a quarter of a second, again and again.</summary>
    [Fact]
    public void ANodeIsNoNeighbourOfItselfAndAServerOfItsOwnAllTheSame()
    {
        var server = NewServer(_whole);
        Assert.Empty(JoinAs(server, Client, new NodeId(1000)));
        Assert.Equal((0, 1), (_swarms.Count, server.SubscriberCount));
    }

    private static RainServer NewServer(SimContent content, SwarmTable? swarms)
    {
        var catalog = new SimCatalog();
        catalog.Add(Scene.Id, content);
        return new RainServer(new RainServerOptions { TokenKey = new byte[32], Swarms = swarms, Node = new NodeId(1000) }, catalog, 1);
    }

    private RainServer NewServer(SimContent content) => NewServer(content, _swarms);

    private byte[] Join(
        uint id, Bits128 token, NodeId node, ResourceId? resource = null, uint? tag = null, ushort rainPort = 1980, HeldMap? map = null,
        bool wantsPeers = false, SimContent? content = null, bool lacksManifest = false)
    {
        var known = map?.Known ?? default;
        var length = new JoinMessage
        {
            SubscriptionId = id,
            Resource = resource ?? Scene.Id,
            Tag = tag ?? DropletMessage.TagOf((content ?? _whole).Manifest.Version),
            Token = token,
            Node = node,
            RainPort = rainPort,
            Epoch = known.Epoch,
            FirstUnknown = known.FirstUnknown,
            ArrivalsKnown = known.ArrivalsKnown,
            WantsPeers = wantsPeers,
            LacksManifest = lacksManifest,
        }.Write(_buffer, []);
        return _buffer[..length];
    }

    private Bits128 Subscribe(RainServer server, PeerAddress peer, uint id)
    {
        Bits128 token = default;
        for (var round = 0; round < 2; round++)
        {
            var length = new SubscribeMessage
            {
                SubscriptionId = id,
                Number = ++_number,
                Resource = Scene.Id,
                Token = token,
                RateBytesPerSecond = 1_000_000,
                InFlightMax = 1000,
            }.Write(_buffer, 0);
            server.Handle(_now, peer, _buffer.AsSpan(0, length));
            foreach (var (_, datagram) in Drain(server))
            {
                token = OfferMessage.TryParse(datagram, out var offer, out _) && offer.Token != default ? offer.Token : token;
            }
        }

        return token;
    }

    private List<byte[]> JoinAs(RainServer server, PeerAddress peer, NodeId node, ushort rainPort = 1980, bool lacksManifest = false)
    {
        var token = Subscribe(server, peer, 1);
        server.Handle(_now, peer, Join(1, token, node, rainPort: rainPort, wantsPeers: true, lacksManifest: lacksManifest));
        return [.. Drain(server).Select(sent => sent.Datagram)];
    }

    private static HaveMessage HaveOf(List<byte[]> answers)
    {
        HaveMessage have = default;
        Assert.Contains(answers, answer => HaveMessage.TryParse(answer, out have, out _, out _, out _));
        return have;
    }

    private void Tell(RainServer server, Bits128 token, HeldMap map, SimContent? content = null)
    {
        do
        {
            TellOnce(server, token, map, content);
        }
        while (map.LacksNews);
    }

    private void TellOnce(RainServer server, Bits128 token, HeldMap map, SimContent? content)
    {
        server.Handle(_now, Client, Join(1, token, new NodeId(2), map: map, content: content));
        Assert.True(HaveMessage.TryParse(Assert.Single(Drain(server)).Datagram, out var have, out var bitmap, out var arrivals, out _));
        map.Take(have, bitmap, arrivals);
    }

    private List<(PeerAddress To, byte[] Datagram)> Drain(RainServer server)
    {
        var datagrams = new List<(PeerAddress, byte[])>();
        while (server.TryPollTransmit(_now, _buffer, out var transmit))
        {
            for (var offset = 0; offset < transmit.Length; offset += transmit.SegmentSize)
            {
                datagrams.Add((transmit.To, _buffer[offset..Math.Min(offset + transmit.SegmentSize, transmit.Length)]));
            }
        }

        return datagrams;
    }

    private static int[] Held(HeldMap map) => [.. Enumerable.Range(0, BlockCount).Where(map.Has)];
}
