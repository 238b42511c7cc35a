namespace PouringRain.Protocol.Tests;

/// <summary>Who has most, found among many, by a plain count of the same.</summary>
public sealed class AddressSharesTests
{
    [Fact]
    public void TheLargestAndTheOldestAreThoseOfAPlainCount()
    {
        var shares = new AddressShares<string>();
        var random = new Random(5);
        var places = new List<(Bits128 Network, AddressShares<string>.Place Place)>();
        for (var step = 0; step < 20_000; step++)
        {
            // It grows, then shrinks, again and again.
            if (places.Count == 0 || random.Next(100) < (step % 2000 < 1000 ? 70 : 30))
            {
                var network = (Bits128)(uint)Math.Sqrt(random.Next(400));
                places.Add((network, shares.Add(network, $"{step}")));
            }
            else if (random.Next(10) == 0)
            {
                var at = random.Next(places.Count);
                var renewed = places[at];
                renewed.Place.Renew();
                places.RemoveAt(at);
                places.Add(renewed);
            }
            else
            {
                var at = random.Next(places.Count);
                shares.Remove(places[at].Place);
                shares.Remove(places[at].Place);
                places.RemoveAt(at);
            }

            var counts = places.CountBy(place => place.Network).ToDictionary();
            var most = counts.Values.DefaultIfEmpty(0).Max();
            Assert.Equal(places.Count, shares.Count);
            Assert.Equal(counts.Count, shares.NetworkCount);
            Assert.Equal(most, shares.LargestCount);
            Assert.Equal(most, shares.LargestNetwork is { } largest ? counts[largest] : 0);
            if (step % 50 == 0)
            {
                Assert.All(counts, pair => Assert.Equal(pair.Value, shares.CountOf(pair.Key)));
                Assert.All(
                    counts.Keys, network => Assert.Same(places.First(place => place.Network == network).Place, shares.OldestOf(network)));
            }
        }
    }

    [Fact]
    public void AnIPv4AddressCountsByItselfAndAnIPv6OneWithAllOfItsNetwork()
    {
        Assert.NotEqual(NetworkOf("192.0.2.1"), NetworkOf("192.0.2.2"));
        Assert.Equal(NetworkOf("192.0.2.1"), NetworkOf("::ffff:192.0.2.1"));
        Assert.Equal(NetworkOf("2001:db8:0:1::1"), NetworkOf("2001:db8:0:1:ffff::2"));
        Assert.NotEqual(NetworkOf("2001:db8:0:1::1"), NetworkOf("2001:db8:0:2::1"));
    }

    private static Bits128 NetworkOf(string address) =>
        PeerAddress.From(new System.Net.IPEndPoint(System.Net.IPAddress.Parse(address), 1)).Network;
}
