namespace PouringRain.Protocol.Tests.Serving;

/// <summary>What waits for a catalog is bounded, and comes out in its order.</summary>
public sealed class AwaitedDatagramsTests
{
    private static readonly ResourceId One = new(1), Two = new(2);
    private readonly AwaitedDatagrams _awaited = new();
    private Instant _now = new(1_000_000_000);

    [Fact]
    public void OnlyWhatWaitsForTheResourceIsTakenOldestFirstAndOnce()
    {
        Add(One, 1);
        Add(Two, 2);
        Add(One, 3);

        var taken = _awaited.Take(_now, One);
        Assert.Equal([Peer(1), Peer(3)], taken.Select(entry => entry.From));
        Assert.Equal(Datagram(3, 160), taken[1].Datagram.ToArray());
        Assert.Empty(_awaited.Take(_now, One));
        Assert.Equal((1, 160, 0L), (_awaited.Count, _awaited.Bytes, _awaited.Dropped));
    }

    [Fact]
    public void OfOneSubscriptionTheNewestIsKept()
    {
        Add(One, 1);
        _awaited.Add(_now, One, Peer(1), Datagram(1, 200));

        Assert.Equal(200, Assert.Single(_awaited.Take(_now, One)).Datagram.Length);
        Assert.Equal((0, 0, 0L), (_awaited.Count, _awaited.Bytes, _awaited.Dropped));
    }

    [Fact]
    public void BeyondTheirNumberTheOldestGoes()
    {
        for (uint i = 0; i < AwaitedDatagrams.CountMax + 10; i++)
        {
            Add(One, i);
        }

        Assert.Equal((AwaitedDatagrams.CountMax, 10L), (_awaited.Count, _awaited.Dropped));
        Assert.Equal(Peer(10), _awaited.Take(_now, One)[0].From);
    }

    [Fact]
    public void BeyondTheirBytesTheOldestGoes()
    {
        for (uint i = 0; i < 1000; i++)
        {
            _awaited.Add(_now, One, Peer(i), Datagram(i, 1180));
            Assert.InRange(_awaited.Bytes, 1180, AwaitedDatagrams.BytesMax);
        }

        Assert.Equal(1000 - (AwaitedDatagrams.BytesMax / 1180), _awaited.Dropped);
        _awaited.Add(_now, One, Peer(5000), Datagram(1, AwaitedDatagrams.BytesMax + 1));
        Assert.Equal(AwaitedDatagrams.BytesMax / 1180, _awaited.Count);
    }

    [Fact]
    public void WhatIsTooOldIsNotGivenAgain()
    {
        Add(One, 1);
        _now += TimeSpan.FromSeconds(3);
        Add(One, 2);
        _now += TimeSpan.FromSeconds(3);

        Assert.Equal([Peer(2)], _awaited.Take(_now, One).Select(entry => entry.From));
        Assert.Equal((0, 1L), (_awaited.Count, _awaited.Dropped));
    }

    private static PeerAddress Peer(uint i) => PeerAddress.FromIPv4(0x0A00_0000 + i, 1980);

    private static byte[] Datagram(uint subscription, int length)
    {
        var datagram = new byte[length];
        WireFormat.WriteHeader(datagram, MessageType.Subscribe, subscription);
        return datagram;
    }

    private void Add(ResourceId resource, uint i) => _awaited.Add(_now, resource, Peer(i), Datagram(i, 160));
}
