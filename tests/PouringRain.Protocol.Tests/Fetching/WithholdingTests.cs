using Simulation;

namespace PouringRain.Protocol.Tests.Fetching;

/// <summary>Servers that say that they have it, and do not give it.</summary>
public class WithholdingTests
{
    public enum Gives
    {
        Offers,
        Answers,
        Manifest,
        Trickle,
        ManifestAndTrickle,
    }

    public static TheoryData<Gives, bool> Kinds =>
        [.. from gives in Enum.GetValues<Gives>() from isNewer in new[] { true, false } select (gives, isNewer)];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void AFetchEndsWithWhatAnHonestSourceHolds(Gives gives, bool isNewer)
    {
        var content = SimContent.Create(Scene.RandomBytes(2_000_000));
        var scene = new Scene();
        scene.World.Network.DefaultFaults = new LinkFaults { Delay = TimeSpan.FromMilliseconds(10) };
        var withholder = scene.AddServer(isNewer ? SimContent.Create(Scene.RandomBytes(2_000_000, 8), stamp: 2) : content);
        withholder.Filter = Withhold(scene.World, gives);
        scene.AddServer(content, uplink: 10_000_000);
        using var client = scene.Fetch();
        client.Pump(scene.World.Now);

        scene.RunToCompletion(client, content, limitSeconds: 5);

        // Where others give the same, what was never sent may as well have been lost on the way.
        var source = client.Fetch.Snapshot(scene.World.Now).Sources[0];
        Assert.True(!isNewer || source.State is SourceState.Withholding or SourceState.Silent, Scene.Describe(client));
        Assert.DoesNotContain(client.Events, fetchEvent => fetchEvent.Kind == FetchEventKind.SourceLied);
    }

    /// <summary>What it cost the first fetch to find out, the next ones do not pay.</summary>
    [Theory]
    [InlineData(Gives.Offers)]
    [InlineData(Gives.Answers)]
    [InlineData(Gives.Manifest)]
    [InlineData(Gives.Trickle)]
    [InlineData(Gives.ManifestAndTrickle)]
    public void AVersionThatWasNotBroughtIsRememberedForAWhile(Gives gives)
    {
        var content = SimContent.Create(Scene.RandomBytes(500_000));
        var newer = SimContent.Create(Scene.RandomBytes(500_000, 8), stamp: 2);
        var scene = new Scene();
        scene.World.Network.DefaultFaults = new LinkFaults { Delay = TimeSpan.FromMilliseconds(10) };
        var withholder = scene.AddServer(newer);
        withholder.Filter = Withhold(scene.World, gives);
        scene.AddServer(content);
        var tokens = new TokenCache();
        Assert.True(TimeOf(scene, tokens, content) > TimeSpan.FromSeconds(1));
        Assert.True(TimeOf(scene, tokens, content) < TimeSpan.FromMilliseconds(400));

        // After a minute it is given another chance, and takes it.
        scene.World.Run(TimeSpan.FromSeconds(61));
        withholder.Filter = null;
        Assert.True(TimeOf(scene, tokens, newer) < TimeSpan.FromMilliseconds(400));
        Assert.True(TimeOf(scene, tokens, newer) < TimeSpan.FromMilliseconds(400));
    }

    private static TimeSpan TimeOf(Scene scene, TokenCache tokens, SimContent content)
    {
        var began = scene.World.Now;
        using var client = scene.Fetch(tokens: tokens);
        client.Pump(scene.World.Now);
        scene.RunToCompletion(client, content, limitSeconds: 5);
        return scene.World.Now - began;
    }

    [Fact]
    public void AVersionThatIsOfferedAnewAgainAndAgainDoesNotHoldUpWhatComes()
    {
        var content = SimContent.Create(Scene.RandomBytes(500_000));
        var scene = new Scene();
        scene.World.Network.DefaultFaults = new LinkFaults { Delay = TimeSpan.FromMilliseconds(10) };
        var stamp = 1000;
        scene.AddServer(content).Filter = datagram =>
        {
            if (!OfferMessage.TryParse(datagram, out var offer, out var code))
            {
                return false;
            }

            var name = System.Text.Encoding.UTF8.GetString(code);
            offer.Stamp = stamp++;
            offer.IsAddressValidated = false;
            offer.Write(datagram, name);
            return true;
        };
        scene.AddServer(content, uplink: 10_000_000);
        using var client = scene.Fetch();
        client.Pump(scene.World.Now);
        scene.RunToCompletion(client, content, limitSeconds: 5);
    }

    [Fact]
    public void ANewerVersionOnANarrowPathIsWaitedFor()
    {
        var (older, newer) = (SimContent.Create(Scene.RandomBytes(200_000)), SimContent.Create(Scene.RandomBytes(200_000, 8), stamp: 2));
        var scene = new Scene();
        scene.World.Network.DefaultFaults = new LinkFaults { Delay = TimeSpan.FromMilliseconds(10) };
        scene.AddServer(newer, uplink: 10_000);
        scene.AddServer(older);
        using var client = scene.Fetch();
        client.Pump(scene.World.Now);
        scene.RunToCompletion(client, newer, limitSeconds: 60);
    }

    [Theory]
    [InlineData(Gives.Answers)]
    [InlineData(Gives.Trickle)]
    [InlineData(Gives.ManifestAndTrickle)]
    public void AFetchWhoseOnlySourceWithholdsEnds(Gives gives)
    {
        // Blocks of a symbol each: every droplet is one.
        var content = SimContent.Create(Scene.RandomBytes(10_000), blockBytes: 64, symbolSize: 64);
        var scene = new Scene();
        scene.World.Network.DefaultFaults = new LinkFaults { Delay = TimeSpan.FromMilliseconds(50) };
        scene.AddServer(content).Filter = Withhold(scene.World, gives);
        using var client = scene.Fetch();
        client.Pump(scene.World.Now);

        scene.RunToEnd(client, limitSeconds: 25);

        Assert.Equal(FetchEndReason.Stalled, client.Fetch.EndReason);
        var state = client.Fetch.Snapshot(scene.World.Now).Sources[0].State;
        Assert.True(state is SourceState.Withholding or SourceState.Silent, Scene.Describe(client));
    }

    private static Tampering<bool> Withhold(SimWorld world, Gives gives)
    {
        var next = world.Now;
        return datagram =>
        {
            if (!DropletMessage.TryParse(datagram, out var droplet, out _))
            {
                return gives != Gives.Offers || OfferMessage.TryParse(datagram, out _, out _);
            }

            if (gives is Gives.Manifest or Gives.ManifestAndTrickle && droplet.BlockNumber == WireFormat.ManifestBlockNumber)
            {
                return true;
            }

            var isTime = gives is Gives.Trickle or Gives.ManifestAndTrickle && world.Now >= next;
            next = isTime ? world.Now + TimeSpan.FromSeconds(2) : next;
            return isTime;
        };
    }
}
