using Simulation;

namespace PouringRain.Protocol.Tests.Fetching;

public class FetchTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1407)]
    [InlineData(1408)]
    [InlineData(1409)]
    [InlineData(65_535)]
    [InlineData(65_536)]
    [InlineData(65_537)]
    [InlineData(1_000_000)]
    public void EverySizeComesBackByteForByte(int length)
    {
        var content = SimContent.Create(Scene.RandomBytes(length));
        var scene = new Scene();
        scene.AddServer(content);
        scene.AddServer(content);
        using var client = scene.Fetch();
        scene.RunToCompletion(client, content);
    }

    [Fact]
    public void OnALosslessNetEverySymbolCrossesOnceAndSourcesShareTheWork()
    {
        var content = SimContent.Create(Scene.RandomBytes(8_000_000));
        var scene = new Scene();
        for (var i = 0; i < 3; i++)
        {
            scene.AddServer(content, uplink: 3_000_000);
        }

        using var client = scene.Fetch();
        var overhead = scene.RunToCompletion(client, content);
        Assert.True(overhead <= 1.005, $"overhead {overhead}: {Scene.Describe(client)}");
        var droplets = client.Fetch.Snapshot(scene.World.Now).Sources.Select(source => source.Droplets).ToArray();
        Assert.All(droplets, share => Assert.InRange((double)share / droplets.Sum(), 0.2, 0.47));
        Assert.InRange((client.Ended!.Value - client.Started).TotalSeconds, 0.8, 1.1);
    }

    [Fact]
    public void SourcesShareTheWorkEvenlyWhenDecodingIsTheBound()
    {
        var content = SimContent.Create(Scene.RandomBytes(40_000_000));
        var scene = new Scene();
        for (var i = 0; i < 3; i++)
        {
            scene.AddServer(content, uplink: 100_000_000);
        }

        using var client = scene.Fetch(options: new FetchOptions { WindowBytesMax = 4 * 1024 * 1024 });
        client.WorkTime = TimeSpan.FromMilliseconds(30);
        scene.RunToCompletion(client, content);
        var droplets = client.Fetch.Snapshot(scene.World.Now).Sources.Select(source => source.Droplets).ToArray();
        Assert.All(droplets, share => Assert.True((double)share / droplets.Sum() is > 0.25 and < 0.42, Scene.Describe(client)));
    }

    [Fact]
    public void ASmallResourceTakesTwoRoundTripsColdAndOneWarm()
    {
        var content = SimContent.Create(Scene.RandomBytes(10_000));
        var scene = new Scene();
        scene.World.Network.DefaultFaults = new LinkFaults { Delay = TimeSpan.FromMilliseconds(25) };
        scene.AddServer(content);
        var tokens = new TokenCache();
        using var cold = scene.Fetch(tokens: tokens);
        Assert.Equal(1, scene.RunToCompletion(cold, content));
        Assert.InRange((cold.Ended!.Value - cold.Started).TotalMilliseconds, 100, 103);
        using var warm = scene.Fetch(tokens: tokens);
        Assert.Equal(1, scene.RunToCompletion(warm, content));
        Assert.InRange((warm.Ended!.Value - warm.Started).TotalMilliseconds, 50, 53);
    }

    [Fact]
    public void WhatEveryServerDeniesIsNotFoundInOneRoundTrip()
    {
        var scene = new Scene();
        scene.AddServer();
        scene.AddServer();
        using var client = scene.Fetch();
        scene.RunToEnd(client);
        Assert.Equal(FetchEndReason.NotFound, client.Fetch.EndReason);
        Assert.InRange((client.Ended!.Value - client.Started).TotalMilliseconds, 9, 12);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void SilenceIsUnansweredAtTheDeadlineThoughAnotherServerDenies(int denying)
    {
        var scene = new Scene();
        for (var i = 0; i < 2; i++)
        {
            var server = scene.AddServer();
            if (i >= denying)
            {
                server.Kill();
            }
        }

        using var client = scene.Fetch();
        scene.RunToEnd(client);
        Assert.Equal(FetchEndReason.Unanswered, client.Fetch.EndReason);
        Assert.InRange((client.Ended!.Value - client.Started).TotalSeconds, 1.99, 2.1);
    }

    [Fact]
    public void WithTwoOfFourSourcesKilledThePauseIsShort()
    {
        var content = SimContent.Create(Scene.RandomBytes(8_000_000));
        var scene = new Scene();
        for (var i = 0; i < 4; i++)
        {
            scene.AddServer(content, uplink: 2_000_000);
        }

        using var client = scene.Fetch();
        Assert.True(scene.World.RunUntil(() => client.Deliveries.Count >= 30, TimeSpan.FromSeconds(10)));
        scene.Servers[0].Kill();
        scene.Servers[1].Kill();
        scene.RunToCompletion(client, content);
        var pause = client.Deliveries.Zip(client.Deliveries.Skip(1), (a, b) => (b.Time - a.Time).TotalMilliseconds).Max();
        Assert.True(pause < 500, $"{pause} ms");
    }

    [Fact]
    public void WithAllSourcesKilledTheFetchStallsAndAnotherFinishesAfterTheirRestart()
    {
        var content = SimContent.Create(Scene.RandomBytes(4_000_000));
        var scene = new Scene();
        scene.AddServer(content, uplink: 2_000_000);
        scene.AddServer(content, uplink: 2_000_000);
        using var first = scene.Fetch(options: new FetchOptions { StallTimeout = TimeSpan.FromSeconds(3) });
        Assert.True(scene.World.RunUntil(() => first.Blocks.Count >= 20, TimeSpan.FromSeconds(10)));
        var killed = scene.World.Now;
        foreach (var server in scene.Servers)
        {
            server.Kill();
        }

        scene.RunToEnd(first);
        Assert.Equal(FetchEndReason.Stalled, first.Fetch.EndReason);
        Assert.InRange((first.Ended!.Value - killed).TotalSeconds, 2.9, 3.2);
        foreach (var server in scene.Servers)
        {
            server.Restart();
        }

        using var second = scene.Fetch();
        second.Held = new ulong[(content.Manifest.Layout.BlockCount + 63) / 64];
        foreach (var (block, bytes) in first.Blocks)
        {
            second.Held[block / 64] |= 1UL << (block % 64);
            second.Blocks[block] = bytes;
        }

        scene.RunToEnd(second);
        Assert.Equal(FetchEndReason.Completed, second.Fetch.EndReason);
        Assert.Equal(content.Bytes, second.Assemble());
        Assert.True(second.Deliveries.TrueForAll(delivery => !first.Blocks.ContainsKey(delivery.Block)));
    }

    [Fact]
    public void ASourceThatRestartsGoesOnRaining()
    {
        var content = SimContent.Create(Scene.RandomBytes(4_000_000));
        var scene = new Scene();
        var server = scene.AddServer(content, uplink: 2_000_000);
        using var client = scene.Fetch();
        Assert.True(scene.World.RunUntil(() => client.Blocks.Count >= 20, TimeSpan.FromSeconds(10)));
        server.Kill();
        scene.World.Run(TimeSpan.FromSeconds(2));
        server.Restart();
        scene.RunToCompletion(client, content);
    }

    [Fact]
    public void ALossyDuplicatingReorderingNetCostsLittle()
    {
        var content = SimContent.Create(Scene.RandomBytes(8_000_000), blockBytes: 1 << 20);
        var scene = new Scene();
        scene.World.Network.DefaultFaults = new LinkFaults
        {
            LossPerMillion = 100_000,
            DuplicatePerMillion = 100_000,
            ReorderPerMillion = 100_000,
            ReorderBy = TimeSpan.FromMilliseconds(20),
        };
        for (var i = 0; i < 3; i++)
        {
            scene.AddServer(content, uplink: 3_000_000);
        }

        using var client = scene.Fetch();
        var overhead = scene.RunToCompletion(client, content);
        Assert.True(overhead <= 1.06, $"overhead {overhead}: {Scene.Describe(client)}");
    }

    [Theory]
    [InlineData(1 << 16, 50_000)]
    [InlineData(1 << 18, 50_000)]
    [InlineData(1 << 20, 50_000)]
    [InlineData(1 << 16, 10_000)]
    public void LossCostsLittleMoreThanWhatIsLostWhateverTheSizeOfBlocks(int blockBytes, int lossPerMillion)
    {
        var content = SimContent.Create(Scene.RandomBytes(20_000_000), blockBytes: blockBytes);
        var scene = new Scene();
        scene.World.Network.DefaultFaults = new LinkFaults { LossPerMillion = lossPerMillion };
        for (var i = 0; i < 3; i++)
        {
            scene.AddServer(content, uplink: 3_000_000);
        }

        using var client = scene.Fetch();
        var overhead = scene.RunToCompletion(client, content);
        TestContext.Current.TestOutputHelper?.WriteLine($"{blockBytes} {lossPerMillion}: {overhead:F4} in {scene.World.Now}");
        Assert.True(overhead <= 1.01, $"overhead {overhead}: {Scene.Describe(client)}");
    }

    [Fact]
    public void ALiarAmongHonestSourcesIsFoundAndTheBytesAreRight()
    {
        var content = SimContent.Create(Scene.RandomBytes(4_000_000));
        var scene = new Scene();
        for (var i = 0; i < 4; i++)
        {
            scene.AddServer(i == 2 ? null : content, uplink: 2_000_000);
        }

        var liar = content.Copy();
        liar.IsLying = true;
        scene.Servers[2].Catalog.Add(Scene.Id, liar);
        using var client = scene.Fetch();
        scene.RunToCompletion(client, content);
        Assert.Equal(
            [new FetchEvent(FetchEventKind.SourceLied, scene.Servers[2].Address)],
            client.Events.Where(e => e.Kind == FetchEventKind.SourceLied));
    }

    [Fact]
    public void WithOnlyALiarTheFetchFails()
    {
        var content = SimContent.Create(Scene.RandomBytes(400_000));
        content.IsLying = true;
        var scene = new Scene();
        var liar = content.Copy();
        liar.IsLying = true;
        scene.AddServer().Catalog.Add(Scene.Id, liar);
        using var client = scene.Fetch();
        scene.RunToEnd(client);
        Assert.Equal(FetchEndReason.IntegrityFailure, client.Fetch.EndReason);
        Assert.Empty(client.Blocks);
    }

    [Fact]
    public void TheNewestVersionWinsAndTheStaleSourceIsReported()
    {
        var old = SimContent.Create(Scene.RandomBytes(300_000, 1), stamp: 1);
        var fresh = SimContent.Create(Scene.RandomBytes(500_000, 2), stamp: 2);
        var scene = new Scene();
        scene.AddServer(old);
        scene.AddServer(fresh);
        var slow = new LinkFaults { Delay = TimeSpan.FromMilliseconds(8) };
        using var client = scene.Fetch();
        scene.World.Network.SetFaults(scene.Servers[1].Address, client.Address, slow);
        scene.RunToCompletion(client, fresh);
        Assert.Contains(new FetchEvent(FetchEventKind.SourceStale, scene.Servers[0].Address), client.Events);
    }

    [Fact]
    public void ATombstoneIsAVersion()
    {
        var scene = new Scene();
        scene.AddServer(SimContent.Create(Scene.RandomBytes(300_000), stamp: 1));
        scene.AddServer(SimContent.CreateTombstone(2));
        using var client = scene.Fetch();
        scene.RunToEnd(client);
        Assert.Equal(FetchEndReason.Completed, client.Fetch.EndReason);
        Assert.True(client.Fetch.Manifest!.IsDeleted);
        Assert.Empty(client.Blocks);
    }

    [Fact]
    public void ARangeFetchesOnlyTheBlocksItTouches()
    {
        var content = SimContent.Create(Scene.RandomBytes(1_000_000));
        var scene = new Scene();
        scene.AddServer(content);
        using var client = scene.Fetch(offset: 200_000, length: 50_000);
        scene.RunToEnd(client);
        Assert.Equal(FetchEndReason.Completed, client.Fetch.EndReason);
        Assert.Equal([3], client.Blocks.Keys.Order());
    }

    [Fact]
    public void DemandOfNothingFetchesTheManifest()
    {
        var content = SimContent.Create(Scene.RandomBytes(1_000_000));
        var scene = new Scene();
        scene.AddServer(content);
        using var client = scene.Fetch(length: 0);
        scene.RunToEnd(client);
        Assert.Equal(FetchEndReason.Completed, client.Fetch.EndReason);
        Assert.Equal(content.Manifest.Version, client.Fetch.Manifest!.Version);
        Assert.Empty(client.Blocks);
    }

    [Fact]
    public void SourcesThatHoldOnlySomeBlocksAreEnoughTogether()
    {
        var content = SimContent.Create(Scene.RandomBytes(2_000_000));
        var scene = new Scene();
        var count = content.Manifest.Layout.BlockCount;
        scene.AddServer(content.WithBlocks([.. Enumerable.Range(0, count).Where(i => i % 2 == 0)]), uplink: 2_000_000);
        scene.AddServer(content.WithBlocks([.. Enumerable.Range(0, count).Where(i => i % 2 == 1)]), uplink: 2_000_000);
        using var client = scene.Fetch();
        scene.RunToCompletion(client, content);
    }

    [Fact]
    public void AReaderThatStopsStopsTheRain()
    {
        var content = SimContent.Create(Scene.RandomBytes(8_000_000));
        var scene = new Scene();
        var server = scene.AddServer(content, uplink: 5_000_000);
        using var client = scene.Fetch(options: new FetchOptions { WindowBytesMax = 512 * 1024 });
        client.IsStalled = true;
        scene.World.Run(TimeSpan.FromSeconds(30));
        Assert.False(client.HasEnded);
        Assert.InRange(server.DropletsSent, 300, 450);
        client.IsStalled = false;
        client.Pump(scene.World.Now);
        scene.RunToCompletion(client, content);
    }

    [Fact]
    public void AnUnkeptBlockEndsTheFetch()
    {
        var content = SimContent.Create(Scene.RandomBytes(1_000_000));
        var scene = new Scene();
        scene.AddServer(content);
        using var client = scene.Fetch();
        client.Keep = work => work.BlockIndex != 5;
        scene.RunToEnd(client);
        Assert.Equal(FetchEndReason.LocalFailure, client.Fetch.EndReason);
    }

    [Fact]
    public void ABusyServerSaysSo()
    {
        var content = SimContent.Create(Scene.RandomBytes(1_000_000));
        var scene = new Scene();
        scene.AddServer(content, subscribers: 0);
        using var client = scene.Fetch();
        scene.RunToEnd(client);
        Assert.Equal(FetchEndReason.Busy, client.Fetch.EndReason);
    }

    [Fact]
    public void ABusyServerIsBusyUntilItSaysOtherwise()
    {
        var content = SimContent.Create(Scene.RandomBytes(1_000_000));
        var scene = new Scene();
        var busy = scene.AddServer(content, subscribers: 0).Address;
        using var client = scene.Fetch();
        Assert.True(scene.World.RunUntil(() => StateOf(busy) == SourceState.Busy, TimeSpan.FromSeconds(1)));

        var other = scene.AddServer(content, uplink: 1_000_000).Address;
        client.Fetch.AddServer(scene.World.Now, other);
        client.Pump(scene.World.Now);
        Assert.True(scene.World.RunUntil(() => StateOf(other) == SourceState.Raining, TimeSpan.FromSeconds(1)));
        Assert.Equal(SourceState.Busy, StateOf(busy));
        scene.RunToCompletion(client, content);

        SourceState StateOf(PeerAddress server) =>
            client.Fetch.Snapshot(scene.World.Now).Sources.Single(source => source.Peer == server).State;
    }

    [Fact]
    public void AnExplicitVersionIsTheOneOrNone()
    {
        var old = SimContent.Create(Scene.RandomBytes(300_000, 1), stamp: 1);
        var fresh = SimContent.Create(Scene.RandomBytes(500_000, 2), stamp: 2);
        var scene = new Scene();
        var server = scene.AddServer(old);
        server.Catalog.Add(Scene.Id, fresh);
        using var client = scene.Fetch(version: old.Manifest.Version);
        scene.RunToCompletion(client, old);
        using var other = scene.Fetch(version: Sha256Digest.Of([1]));
        scene.RunToEnd(other);
        Assert.Equal(FetchEndReason.NotFound, other.Fetch.EndReason);
    }
}
