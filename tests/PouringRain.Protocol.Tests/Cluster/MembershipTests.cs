using PouringRain.Protocol.Cluster;
using PouringRain.Protocol.Cluster.Messages;
using Simulation;

namespace PouringRain.Protocol.Tests.Cluster;

public class MembershipTests
{
    private readonly Dictionary<PeerAddress, Host> _hosts = [];
    private readonly byte[] _question = new byte[1500], _answer = new byte[1500];
    private Instant _now = new(1_000_000_000);

    [Fact]
    public void NodesThatKnowAnAddressOfEachOtherAreUp()
    {
        var a = Add(1, zone: "east");
        var b = Add(2, zone: "west");
        a.Know(_now, b.Place);
        b.Know(_now, a.Place);
        RunFor(TimeSpan.FromSeconds(3));
        var seen = Assert.Single(a.Membership.Nodes, node => !node.IsSelf);
        Assert.Equal((b.Id, MemberState.Up, "west"), (seen.Id, seen.State, seen.Status.Zone));
        Assert.Equal([b.Place], seen.Addresses);
        Assert.Equal("east", Assert.Single(b.Membership.Nodes, node => !node.IsSelf).Status.Zone);
        Assert.Equal((a.Id, true), (a.Membership.Nodes[0].Id, a.Membership.Nodes[0].IsSelf));
    }

    [Fact]
    public void WhoIntroducesHimselfIsKnownAndAskedWhereHeRains()
    {
        var a = Add(1);
        var b = Add(2);
        a.Know(_now, b.Place);
        RunFor(TimeSpan.FromSeconds(3));
        Assert.Single(b.Membership.Nodes, node => node.Id == a.Id && node.State == MemberState.Up);
        Assert.True(b.Asked > 0);
    }

    [Fact]
    public void ThreeAddressesOfOneNodeAreOneNode()
    {
        var a = Add(1);
        var b = Add(2);
        PeerAddress[] places = [b.Place, b.Place with { Port = 1981 }, b.Place with { Port = 1982 }];
        _hosts[places[1]] = b;
        _hosts[places[2]] = b;
        a.Know(_now, places);
        RunFor(TimeSpan.FromSeconds(3));
        Assert.Equal(2, a.Membership.Nodes.Length);
    }

    [Fact]
    public void SilenceIsASuspicionFirstAndDownOnlyAfterItsTime()
    {
        var a = Add(1);
        var b = Add(2);
        a.Know(_now, b.Place);
        RunFor(TimeSpan.FromSeconds(3));
        var view = a.Membership.ViewNumber;
        b.IsSilent = true;
        RunFor(TimeSpan.FromSeconds(20));
        Assert.Equal(MemberState.Late, a.Membership.Nodes[1].State);
        RunFor(TimeSpan.FromSeconds(50));
        Assert.Equal(MemberState.Down, a.Membership.Nodes[1].State);
        b.IsSilent = false;
        RunFor(TimeSpan.FromSeconds(3));
        Assert.Equal(MemberState.Up, a.Membership.Nodes[1].State);
        Assert.Equal(view + 3, a.Membership.ViewNumber);
    }

    [Fact]
    public void OneThatGaveAwayWhatItHeldHasNoPlacesWhenItIsSwitchedOff()
    {
        var a = Add(1);
        var b = Add(2);
        a.Know(_now, b.Place);
        b.Know(_now, a.Place);
        RunFor(TimeSpan.FromSeconds(3));
        b.Membership.SetSelf(_now, b.Status with { IsDraining = true });
        RunFor(TimeSpan.FromSeconds(5));
        Assert.Equal(MemberState.Draining, a.Membership.Nodes[1].State);
        b.IsSilent = true;
        var states = new HashSet<MemberState>();
        for (var i = 0; i < 20; i++)
        {
            RunFor(TimeSpan.FromSeconds(1));
            states.Add(a.Membership.Nodes[1].State);
        }

        Assert.Equal([MemberState.Draining, MemberState.Down], states);
    }

    [Fact]
    public void WhoIsNotTrustedIsTakenForNobody()
    {
        var a = Add(1);
        var b = Add(2);
        b.Trusts = _ => false;
        a.Know(_now, b.Place);
        RunFor(TimeSpan.FromSeconds(10));
        Assert.Single(a.Membership.Nodes);
        Assert.Single(b.Membership.Nodes);
    }

    [Fact]
    public void NobodyWithoutATokenIsToldMoreThanHeSaid()
    {
        var a = Add(1);
        var b = Add(2);
        a.Know(_now, b.Place);
        Assert.True(a.Membership.TryPollTransmit(_now, 0, _question, out var transmit));
        var length = b.Membership.Answer(_now, 0, a.Place, _ => true, _question.AsSpan(0, transmit.Length), _answer);
        Assert.InRange(length, 1, transmit.Length);
        Assert.Single(b.Membership.Nodes);
    }

    [Fact]
    public void AForgedAnswerChangesNothing()
    {
        var a = Add(1);
        var b = Add(2);
        a.Know(_now, b.Place);
        Assert.True(a.Membership.TryPollTransmit(_now, 0, _question, out _));
        var body = HelloMessage.Write(_answer.AsSpan(ConsultAnswer.FixedBytes), 5, b.Status);
        var length = new ConsultAnswer
        {
            SubscriptionId = a.Membership.SubscriptionId,
            Version = 1,
            Kind = ConsultKind.Hello,
            Nonce = 12345,
            Node = new NodeId(99),
        }.Write(_answer, body);
        a.Membership.Handle(_now, 0, b.Place, _answer.AsSpan(0, length));
        Assert.Single(a.Membership.Nodes);
    }

    [Theory]
    [InlineData(3_600_000, 0)]
    [InlineData(-3_600_000, 3_600_000)]
    public void OneClockThatIsWrongMovesNobodyElse(long first, long second)
    {
        long[] offsetsMs = [first, second, 0, 0, 0];
        var hosts = offsetsMs.Select((offset, index) => Add(1 + index, offset)).ToArray();
        foreach (var host in hosts)
        {
            host.Know(_now, [.. hosts.Where(other => other != host).Select(other => other.Place)]);
        }

        RunFor(TimeSpan.FromSeconds(5));
        foreach (var host in hosts)
        {
            Assert.InRange(host.Membership.ClockOffsetMs + host.OffsetMs, -5, 5);
        }
    }

    [Fact]
    public void ANodeThatIsTakenOffTheListIsForgotten()
    {
        var a = Add(1);
        var b = Add(2);
        a.Know(_now, b.Place);
        RunFor(TimeSpan.FromSeconds(3));
        b.IsSilent = true;
        a.Know(_now);
        Assert.Single(a.Membership.Nodes);
    }

    [Fact]
    public void ACopyOfThisNodesStoreIsFound()
    {
        var a = Add(1);
        var copy = new Host(new NodeId(1), 9, PeerAddress.FromIPv4(0x0A00_0063, 1980), 0, "");
        _hosts[copy.Place] = copy;
        a.Know(_now, copy.Place, a.Place);
        RunFor(TimeSpan.FromSeconds(3));
        Assert.Equal(copy.Place, a.Membership.Twin);
        Assert.Single(a.Membership.Nodes);
    }

    [Fact]
    public void AnyBytesAtAllMayCome()
    {
        var a = Add(1);
        var random = new SimRandom(5);
        var length = HelloMessage.Write(_question, 5, a.Status);
        for (var i = 0; i < 20_000; i++)
        {
            var damaged = _question.AsSpan(0, length).ToArray();
            damaged[random.Below(length)] ^= (byte)random.Below(256);
            if (HelloMessage.TryParse(damaged.AsSpan(0, (int)random.Below(length + 1)), a.Place, out _, out var status))
            {
                Assert.NotEmpty(status.Rain);
                Assert.True(status.Weight > 0);
            }
        }
    }

    private Host Add(int number, long offsetMs = 0, string zone = "")
    {
        var host = new Host(
            new NodeId((ulong)number), (ulong)number, PeerAddress.FromIPv4(0x0A00_0000 + (uint)number, 1980), offsetMs, zone);
        _hosts[host.Place] = host;
        return host;
    }

    /// <summary>Every question has its answer a millisecond later.</summary>
    private void RunFor(TimeSpan time)
    {
        for (var end = _now + time; _now < end; _now += TimeSpan.FromMilliseconds(100))
        {
            foreach (var host in _hosts.Values.Distinct().ToArray())
            {
                while (host.Membership.TryPollTransmit(_now, host.WallMs(_now), _question, out var transmit))
                {
                    host.Asked++;
                    if (!_hosts.TryGetValue(transmit.To, out var other) || other.IsSilent || host.IsSilent)
                    {
                        continue;
                    }

                    var from = host.Place with { Port = 40_000 };
                    var length = other.Membership.Answer(
                        _now, other.WallMs(_now), from, other.Trusts, _question.AsSpan(0, transmit.Length), _answer);
                    host.Membership.Handle(_now, host.WallMs(_now), transmit.To, _answer.AsSpan(0, length));
                }
            }
        }
    }

    private sealed class Host
    {
        public Host(NodeId id, ulong seed, PeerAddress place, long offsetMs, string zone)
        {
            (Id, Place, OffsetMs) = (id, place, offsetMs);
            Status = new NodeStatus { Zone = zone, Host = $"host {seed}", Rain = [new PeerAddress(default, place.Port)] };
            Membership = new Membership(
                new MembershipOptions { Node = id, TokenKey = new byte[32], DownAfter = TimeSpan.FromMinutes(1) }, Status, seed);
        }

        public NodeId Id { get; }

        public PeerAddress Place { get; }

        public long OffsetMs { get; }

        public NodeStatus Status { get; }

        public Membership Membership { get; }

        public bool IsSilent { get; set; }

        public int Asked { get; set; }

        public Func<PeerAddress, bool> Trusts { get; set; } = _ => true;

        public void Know(Instant now, params PeerAddress[] places) => Membership.SetContacts(now, places);

        public long WallMs(Instant now) => 1_700_000_000_000 + (now.Nanoseconds / 1_000_000) + OffsetMs;
    }
}
