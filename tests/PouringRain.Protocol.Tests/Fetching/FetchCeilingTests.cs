using Simulation;

namespace PouringRain.Protocol.Tests.Fetching;

/// <summary>Fetches that are held to a ceiling, on links that carry far more.</summary>
public class FetchCeilingTests
{
    private const long Rate = 1_000_000;
    private const int DropletBytes = WireFormat.DropletHeaderBytes + 1408, BurstBytes = 16 * DropletBytes;
    private readonly SimContent _content = SimContent.Create(Scene.RandomBytes(4_000_000));

    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 3)]
    [InlineData(3, 2)]
    public void TogetherTheyOrderNoMoreThanTheCeiling(int fetches, int servers)
    {
        var scene = NewScene(servers);
        var ceiling = FetchCeiling.Of(Rate)!;
        var clients = Enumerable.Range(0, fetches).Select(_ => scene.Fetch(options: Held(ceiling))).ToArray();
        for (var second = 1; second <= 3; second++)
        {
            scene.World.RunUntil(() => false, TimeSpan.FromSeconds(1));

            // A server begins with a burst, and has one saved up when it was asked for nothing.
            var bursts = fetches * servers * BurstBytes;
            Assert.InRange(clients.Sum(BytesOf), 0.7 * Rate * second, (1.02 * Rate * second) + bursts);
        }

        Assert.All(clients, client => Assert.Equal(FetchBound.Ceiling, client.Fetch.Snapshot(scene.World.Now).Bound));
        foreach (var client in clients)
        {
            scene.RunToCompletion(client, _content);
            client.Options.Ceiling!.IsHeld = false;
            client.Dispose();
        }
    }

    [Fact]
    public void OneThatIsNotHeldAnyMoreGoesAtOnceAsFastAsItsPath()
    {
        var scene = NewScene(servers: 1);
        using var client = scene.Fetch(options: Held(FetchCeiling.Of(Rate)!));
        scene.World.RunUntil(() => false, TimeSpan.FromSeconds(1));
        Assert.InRange(BytesOf(client), 1, 1.1 * Rate);

        client.Options.Ceiling!.IsHeld = false;

        scene.RunToCompletion(client, _content, limitSeconds: 1);
    }

    [Fact]
    public void WhatIsNotHeldTakesNoPart()
    {
        var ceiling = FetchCeiling.Of(Rate)!;
        var (one, other) = (ceiling.Join(), ceiling.Join());
        Assert.Equal(long.MaxValue, one.RateBytesPerSecond);
        one.IsHeld = true;
        one.IsHeld = true;
        Assert.Equal(Rate, one.RateBytesPerSecond);
        other.IsHeld = true;
        Assert.Equal(Rate / 2, one.RateBytesPerSecond);
        other.IsHeld = false;
        other.IsHeld = false;
        Assert.Equal(Rate, one.RateBytesPerSecond);
    }

    [Fact]
    public void WhatWasHeldBackMakesNoLaterFetchSlow()
    {
        var scene = NewScene(servers: 1);
        var tokens = new TokenCache();
        using (var first = scene.Fetch(tokens: tokens))
        {
            scene.RunToCompletion(first, _content);
        }

        tokens.Find(scene.Servers[0].Address, out var known);
        using (var held = scene.Fetch(options: Held(FetchCeiling.Of(Rate)!), tokens: tokens))
        {
            scene.RunToCompletion(held, _content);
        }

        tokens.Find(scene.Servers[0].Address, out var later);
        Assert.InRange(known.RateBytesPerSecond, 5 * Rate, long.MaxValue);
        Assert.Equal(known.RateBytesPerSecond, later.RateBytesPerSecond);
    }

    private static FetchOptions Held(FetchCeiling ceiling)
    {
        var share = ceiling.Join();
        share.IsHeld = true;
        return new FetchOptions { Ceiling = share };
    }

    private static long BytesOf(SimClient client) =>
        client.Fetch.Snapshot(client.World.Now).Sources.Sum(source => source.Droplets) * DropletBytes;

    private Scene NewScene(int servers)
    {
        var scene = new Scene();
        scene.World.Network.DefaultFaults = new LinkFaults { Delay = TimeSpan.FromMilliseconds(5) };
        for (var i = 0; i < servers; i++)
        {
            scene.AddServer(_content, uplink: 20 * Rate).Uplink.QueueBytes = 256 * 1024;
        }

        return scene;
    }
}
