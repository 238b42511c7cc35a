namespace PouringRain.Protocol.Tests.Swarming;

[Collection(nameof(Alone))]
public class NeighbourhoodTests
{
    private static readonly PeerAddress Seeder = PeerAddress.FromIPv4(0x0A00_0001, 1980);
    private static readonly Sha256Digest Version = Sha256Digest.Of([1]);
    private readonly List<FetchPath> _paths = [];
    private readonly Neighbourhood _neighbourhood = new(
        new FetchSwarm { Table = new SwarmTable(), Node = new NodeId(1), RainPort = 1980 }, Scene.Id, 7);

    private readonly byte[] _buffer = new byte[2048];
    private Instant _now = new(1_000_000_000);

    [Fact]
    public void NobodyIsTurnedToAtAnAddressThatIsNoHostsOrByStrangersOnThisMachine()
    {
        var seeder = Begin(Seeder);
        Name(
            seeder, PeerAddress.FromIPv4(0xE000_0001, 1980), PeerAddress.FromIPv4(0xFFFF_FFFF, 1980), PeerAddress.FromIPv4(0, 1980),
            PeerAddress.FromIPv4(0xA9FE_0102, 1980), PeerAddress.FromIPv4(0x7F00_0001, 1980), PeerAddress.FromIPv4(0x0A00_0009, 0),
            new PeerAddress(0, 1980), new PeerAddress(1, 1980), new PeerAddress(new Bits128(0xFE80000000000000, 3), 1980),
            new PeerAddress(new Bits128(0xFF02000000000000, 1), 1980), Seeder);
        Assert.Empty(TurnTo(20));
        Name(seeder, PeerAddress.FromIPv4(0x0A00_0009, 1980));
        Assert.Equal([PeerAddress.FromIPv4(0x0A00_0009, 1980)], TurnTo(20).Select(path => path.Peer));
    }

    [Fact]
    public void OnThisMachineOthersOnItAreTurnedTo()
    {
        var other = PeerAddress.FromIPv4(0x7F00_0001, 1981);
        Name(Begin(PeerAddress.FromIPv4(0x7F00_0001, 1980)), other);
        Assert.Equal([other], TurnTo(5).Select(path => path.Peer));
    }

    [Fact]
    public void AFewAreTurnedToAndWhoDoesNotAnswerThreeSmallDatagramsIsReplacedAndNotAskedAgainSoon()
    {
        var seeder = Begin(Seeder);
        Name(seeder, [.. Enumerable.Range(2, 40).Select(i => PeerAddress.FromIPv4(0x0A00_0000 + (uint)i, 1980))]);
        var sent = new Dictionary<PeerAddress, int>();
        var end = _now + TimeSpan.FromSeconds(20);
        while (_now < end)
        {
            Bring(seeder);
            Probe(peer => sent[peer] = sent.GetValueOrDefault(peer) + 1);
            Assert.InRange(_paths.Count, 1, 9);
            _now += TimeSpan.FromMilliseconds(10);
        }

        Assert.InRange(sent.Count, 16, 40);
        Assert.All(sent.Values, count => Assert.InRange(count, 1, 3));
    }

    [Fact]
    public void WhoDidNotAnswerIsAskedAgainSoonWhereNobodyElseBringsAnything()
    {
        var seeder = Begin(Seeder);
        Name(seeder, PeerAddress.FromIPv4(0x0A00_0009, 1980));
        var sent = new List<double>();
        var began = _now;
        while (_now < began + TimeSpan.FromSeconds(100))
        {
            if (_now > began + TimeSpan.FromSeconds(40))
            {
                Bring(seeder);
            }

            Probe(_ => sent.Add((_now - began).TotalSeconds));
            _now += TimeSpan.FromMilliseconds(10);
        }

        // Three each time, half a second and a second apart, and between the times 1, 2, 4, 8 s; where something comes 30 s.
        double[] expected = [0, 0.5, 1.5, 3, 3.5, 4.5, 7, 7.5, 8.5, 13, 13.5, 14.5, 23, 23.5, 24.5, 55, 55.5, 56.5, 87, 87.5, 88.5];
        Assert.Equal(expected.Length, sent.Count);
        Assert.All(expected.Zip(sent), pair => Assert.InRange(pair.Second - pair.First, 0, 2.5));
    }

    [Fact]
    public void HoweverManyAreNamedFewAreKnown()
    {
        var seeder = Begin(Seeder);
        for (var round = 0u; round < 400; round++)
        {
            Name(seeder, [.. Enumerable.Range(0, 50).Select(i => PeerAddress.FromIPv4(0x0B00_0000 + (round * 50) + (uint)i, 1980))]);
        }

        Assert.Equal(256, _neighbourhood.KnownCount);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        for (var round = 0; round < 20_000; round++)
        {
            _now += TimeSpan.FromMilliseconds(250);
            Name(seeder, PeerAddress.FromIPv4(0x0C00_0000 + (uint)round, 1980));
            TurnTo(1);
            foreach (var path in _paths.Where(path => path.Neighbour!.IsNamed))
            {
                path.State = SourceState.Busy;
            }

            while (_neighbourhood.TryFindUseless(_now, _paths, out var useless))
            {
                _paths.Remove(useless);
            }
        }

        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, 200_000);
        Assert.Equal(256, _neighbourhood.KnownCount);
    }

    [Fact]
    public void WhoHasNeighboursEnoughTakesNoOther()
    {
        var table = new SwarmTable();
        var neighbourhood = new Neighbourhood(
            new FetchSwarm { Table = table, Node = new NodeId(1), NeighbourCountMax = 6 }, Scene.Id, 7);
        neighbourhood.Begin(_now);
        var content = Simulation.SimContent.Create(Scene.RandomBytes(5000), blockBytes: 1024, symbolSize: 128);
        for (var i = 1u; i <= 20; i++)
        {
            table.Enter(Scene.Id, content.Manifest, isSeeded: false, new NodeId(i), PeerAddress.FromIPv4(0x0A00_0000 + i, 1980));
        }

        for (var i = 0; i < 100; i++)
        {
            _now += TimeSpan.FromMilliseconds(250);
            if (neighbourhood.TryChoose(_now, content.Manifest.Version, _paths, out var peer))
            {
                _paths.Add(NewPath(peer, isNamed: true));
            }
        }

        // Never itself, though its own servers know it like any other.
        Assert.Equal(6, _paths.Count);
        Assert.DoesNotContain(_paths, path => path.Peer == PeerAddress.FromIPv4(0x0A00_0001, 1980));
    }

    [Fact]
    public void OneThatSaysAgainAndAgainThatItRainsElsewhereIsNotRememberedThatOften()
    {
        var table = new SwarmTable();
        var neighbourhood = new Neighbourhood(new FetchSwarm { Table = table, Node = new NodeId(1) }, Scene.Id, 7);
        neighbourhood.Begin(_now);
        var content = Simulation.SimContent.Create(Scene.RandomBytes(5000), blockBytes: 1024, symbolSize: 128);
        var turned = 0;
        var before = GC.GetTotalMemory(forceFullCollection: true);
        for (var i = 0u; i < 50_000; i++)
        {
            _now += TimeSpan.FromMilliseconds(250);
            var address = PeerAddress.FromIPv4(0x0A00_0000 + i, 1980);
            var member = table.Enter(Scene.Id, content.Manifest, isSeeded: false, new NodeId(2), address);
            if (neighbourhood.TryChoose(_now, content.Manifest.Version, _paths, out var peer))
            {
                _paths.Add(NewPath(peer, isNamed: true));
                _paths[^1].State = SourceState.Busy;
                turned++;
            }

            table.Leave(member);
            while (neighbourhood.TryFindUseless(_now, _paths, out var useless))
            {
                _paths.Remove(useless);
            }
        }

        Assert.InRange(turned, 5000, 50_000);
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, 100_000);
    }

    [Fact]
    public void WhoWasAskedAndBringsNothingIsTurnedToLessAndLessOften()
    {
        var seeder = Begin(Seeder);
        Name(seeder, [.. Enumerable.Range(9, 20).Select(i => PeerAddress.FromIPv4(0x0A00_0000 + (uint)i, 1980))]);
        var one = PeerAddress.FromIPv4(0x0A00_0009, 1980);
        var entered = new List<double>();
        var began = _now;
        var path = NewPath(one, isNamed: true);
        while (_now < began + TimeSpan.FromSeconds(100))
        {
            Bring(seeder);
            if (_paths.Contains(path))
            {
                path.State = SourceState.Raining;
                path.Pace.Lag(_now);
            }

            while (_neighbourhood.TryFindUseless(_now, _paths, out var useless))
            {
                _paths.Remove(useless);
            }

            while (_neighbourhood.TryChoose(_now, default, _paths, out var peer))
            {
                _paths.Add(NewPath(peer, isNamed: true));
                if (peer == one)
                {
                    path = _paths[^1];
                    entered.Add((_now - began).TotalSeconds);
                }
                else
                {
                    // Those bring what they are asked for, but one after the other they have nothing left.
                    _paths[^1].State = SourceState.Busy;
                }
            }

            _now += TimeSpan.FromMilliseconds(250);
        }

        // 3 s of no use, and then nothing for 3, 6, 12, 12 s.
        Assert.InRange(entered.Count, 7, 9);
        Assert.All(
            entered.Zip(entered.Skip(1)).Select((pair, i) => (Gap: pair.Second - pair.First, Expected: 3 + (3 << Math.Min(i, 2)))),
            each => Assert.InRange(each.Gap - each.Expected, 0, 4));
    }

    /// <summary>What a fetch does with those that were named, none of whom answers.</summary>
    private void Probe(Action<PeerAddress> onSent)
    {
        while (_neighbourhood.TryFindUseless(_now, _paths, out var useless))
        {
            _paths.Remove(useless);
        }

        TurnTo(1);
        foreach (var path in _paths.Where(
            path => path.Neighbour is { IsNamed: true, IsProbed: true } && path.Neighbour.NextJoin <= _now))
        {
            var length = path.Neighbour!.WriteJoin(_now, _buffer, _neighbourhood.Describe(_now, path, 3, 4, 0, lacksManifest: false));
            Assert.InRange(length, 1, JoinMessage.BytesMax);
            onSent(path.Peer);
        }
    }

    private void Bring(FetchPath path)
    {
        path.Neighbour!.OnDroplet(_now);
        path.Neighbour.OnBrought(_now);
    }

    private FetchPath Begin(PeerAddress seeder)
    {
        var path = NewPath(seeder, isNamed: false);
        path.State = SourceState.Raining;
        _paths.Add(path);
        _neighbourhood.Begin(_now);
        return path;
    }

    private FetchPath NewPath(PeerAddress peer, bool isNamed) =>
        new(peer, 0, default, _now, isBackground: false, new PathCeiling(null, _paths))
        {
            Neighbour = new Neighbour(_now, isNamed, isKnown: false),
        };

    private void Name(FetchPath from, params PeerAddress[] peers)
    {
        var length = new PeersMessage { KnownCount = (uint)peers.Length }.Write(_buffer, peers);
        Assert.True(PeersMessage.TryParse(_buffer.AsSpan(0, length), out var message, out var view));
        _neighbourhood.OnPeers(_now, from, message, view);
    }

    private List<FetchPath> TurnTo(int countMax)
    {
        var turned = new List<FetchPath>();
        for (var i = 0; i < countMax && _neighbourhood.TryChoose(_now, Version, _paths, out var peer); i++)
        {
            turned.Add(NewPath(peer, isNamed: true));
            _paths.Add(turned[^1]);
        }

        return turned;
    }
}
