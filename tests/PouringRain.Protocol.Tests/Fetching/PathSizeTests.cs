using Simulation;

namespace PouringRain.Protocol.Tests.Fetching;

/// <summary>Path MTU black holes: large datagrams vanish and nobody tells.</summary>
public class PathSizeTests
{
    private const int Mtu = 1280;
    private static readonly PeerAddress ClientHost = PeerAddress.FromIPv4(0xC0A8_0001, 5000);

    [Theory]
    [InlineData("raptorq", 0)]
    [InlineData("raptorq", 1)]
    [InlineData("raptorq", 5_000)]
    [InlineData("raptorq", 2_000_000)]
    [InlineData("lt", 1)]
    [InlineData("lt", 2_000_000)]
    public void ABlackHoleFromTheStartGetsAllInSmallSymbols(string code, int length)
    {
        var content = SimContent.Create(Scene.RandomBytes(length), code);
        var scene = new Scene();
        scene.AddServer(content, uplink: 5_000_000);
        Narrow(scene);
        using var client = scene.Fetch();
        scene.RunToCompletion(client, content);
        Assert.Equal(ResourceLayout.SmallSymbolSize, client.Fetch.SymbolSize);
        Assert.Equal(scene.Servers[0].Address, Assert.Single(client.Events, Tells).Peer);
        Assert.InRange((client.Ended!.Value - client.Started).TotalSeconds, 0, 3);
    }

    [Fact]
    public void APathThatShrinksInTheMiddleCostsNoBlockThatIsDone()
    {
        var content = SimContent.Create(Scene.RandomBytes(8_000_000));
        var scene = new Scene();
        scene.AddServer(content, uplink: 3_000_000);
        using var client = scene.Fetch();
        scene.World.Run(TimeSpan.FromSeconds(1));
        var before = client.Deliveries.Count;
        Assert.InRange(before, 20, 100);
        Narrow(scene);
        var overhead = scene.RunToCompletion(client, content);
        Assert.Single(client.Events, Tells);
        Assert.Equal(content.Manifest.Layout.BlockCount, client.Deliveries.Count);

        // What was under way when the path shrank, and what was collected of the blocks that it was for.
        Assert.InRange(overhead, 1, 1.1);
        Assert.InRange((client.Ended!.Value - client.Started).TotalSeconds, 2.7, 4);
    }

    [Theory]
    [InlineData(200_000, 0, 0, 0)]
    [InlineData(300_000, 10_000, 0, 0)]
    [InlineData(200_000, 0, 20, 200_000)]
    [InlineData(0, 20_000, 5, 0)]
    public void LossesAndDatagramsThatOvertakeAreNotTakenForIt(int loss, int burst, int jitter, int reorder)
    {
        for (var seed = 1UL; seed <= 20; seed++)
        {
            var content = SimContent.Create(Scene.RandomBytes(600_000));
            var scene = new Scene(seed);
            scene.AddServer(content, uplink: 2_000_000);
            scene.World.Network.DefaultFaults = new LinkFaults
            {
                Delay = TimeSpan.FromMilliseconds(20),
                Jitter = TimeSpan.FromMilliseconds(jitter),
                LossPerMillion = loss,
                BurstPerMillion = burst,
                ReorderPerMillion = reorder,
                ReorderBy = TimeSpan.FromMilliseconds(60),
            };
            var patient = TimeSpan.FromSeconds(60);
            using var client = scene.Fetch(options: new FetchOptions { DiscoveryTimeout = patient, StallTimeout = patient });
            scene.RunToCompletion(client, content, limitSeconds: 120);
            Assert.Equal(1408, client.Fetch.SymbolSize);
            Assert.DoesNotContain(client.Events, Tells);
        }
    }

    [Fact]
    public void OneNarrowPathAmongWideOnesIsOfUse()
    {
        var content = SimContent.Create(Scene.RandomBytes(4_000_000));
        var scene = new Scene();
        scene.AddServer(uplink: 3_000_000).Catalog.Add(Scene.Id, content.WithBlocks([.. Enumerable.Range(0, 30)]));
        scene.AddServer(uplink: 3_000_000).Catalog.Add(Scene.Id, content.WithBlocks([.. Enumerable.Range(20, 100)]));
        Narrow(scene, server: 1);
        using var client = scene.Fetch();
        scene.RunToCompletion(client, content);
        Assert.Equal(scene.Servers[1].Address, Assert.Single(client.Events, Tells).Peer);
    }

    [Fact]
    public void TheServerIsRememberedAndForgotten()
    {
        var content = SimContent.Create(Scene.RandomBytes(500_000));
        var scene = new Scene();
        scene.AddServer(content, uplink: 5_000_000);
        Narrow(scene);
        var tokens = new TokenCache();
        using var first = scene.Fetch(tokens: tokens);
        scene.RunToCompletion(first, content);

        var largest = 0;
        scene.World.Network.OnSent = (_, _, datagram) => largest = Math.Max(largest, datagram.Length);
        using var second = scene.Fetch(tokens: tokens);
        Narrow(scene);
        var overhead = scene.RunToCompletion(second, content);
        Assert.Equal(WireFormat.DropletHeaderBytes + ResourceLayout.SmallSymbolSize, largest);
        Assert.InRange(overhead, 1, 1.01);
        Assert.Single(second.Events, Tells);

        scene.World.Run(TimeSpan.FromMinutes(11));
        Narrow(scene, mtu: 1500);
        using var third = scene.Fetch(tokens: tokens);
        scene.RunToCompletion(third, content);
        Assert.Equal(1408, third.Fetch.SymbolSize);
        Assert.DoesNotContain(third.Events, Tells);
    }

    [Fact]
    public void AServerThatJoinsAndIsKnownToBeNarrowMakesItSmallAtOnce()
    {
        var content = SimContent.Create(Scene.RandomBytes(6_000_000));
        var scene = new Scene();
        scene.AddServer(content, uplink: 2_000_000);
        var tokens = new TokenCache();
        using var client = scene.Fetch(tokens: tokens);
        scene.World.Run(TimeSpan.FromSeconds(0.5));
        var joining = scene.AddServer(content, uplink: 2_000_000);
        tokens.StoreNarrow(joining.Address, scene.World.Now + TimeSpan.FromSeconds(5));
        client.Fetch.AddServer(scene.World.Now, joining.Address);
        client.Pump(scene.World.Now);
        scene.RunToCompletion(client, content);
        Assert.Equal(joining.Address, Assert.Single(client.Events, Tells).Peer);
    }

    [Fact]
    public void SymbolsThatAreSmallAlreadyStayAsTheyAre()
    {
        var content = SimContent.Create(Scene.RandomBytes(100_000), symbolSize: 1000);
        var scene = new Scene();
        scene.AddServer(content);
        Narrow(scene);
        using var client = scene.Fetch();
        scene.RunToCompletion(client, content);
        Assert.Equal(1000, client.Fetch.SymbolSize);
        Assert.DoesNotContain(client.Events, Tells);
    }

    [Theory]
    [InlineData(1 << 20, 1408, 1 << 20, 1152)]
    [InlineData(1 << 20, 1153, 100, 1152)]
    [InlineData(1 << 20, 1152, 100, 1152)]
    [InlineData(1 << 20, 64, 100, 64)]
    [InlineData(64 << 20, 60_000, 100, 1190)]
    [InlineData(64 << 20, 1190, 100, 1190)]
    [InlineData(1 << 20, 1408, 75_000_000, 1330)]
    public void SmallSymbolsAreAsSmallAsTheCodesAllow(int blockBytes, int symbolSize, int manifestBytes, int expected)
    {
        Assert.True(ResourceLayout.TryCreate(10L * blockBytes, blockBytes, symbolSize, out var layout));
        var small = layout.WithSmallSymbols(manifestBytes);
        Assert.Equal(expected, small.SymbolSize);
        Assert.Equal((layout.Length, layout.BlockBytes, layout.BlockCount), (small.Length, small.BlockBytes, small.BlockCount));
        Assert.True(ResourceLayout.IsPossible(small.Length, small.BlockBytes, small.SymbolSize));
    }

    private static bool Tells(FetchEvent fetchEvent) => fetchEvent.Kind == FetchEventKind.PathIsNarrow;

    /// <summary>All ports of the client's host are behind it.</summary>
    private static void Narrow(Scene scene, int server = 0, int mtu = Mtu)
    {
        for (ushort port = 4999; port < 5002; port++)
        {
            var client = new PeerAddress(ClientHost.Address, port);
            scene.World.Network.SetMtu(scene.Servers[server].Address, client, mtu);
            scene.World.Network.SetMtu(client, scene.Servers[server].Address, mtu);
        }
    }
}
