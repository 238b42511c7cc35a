using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using MurkyWaters.Fetching;
using MurkyWaters.Servers;
using PouringRain.Protocol;

namespace MurkyWaters.Tests.Servers;

public sealed class ServerTableTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly SetClock _clock = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task AnEditIsTakenUpAndABadOneKeepsTheListBefore()
    {
        var table = await OpenAsync("""[{"host": "127.0.0.1", "port": 1}, {"host": "127.0.0.1", "port": 2}]""");
        table.NoteAnswer(Address(2), ServerState.Up);

        Edit("""[{"host": "127.0.0.1", "port": 2}, {"host": "127.0.0.1", "port": 333}]""");
        table.Tick();
        Assert.Equal(["127.0.0.1:2", "127.0.0.1:333"], Endpoints(table));
        Assert.Equal("up", table.Snapshot()[0].State);

        Edit("""[{"host": "127.0.0.1", "port": }]""");
        table.Tick();
        Assert.Equal(["127.0.0.1:2", "127.0.0.1:333"], Endpoints(table));

        File.Delete(_folder["servers.json"]);
        table.Tick();
        Assert.Equal(["127.0.0.1:2", "127.0.0.1:333"], Endpoints(table));

        Edit("[]");
        table.Tick();
        Assert.Empty(Endpoints(table));
    }

    [Fact]
    public async Task AFileThatIsGoneIsToldOnceAndAgainWhenItWasBack()
    {
        const string json = """[{"host": "127.0.0.1", "port": 1}]""";
        using var loggers = new TestLoggers("servers");
        Edit(json);
        var own = new OwnEndPoints([]);
        var table = await ServerTable.OpenAsync(_folder["servers.json"], own, loggers, _clock, TestContext.Current.CancellationToken);
        for (var i = 1; i <= 2; i++)
        {
            File.Delete(_folder["servers.json"]);
            table.Tick();
            table.Tick();
            Assert.Equal(
                i, loggers.Lines.Count(line => line.EndsWith("refused, the one before stays: it is gone", StringComparison.Ordinal)));
            Assert.Equal(["127.0.0.1:1"], Endpoints(table));
            Edit(json);
            table.Tick();
        }
    }

    [Fact]
    public async Task ABadFileStopsTheStartAndAMissingOneIsAnEmptyList()
    {
        Edit("[");
        var error = await Assert.ThrowsAsync<InvalidDataException>(() => OpenAsync());
        Assert.Contains("servers.json", error.Message, StringComparison.Ordinal);

        File.Delete(_folder["servers.json"]);
        Assert.Empty(Endpoints(await OpenAsync()));
    }

    [Fact]
    public async Task WhatAFetchOnlyAssumesOfASilentServerIsNotSaidToBeMeasured()
    {
        var table = await OpenAsync("""[{"host": "127.0.0.1", "port": 1}]""");
        var silent = new SourceSnapshot
        {
            Peer = Address(1),
            State = SourceState.Silent,
            Droplets = 0,
            Bytes = 0,
            Lost = 0,
            RoundTrip = TimeSpan.FromMilliseconds(0.03),
            RateBytesPerSecond = 0,
            LastHeard = null,
        };

        table.Learn([silent], hadTime: true);
        Assert.Equal((null, null), (table.Snapshot()[0].RttMs, table.Snapshot()[0].LastSeen));
        Assert.Equal("silent", table.Snapshot()[0].State);
        Assert.Null(TransferFigures.RoundTripMsOf(silent));

        table.Learn([silent with { LastHeard = new Instant(1) }], hadTime: true);
        var seen = table.Snapshot()[0].LastSeen;
        Assert.Equal(0.03, table.Snapshot()[0].RttMs);
        Assert.NotNull(seen);

        // What was heard before is still known once it is dead.
        table.Learn([silent], hadTime: true);
        Assert.Equal(seen, table.LastSeenOf(Address(1)));
    }

    [Fact]
    public async Task ServersOfTheApiComeAndGoAndOutliveAnEdit()
    {
        var table = await OpenAsync("""[{"host": "127.0.0.1", "port": 1}]""");

        Assert.True(table.Add(new ServerName("127.0.0.1", 2), ServerOrigin.Api));
        Assert.False(table.Add(new ServerName("127.0.0.1", 2), ServerOrigin.Api));
        Assert.False(table.Add(new ServerName("127.0.0.1", 1), ServerOrigin.Api));
        Edit("[]");
        table.Tick();

        Assert.Equal(["127.0.0.1:2"], Endpoints(table));
        Assert.Equal("api", table.Snapshot()[0].Origin);
        Assert.True(table.Remove(new ServerName("127.0.0.1", 2)));
        Assert.False(table.Remove(new ServerName("127.0.0.1", 2)));
    }

    [Fact]
    public async Task AServerThatTheFileComesToNameKeepsWhatWasLearntOfIt()
    {
        var table = await OpenAsync("[]");
        table.Add(new ServerName("127.0.0.1", 2), ServerOrigin.Api);
        table.NoteLie(Address(2));

        Edit("""[{"host": "127.0.0.1", "port": 2}]""");
        table.Tick();

        var server = Assert.Single(table.Snapshot());
        Assert.Equal(("file", "lied"), (server.Origin, server.State));
    }

    [Fact]
    public async Task OwnListenersAreServersForForcedRainAndNoOtherNodes()
    {
        var table = await OpenAsync(
            """
            [{"host": "127.0.0.1", "port": 1980}, {"host": "127.0.0.1", "port": 5},
             {"host": "127.0.0.1", "port": 6, "classic": true}]
            """,
            new IPEndPoint(IPAddress.Loopback, 1980));

        Assert.Equal([Address(1980), Address(5)], table.AddressesForFetch(includeOwn: true));
        Assert.Equal([Address(5)], table.AddressesForFetch(includeOwn: false));
        Assert.Equal([Address(5)], table.OtherNodes());
        Assert.Equal([Address(6)], table.ClassicAddresses());
        Assert.Equal((ushort)1980, table.Own.RainPort);
    }

    [Fact]
    public async Task AListenerOnAllAddressesIsOwnAtEachOfThem()
    {
        var table = await OpenAsync("[]", new IPEndPoint(IPAddress.Any, 1980));

        Assert.True(table.Own.Contains(Address(1980)));
        Assert.False(table.Own.Contains(Address(1981)));
        Assert.False(table.Own.Contains(PeerAddress.FromIPv4(0xC633_6401, 1980)));
    }

    [Fact]
    public async Task ANameIsResolved()
    {
        var table = await OpenAsync("""[{"host": "localhost", "port": 7}, {"host": "no-such-host.invalid", "port": 7}]""");

        Assert.Contains(Address(7), table.AddressesForFetch(includeOwn: true));
        Assert.Equal("localhost:7", table.NameOf(Address(7)));
        for (var i = 0; table.Snapshot()[1].State != "unresolvable"; i++)
        {
            Assert.True(i < 10_000, "The name that does not exist was never said to be unresolvable.");
            await Task.Delay(1, TestContext.Current.CancellationToken);
        }
    }

    [Fact]
    public async Task ANodeAddsItselfOnlyFromWhereAServerIsKnownToBe()
    {
        var table = await OpenAsync("""[{"host": "198.51.100.1", "port": 1}]""", new IPEndPoint(IPAddress.Loopback, 1980));

        table.AddPeer(PeerAddress.FromIPv4(0xC633_6401, 2), isClassic: false);
        table.AddPeer(PeerAddress.FromIPv4(0xC633_6402, 2), isClassic: false);
        table.AddPeer(Address(8), isClassic: false);
        table.AddPeer(Address(1980), isClassic: false);
        table.AddPeer(Address(8), isClassic: false);

        Assert.Equal(["198.51.100.1:1", "198.51.100.1:2"], Endpoints(table));
    }

    [Fact]
    public async Task AnUnsealedNodeIsTrustedAtANamedAddressAndOnThisMachineAtANamedPort()
    {
        var table = await OpenAsync(
            """[{"host": "198.51.100.1", "port": 1}, {"host": "127.0.0.1", "port": 7}, {"host": "127.0.0.1", "port": 1980}]""",
            new IPEndPoint(IPAddress.Loopback, 1980));

        Assert.True(table.IsTrusted(PeerAddress.FromIPv4(0xC633_6401, 2)));
        Assert.False(table.IsTrusted(PeerAddress.FromIPv4(0xC633_6402, 1)));
        Assert.True(table.IsTrusted(Address(7)));
        Assert.False(table.IsTrusted(Address(8)));
        Assert.False(table.IsTrusted(PeerAddress.FromIPv4(0x7F00_0002, 7)));

        // What is asked of oneself is no news.
        Assert.False(table.IsTrusted(Address(1980)));

        table.Add(new ServerName("127.0.0.1", 8), ServerOrigin.Api);
        Assert.True(table.IsTrusted(Address(8)));
        table.Remove(new ServerName("127.0.0.1", 8));
        Assert.False(table.IsTrusted(Address(8)));
        Edit("[]");
        table.Tick();
        Assert.False(table.IsTrusted(Address(7)));
    }

    [Fact]
    public async Task WhoMadeItselfKnownVouchesForNobody()
    {
        var table = await OpenAsync("[]");
        table.AddPeer(PeerAddress.FromIPv4(0xC633_6402, 2), isClassic: true);

        Assert.False(table.IsTrusted(PeerAddress.FromIPv4(0xC633_6402, 2)));
        Assert.False(table.IsTrusted(PeerAddress.FromIPv4(0xC633_6402, 3)));
    }

    [Fact]
    public async Task OfTheAddressesOfThisMachineNoneIsTrustedForBeingNamed()
    {
        var table = await OpenAsync("""[{"host": "192.0.2.7", "port": 1}]""", new IPEndPoint(IPAddress.Parse("192.0.2.7"), 1980));

        Assert.True(table.IsTrusted(PeerAddress.FromIPv4(0xC000_0207, 1)));
        Assert.False(table.IsTrusted(PeerAddress.FromIPv4(0xC000_0207, 2)));
    }

    [Fact]
    public async Task ASealedNodeAddsItselfFromWhereverItIs()
    {
        var table = await OpenAsync("[]");

        table.AddPeer(PeerAddress.FromIPv4(0xC633_6402, 2), isClassic: false, isSealed: true);

        Assert.Equal(["198.51.100.2:2"], Endpoints(table));
    }

    [Fact]
    public async Task ALieIsRememberedWhateverTheServerDoesNext()
    {
        var table = await OpenAsync("""[{"host": "127.0.0.1", "port": 1}]""");

        table.NoteLie(Address(1));
        table.NoteAnswer(Address(1), ServerState.Up);

        Assert.Equal("lied", table.Snapshot()[0].State);
    }

    [Fact]
    public async Task ANodeThatAddedItselfIsForgottenWhenItFallsSilentAndComesBackWhenItSpeaks()
    {
        var table = await OpenAsync("""[{"host": "127.0.0.1", "port": 1}]""");
        table.Add(new ServerName("127.0.0.1", 2), ServerOrigin.Api);
        table.AddPeer(Address(3), isClassic: false, isSealed: true);

        void Silence()
        {
            foreach (var port in (ushort[])[1, 2, 3])
            {
                table.NoteAnswer(Address(port), ServerState.Silent);
            }
        }

        // Long, but not often; then often and long.
        Silence();
        Silence();
        _clock.Now += TimeSpan.FromMinutes(10);
        table.Tick();
        Assert.Equal(3, table.OtherNodes().Count);
        Silence();
        table.Tick();
        Assert.Equal([Address(1), Address(2)], table.OtherNodes());

        table.AddPeer(Address(3), isClassic: false, isSealed: true);
        Assert.Equal([Address(1), Address(2), Address(3)], table.OtherNodes());

        // Often, but not long: it may be starting again.
        Silence();
        Silence();
        Silence();
        table.Tick();
        Assert.Equal(3, table.OtherNodes().Count);

        // It has spoken, which is a new start.
        table.AddPeer(Address(3), isClassic: false, isSealed: true);
        _clock.Now += TimeSpan.FromMinutes(10);
        table.Tick();
        Assert.Equal(3, table.OtherNodes().Count);
    }

    [Fact]
    public async Task ANameThatCameInFormat1IsAskedOnlyWhileItAnswers()
    {
        var table = await OpenAsync("""[{"host": "127.0.0.1", "port": 1, "classic": true}]""");
        for (ushort port = 100; port < 300; port++)
        {
            table.AddPeer(Address(port), isClassic: true);
        }

        // Forged ones are few, are not asked, and are gone after a while.
        Assert.Equal([Address(1)], table.ClassicAddressesForFetch());
        Assert.InRange(table.ClassicAddresses().Count, 2, 100);
        table.AddPeer(Address(3), isClassic: false, isSealed: true);
        Assert.Contains(Address(3), table.AddressesForFetch(includeOwn: false));
        table.NoteAnswer(Address(100), ServerState.Up);
        _clock.Now += TimeSpan.FromMinutes(2);
        table.Tick();
        Assert.Equal([Address(1), Address(100)], table.ClassicAddresses());
        Assert.Equal([Address(1), Address(100)], table.ClassicAddressesForFetch());

        // In format 1 silence may also mean that it has not what it was asked for.
        table.NoteAnswer(Address(100), ServerState.Silent);
        table.NoteAnswer(Address(100), ServerState.Silent);
        Assert.Equal([Address(1), Address(100)], table.ClassicAddressesForFetch());
        table.NoteAnswer(Address(100), ServerState.Silent);
        table.AddPeer(Address(100), isClassic: true);
        Assert.Equal([Address(1)], table.ClassicAddressesForFetch());

        // What it asked for came from there.
        table.NoteAnswer(Address(100), ServerState.Up);
        Assert.Equal([Address(1), Address(100)], table.ClassicAddressesForFetch());
    }

    [Fact]
    public async Task WhatIsLearntOfAnAddressIsSaidOfEveryNameThatLeadsThere()
    {
        var table = await OpenAsync("""[{"host": "127.0.0.1", "port": 7}, {"host": "localhost", "port": 7}]""");

        table.NoteAnswer(Address(7), ServerState.Up);

        Assert.All(table.Snapshot(), server => Assert.Equal("up", server.State));
        Assert.Equal([Address(7)], table.OtherNodes());
    }

    private static PeerAddress Address(ushort port) => PeerAddress.FromIPv4(0x7F00_0001, port);

    private static IEnumerable<string> Endpoints(ServerTable table) => table.Snapshot().Select(server => server.Endpoint);

    private void Edit(string json) => File.WriteAllText(_folder["servers.json"], json);

    private Task<ServerTable> OpenAsync(string? json = null, params IPEndPoint[] own)
    {
        if (json is not null)
        {
            Edit(json);
        }

        return ServerTable.OpenAsync(
            _folder["servers.json"], new OwnEndPoints(own), NullLogger.Instance, _clock, TestContext.Current.CancellationToken);
    }

    private sealed class SetClock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = DateTimeOffset.UnixEpoch + TimeSpan.FromDays(20_000);

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
