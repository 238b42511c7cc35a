using Simulation;

namespace PouringRain.Protocol.Tests.Fetching;

/// <summary>Troubles that the simulator found, each as the shortest script that shows it.</summary>
public class FetchTroubleTests
{
    [Fact]
    public void ASourceThatLiesAboutTheStampHarmsNoOther() => CheckFalseOffer((ref offer) => offer.Stamp += 5);

    [Fact]
    public void ASourceThatLiesAboutTheLayoutHarmsNoOther() => CheckFalseOffer((ref offer) => offer.Length += 100_000);

    [Fact]
    public void WhenBigDatagramsVanishForAWhileTheRainGoesOn()
    {
        // What is small comes through, so that the server lives and says how much it has sent.
        var content = SimContent.Create(Scene.RandomBytes(1_000_000));
        var scene = new Scene();
        var isOpen = false;
        scene.AddServer(content, uplink: 5_000_000).Tamper = datagram => datagram[0] = isOpen || datagram.Length < 1000
            ? datagram[0]
            : (byte)0;
        using var client = scene.Fetch();
        client.Pump(scene.World.Now);
        scene.World.Run(TimeSpan.FromSeconds(3));
        Assert.Equal(0, client.Fetch.Snapshot(client.LocalNow).DropletsReceived);
        isOpen = true;
        scene.RunToCompletion(client, content, limitSeconds: 3);
    }

    [Fact]
    public void DropletsOfAVersionThatIsNotWantedYetAreNotInFlightForever()
    {
        // The liar is believed first, so that what the honest source rained on a guess finds nobody who wants it.
        var content = SimContent.Create(Scene.RandomBytes(200_000), blockBytes: 1 << 20);
        var scene = new Scene();
        var honest = scene.AddServer(content);
        var tokens = new TokenCache();
        scene.World.Network.DefaultFaults = new LinkFaults { Delay = TimeSpan.FromMilliseconds(20) };
        using (var first = scene.Fetch(tokens: tokens))
        {
            scene.RunToCompletion(first, content);
        }

        var liar = AddLiar(scene, content, (ref offer) => offer.Stamp += 5);
        using var client = scene.Fetch(tokens: tokens);
        scene.World.Network.SetFaults(liar.Address, client.Address, new LinkFaults { Delay = TimeSpan.FromMilliseconds(5) });
        client.Pump(scene.World.Now);
        scene.RunToCompletion(client, content, limitSeconds: 2);
        Assert.DoesNotContain(
            client.Events, fetchEvent => fetchEvent.Kind == FetchEventKind.SourceLied && fetchEvent.Peer == honest.Address);
    }

    [Fact]
    public void BlocksThatWaitForAManifestThatNeverComesDoNotKeepAFetchAlive()
    {
        var content = SimContent.Create(Scene.RandomBytes(100_000), blockBytes: 64, symbolSize: 64);
        var scene = new Scene();
        scene.AddServer(content).Tamper = datagram =>
        {
            if (DropletMessage.TryParse(datagram, out var droplet, out _) && droplet.BlockNumber == WireFormat.ManifestBlockNumber)
            {
                datagram[0] = 0;
            }
        };
        using var client = scene.Fetch(options: new FetchOptions { StallTimeout = TimeSpan.FromSeconds(3) });
        client.Pump(scene.World.Now);
        scene.RunToEnd(client, limitSeconds: 10);
        Assert.Equal(FetchEndReason.Stalled, client.Fetch.EndReason);
    }

    [Fact]
    public void ALiarMayBeFoundWhileLossesAreSettled()
    {
        // An LT block that can be decoded waits for what is outstanding: its last symbol may be a loss, not an arrival.
        var content = SimContent.Create(Scene.RandomBytes(10_000), "lt", blockBytes: 640, symbolSize: 64);
        for (ulong seed = 1; seed <= 40; seed++)
        {
            var scene = new Scene(seed);
            scene.World.Network.DefaultFaults = new LinkFaults { LossPerMillion = 300_000 };
            scene.AddServer(content).Tamper = datagram =>
            {
                if (DropletMessage.TryParse(datagram, out var droplet, out _) && droplet.BlockNumber == WireFormat.ManifestBlockNumber)
                {
                    datagram[^1] ^= 1;
                }
            };
            using var client = scene.Fetch(options: new FetchOptions { DiscoveryTimeout = TimeSpan.FromSeconds(30), WindowBytesMax = 0 });
            client.Pump(scene.World.Now);
            scene.RunToEnd(client);
            Assert.Equal(FetchEndReason.IntegrityFailure, client.Fetch.EndReason);
        }
    }

    [Fact]
    public void AFalseOfferIsGivenUpThoughOneWhoMadeItTooIsSilent()
    {
        var content = SimContent.Create(Scene.RandomBytes(400_000));
        var scene = new Scene();
        Lie lie = (ref offer) => offer.Stamp += 5;
        var falls = AddLiar(scene, content, lie);
        var rains = AddLiar(scene, content, lie);
        scene.AddServer(content);

        // One of the two says no more than its offer, and the other's manifest comes when that one is taken to be silent.
        var began = scene.World.Now;
        falls.Filter = datagram => WireFormat.Is(datagram, MessageType.Offer) && scene.World.Now - began < TimeSpan.FromSeconds(0.1);
        rains.Filter = datagram => !WireFormat.Is(datagram, MessageType.Droplet) || scene.World.Now - began > TimeSpan.FromSeconds(0.5);
        using var client = scene.Fetch();
        client.Pump(scene.World.Now);
        scene.RunToCompletion(client, content);
        var lied = client.Events.Where(fetchEvent => fetchEvent.Kind == FetchEventKind.SourceLied).Select(fetchEvent => fetchEvent.Peer);
        Assert.Equal([falls.Address, rains.Address], lied);
    }

    private static void CheckFalseOffer(Lie lie)
    {
        var content = SimContent.Create(Scene.RandomBytes(400_000));
        var scene = new Scene();
        var liar = AddLiar(scene, content, lie);
        scene.AddServer(content);
        scene.AddServer(content);
        using var client = scene.Fetch();
        client.Pump(scene.World.Now);
        scene.RunToCompletion(client, content);
        Assert.All(
            client.Events.Where(fetchEvent => fetchEvent.Kind == FetchEventKind.SourceLied),
            fetchEvent => Assert.Equal(liar.Address, fetchEvent.Peer));
    }

    private static SimServer AddLiar(Scene scene, SimContent content, Lie lie)
    {
        var liar = scene.AddServer(content);
        liar.Tamper = datagram =>
        {
            if (OfferMessage.TryParse(datagram, out var offer, out var code))
            {
                var name = System.Text.Encoding.UTF8.GetString(code);
                lie(ref offer);
                offer.Write(datagram, name);
            }
        };
        return liar;
    }

    private delegate void Lie(ref OfferMessage offer);
}
