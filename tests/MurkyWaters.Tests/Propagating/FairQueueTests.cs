using MurkyWaters.Propagating;
using PouringRain.Protocol;

namespace MurkyWaters.Tests.Propagating;

public sealed class FairQueueTests
{
    private readonly HashSet<AskedSource> _failed = [];
    private readonly FairQueue _queue;
    private ulong _lastId;

    public FairQueueTests() => _queue = new FairQueue(placeCount: 8, shareMax: 100, countMax: 250, _failed.Contains);

    [Fact]
    public void SharesTakeTurnsHoweverMuchWaitsInEach()
    {
        for (var i = 0; i < 50; i++)
        {
            Add(1);
        }

        Add(2);
        Add(3);

        Assert.Equal([1, 2, 3, 1, 1, 1], Take(6));
    }

    [Fact]
    public void TheLastPlacesAreForOthers()
    {
        for (var i = 0; i < 50; i++)
        {
            Add(1);
        }

        Assert.Equal([1, 1, 1, 1, 1, 1], Take(9));
        Add(2);
        Assert.Equal([2], Take(9));
        Add(3);
        Assert.Equal([3], Take(9));
        Add(4);
        Assert.Empty(Take(9));
    }

    [Fact]
    public void WhoFailedGoesBehindAndNeverHasTheLastPlaces()
    {
        for (ushort port = 1; port <= 5; port++)
        {
            _failed.Add(Source(port));
            Add(port);
            Add(port);
            Add(port);
        }

        Add(6);
        Assert.Equal([6, 1, 2, 3, 4, 5], Take(9));
        Add(7);
        Assert.Equal([7], Take(9));
    }

    [Fact]
    public void APlaceThatIsGivenBackIsTakenAgain()
    {
        var taken = new List<AskedFetch>();
        for (var i = 0; i < 20; i++)
        {
            Add(1);
        }

        while (_queue.TryTake(out var request))
        {
            taken.Add(request);
        }

        Assert.Equal(6, taken.Count);
        _queue.Release(taken[0]);
        Assert.Equal([1], Take(9));
    }

    [Fact]
    public void AShareHasABound()
    {
        for (var i = 0; i < 100; i++)
        {
            Assert.True(Add(1));
        }

        Assert.False(Add(1));
        Assert.True(Add(2));
    }

    [Fact]
    public void WhenAllIsFullTheFullestMakesRoom()
    {
        for (ushort port = 1; port <= 3; port++)
        {
            for (var i = 0; i < 84; i++)
            {
                Add(port);
            }
        }

        Assert.Equal(250, _queue.Count);
        Assert.True(_queue.TryAdd(Request(4), out var lost));
        Assert.NotNull(lost);
        Assert.Equal(250, _queue.Count);
    }

    [Fact]
    public void WhoHasManyAddressesCrowdsOutNobodyKnown()
    {
        var queue = new FairQueue(placeCount: 8, shareMax: 100, countMax: 10_000, _failed.Contains);
        var accepted = 0;
        for (var i = 0u; i < 1000; i++)
        {
            var source = new PeerAddress(new Bits128((ulong)i, 0), 9);
            accepted += queue.TryAdd(
                new AskedFetch(new ResourceId(i), default(Sha256Digest), source, AskedSource.Of(source, isKnown: false)), out _) ? 1 : 0;
        }

        Assert.Equal(256, accepted);
        Assert.True(queue.TryAdd(Request(1), out _));
    }

    [Fact]
    public void PortsOfAnAddressAndAddressesOfANetworkHaveFewSharesUnlessTheyAreKnown()
    {
        var shares = Enumerable.Range(1, 60_000)
            .Select(port => AskedSource.Of(PeerAddress.FromIPv4(0x7F00_0001, (ushort)port), isKnown: false));
        Assert.Equal(16, shares.Distinct().Count());
        var network = new Bits128(0x2001_0DB8_0000_0001, 0);
        Assert.Single(
            Enumerable.Range(0, 1000).Select(
                host => AskedSource.Of(new PeerAddress(network with { Low = (ulong)host }, 9), isKnown: false)).Distinct());
        Assert.NotEqual(
            AskedSource.Of(PeerAddress.FromIPv4(0x7F00_0001, 9), isKnown: true),
            AskedSource.Of(PeerAddress.FromIPv4(0x7F00_0001, 9), isKnown: false));
    }

    private static AskedSource Source(ushort port) => AskedSource.Of(PeerAddress.FromIPv4(0x7F00_0001, port), isKnown: true);

    private AskedFetch Request(ushort port) =>
        new(new ResourceId(++_lastId), default(Sha256Digest), PeerAddress.FromIPv4(0x7F00_0001, port), Source(port));

    private bool Add(ushort port) => _queue.TryAdd(Request(port), out _);

    private List<int> Take(int count)
    {
        var ports = new List<int>();
        while (ports.Count < count && _queue.TryTake(out var request))
        {
            ports.Add(request.Share.Place);
        }

        return ports;
    }
}
