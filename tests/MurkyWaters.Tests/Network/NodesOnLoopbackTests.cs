using MurkyWaters.Tests.Fetching;
using PouringRain.Coding;
using PouringRain.Network;
using PouringRain.Protocol;

namespace MurkyWaters.Tests.Network;

/// <summary>Whole nodes on real sockets.</summary>
public class NodesOnLoopbackTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    public static TheoryData<string> Codes => [.. FountainCodes.All.Select(code => code.Name)];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Codes))]
    public async Task WhatIsPutAtOneNodeIsKeptByAllAndRainsBack(string code)
    {
        await using var cloud = await NodeCloud.StartAsync(
            4, (index, options) => index == 3 ? options with { AutoAddPeers = false } : options);
        var bytes = Bytes.Random(1_500_000, 1);

        var put = await cloud.PutAsync(0, 1, bytes, code);
        Assert.Equal(4, await cloud[0].PropagateAsync(put.Id, 4, Patience, Cancellation));

        Assert.All(Enumerable.Range(0, 4), i => Assert.Equal(put.Manifest.Version, cloud[i].Find(put.Id)!.Manifest.Version));
        Assert.Equal(Retention.Kept, cloud[3].Find(put.Id)!.Retention);
        Assert.Equal(bytes, await cloud.GetAsync(3, 1, OpenSource.RainOnly));
        await FetchFixture.EventuallyAsync(() => cloud[3].Transfers[0].State == "completed", "it ends");
        var transfer = cloud[3].Transfers[0];
        Assert.Equal(bytes.Length, transfer.ReceivedBytes);
        Assert.InRange(transfer.Overhead, 1.0, 1.2);
        Assert.Equal(4, transfer.Sources.Count);
        Assert.All(cloud[3].Servers, server => Assert.Equal("up", server.State));
    }

    [Fact]
    public async Task ADeletionReachesTheOtherNodes()
    {
        await using var cloud = await NodeCloud.StartAsync(3);
        var put = await cloud.PutAsync(0, 1, Bytes.Random(10_000, 1));
        Assert.Equal(3, await cloud[0].PropagateAsync(put.Id, 3, Patience, Cancellation));

        Assert.Equal(DeleteOutcome.Deleted, (await cloud[1].DeleteAsync(put.Id, _ => true, Cancellation)).Outcome);

        await FetchFixture.EventuallyAsync(
            () => Enumerable.Range(0, 3).All(i => cloud[i].Find(put.Id)!.Manifest.IsDeleted), "every node forgets");
        Assert.Equal(OpenStatus.Deleted, (await cloud[2].OpenAsync(put.Id, new OpenOptions(), Cancellation)).Status);
    }

    /// <summary>The node that is asked has the older clock and never had the resource: its tombstone outranks all the same.</summary>
    [Fact]
    public async Task ADeletionWhereNothingIsKeptReachesTheNodesThatKeepIt()
    {
        await using var cloud = await NodeCloud.StartAsync(
            3, (index, options) => index == 0 ? options with { Time = new Ahead() } : options);
        var put = await cloud.PutAsync(0, 1, Bytes.Random(10_000, 1));
        var manifest = cloud[0].Find(put.Id)!.Manifest;
        foreach (var node in (MurkyNode[])[cloud[1], cloud[2]])
        {
            // Whether the rain told it already is left to chance; without its own copy the others are asked.
            Assert.Equal(
                DeleteOutcome.PreconditionFailed,
                (await node.DeleteAsync(put.Id, found => found?.Version != manifest.Version, Cancellation)).Outcome);
        }

        Assert.Equal(
            DeleteOutcome.Deleted, (await cloud[2].DeleteAsync(put.Id, found => found?.Version == manifest.Version, Cancellation)).Outcome);

        await FetchFixture.EventuallyAsync(
            () => Enumerable.Range(0, 3).All(i => cloud[i].Find(put.Id) is { Manifest.IsDeleted: true }), "every node forgets");
        Assert.True(cloud[0].Find(put.Id)!.Manifest.IsNewerThan(manifest));
        var again = await cloud[1].DeleteAsync(put.Id, _ => true, Cancellation);
        Assert.Equal((DeleteOutcome.NotFound, OpenStatus.Deleted), (again.Outcome, again.Search!.Status));
    }

    [Fact]
    public async Task AReaderWhoComesRightAfterADeletionIsToldSoQuietly()
    {
        await using var cloud = await NodeCloud.StartAsync(2);
        for (var id = 1ul; id <= 20; id++)
        {
            var put = await cloud.PutAsync(0, id, Bytes.Random(1_000_000, (int)id));
            Assert.Equal(2, await cloud[0].PropagateAsync(put.Id, 2, Patience, Cancellation));
            await cloud[0].DeleteAsync(put.Id, _ => true, Cancellation);

            // The other node may still offer what was deleted here.
            Assert.Equal(OpenStatus.Deleted, (await cloud[0].OpenAsync(put.Id, new OpenOptions(), Cancellation)).Status);
        }

        Assert.Empty(cloud.Failures);
    }

    [Fact]
    public async Task OfNewMetadataOnlyTheManifestTravels()
    {
        await using var cloud = await NodeCloud.StartAsync(2);
        var bytes = Bytes.Random(3_000_000, 1);
        var first = await cloud.PutAsync(0, 1, bytes, contentType: "text/plain");
        Assert.Equal(2, await cloud[0].PropagateAsync(first.Id, 2, Patience, Cancellation));

        var second = await cloud.PutAsync(0, 1, bytes, contentType: "text/markdown");
        Assert.NotEqual(first.Manifest.Version, second.Manifest.Version);
        Assert.Equal(2, await cloud[0].PropagateAsync(second.Id, 2, Patience, Cancellation));

        Assert.Equal(second.Manifest.Version, cloud[1].Find(second.Id)!.Manifest.Version);
        Assert.Equal(Retention.Kept, cloud[1].Find(second.Id)!.Retention);
        await FetchFixture.EventuallyAsync(() => cloud[1].Transfers[0].State == "completed", "it ends");
        var symbols = (second.Manifest.Bytes.Length + second.Manifest.Layout.SymbolSize - 1) / second.Manifest.Layout.SymbolSize;
        Assert.Equal(symbols, cloud[1].Transfers[0].SymbolsNeeded);
        Assert.InRange(cloud[1].Transfers[0].DropletsReceived, symbols, symbols + 5);
        Assert.Single(Directory.GetFiles(Path.Combine(cloud.PathOf(1), "blobs")));

        // Both versions are of one blob, which stays when the older one goes, and after a restart.
        await cloud.StopAsync(1);
        await cloud.StartAsync(1);
        Assert.Equal("text/markdown", cloud[1].Find(second.Id)!.Manifest.ContentType);
        Assert.Equal(bytes, await cloud.GetAsync(1, 1, OpenSource.LocalOnly));
        Assert.Equal(bytes, await cloud.GetAsync(0, 1, OpenSource.RainOnly));
        Assert.Empty(cloud.Failures);
    }

    [Fact]
    public async Task ANodeThatWasAwayIsToldWhenItComesBack()
    {
        await using var cloud = await NodeCloud.StartAsync(2);
        var first = await cloud.PutAsync(0, 1, Bytes.Random(100_000, 1));
        Assert.Equal(2, await cloud[0].PropagateAsync(first.Id, 2, Patience, Cancellation));
        await cloud.StopAsync(1);
        var second = await cloud.PutAsync(0, 1, Bytes.Random(120_000, 2));
        Assert.Equal(1, await cloud[0].PropagateAsync(second.Id, 2, TimeSpan.FromMilliseconds(100), Cancellation));

        await cloud.StartAsync(1);

        Assert.Equal(2, await cloud[0].PropagateAsync(second.Id, 2, Patience, Cancellation));
        Assert.Equal(second.Manifest.Version, cloud[1].Find(second.Id)!.Manifest.Version);
    }

    [Fact]
    public async Task ANodeThatHoldsANewerVersionKeepsIt()
    {
        await using var cloud = await NodeCloud.StartAsync(2);
        await cloud.StopAsync(1);
        var older = await cloud.PutAsync(0, 1, Bytes.Random(1000, 1));
        await cloud.StopAsync(0);
        await cloud.StartAsync(1);
        var newer = await cloud.PutAsync(1, 1, Bytes.Random(2000, 2));
        Assert.True(newer.Manifest.IsNewerThan(older.Manifest));

        // Each was away when the other was given its version.
        await cloud.StartAsync(0);

        Assert.Equal(2, await cloud[0].PropagateAsync(older.Id, 2, Patience, Cancellation));
        Assert.Equal(newer.Manifest.Version, cloud[1].Find(older.Id)!.Manifest.Version);
        Assert.Empty(cloud[1].Transfers);
        Assert.Equal(Bytes.Random(2000, 2), await cloud.GetAsync(0, 1, OpenSource.RainOnly));
    }

    [Fact]
    public async Task EverythingPutRainsAfterARestart()
    {
        await using var cloud = await NodeCloud.StartAsync(2);
        for (var id = 1ul; id <= 5; id++)
        {
            await cloud.PutAsync(0, id, Bytes.Random(10_000 * (int)id, (int)id));
        }

        await cloud.StopAsync(0);
        await cloud.StopAsync(1);
        await cloud.StartAsync(0);
        await cloud.StartAsync(1);

        for (var id = 1ul; id <= 5; id++)
        {
            Assert.Equal(Bytes.Random(10_000 * (int)id, (int)id), await cloud.GetAsync(1, id));
        }
    }

    [Fact]
    public async Task FiftyColdReadersAreOneTransfer()
    {
        await using var cloud = await NodeCloud.StartAsync(
            2, (index, options) => index == 1 ? options with { AutoAddPeers = false } : options);
        cloud[0].RemoveServer("127.0.0.1", int.Parse(cloud.EndpointOf(1).Split(':')[1], null));
        var bytes = Bytes.Random(3_000_000, 1);
        await cloud.PutAsync(0, 1, bytes);

        var all = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => Task.Run(() => cloud.GetAsync(1, 1))));

        Assert.All(all, read => Assert.Equal(bytes, read));
        Assert.Single(cloud[1].Transfers);
    }

    [Fact]
    public async Task ABadNetworkChangesNothing()
    {
        var faults = new DatagramFaults(0.1, 0.1, 0.1, 7);
        await using var cloud = await NodeCloud.StartAsync(3, (_, options) => options with { Faults = faults });
        var bytes = Bytes.Random(2_000_000, 1);
        var put = await cloud.PutAsync(0, 1, bytes);

        Assert.Equal(3, await cloud[0].PropagateAsync(put.Id, 3, Patience, Cancellation));
        Assert.Equal(bytes, await cloud.GetAsync(2, 1, OpenSource.RainOnly));
    }

    [Fact]
    public async Task ANodeWhoseDiskHasRottedRainsNoneOfItAndGetsItAgain()
    {
        await using var cloud = await NodeCloud.StartAsync(4);
        var bytes = Bytes.Random(8_000_000, 1);
        var put = await cloud.PutAsync(0, 1, bytes);
        Assert.Equal(4, await cloud[0].PropagateAsync(put.Id, 4, Patience, Cancellation));
        var blob = Assert.Single(new DirectoryInfo(Path.Combine(cloud.PathOf(2), "blobs")).GetFiles()).FullName;
        await cloud.StopAsync(2);
        await using (var file = new FileStream(blob, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            await file.WriteAsync(bytes.Select(value => (byte)~value).ToArray(), Cancellation);
        }

        await cloud.StartAsync(2);
        Assert.Equal(bytes, await cloud.GetAsync(3, 1, OpenSource.RainOnly));

        Assert.DoesNotContain(cloud[3].Servers, server => server.State == "lied");
        Assert.Equal(bytes, await cloud.GetAsync(2, 1));
        Assert.Equal(1, cloud[2].Figures.StoreQuarantined);
    }

    [Fact]
    public async Task WhatIsNowhereIsNotFoundAtOnce()
    {
        await using var cloud = await NodeCloud.StartAsync(3, (_, options) => options with
        {
            Fetch = options.Fetch with { DiscoveryTimeout = TimeSpan.FromSeconds(60) },
        });
        var started = TimeProvider.System.GetTimestamp();

        var result = await cloud[0].OpenAsync(new ResourceId(404), new OpenOptions(), Cancellation);

        Assert.Equal(OpenStatus.NotFound, result.Status);
        Assert.InRange(TimeProvider.System.GetElapsedTime(started), TimeSpan.Zero, TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task WhatANodeThatIsNotNamedAsksForIsNotDone()
    {
        // The list would name it again.
        await using var cloud = await NodeCloud.StartAsync(2, (_, options) => options with { ServersFile = options.StorePath + ".none" });
        var port = int.Parse(cloud.EndpointOf(0).Split(':')[1], null);
        cloud[1].RemoveServer("127.0.0.1", port);
        var put = await cloud.PutAsync(0, 1, Bytes.Random(10_000, 1));

        // Refused, so that nobody waits.
        Assert.Equal(1, await cloud[0].PropagateAsync(put.Id, 2, Patience, Cancellation));
        Assert.Null(cloud[1].Find(put.Id));
        Assert.DoesNotContain(cloud[1].Servers, server => server.Endpoint == cloud.EndpointOf(0));

        cloud[1].AddServer("127.0.0.1", port);
        await FetchFixture.EventuallyAsync(() => cloud[1].Find(put.Id) is not null, "it is asked again");
        Assert.Equal(2, await cloud[0].PropagateAsync(put.Id, 2, Patience, Cancellation));
        cloud[1].RemoveServer("127.0.0.1", port);

        // Neither a newer version nor a deletion is taken from it now.
        var newer = await cloud.PutAsync(0, 1, Bytes.Random(10_000, 2));
        Assert.Equal(1, await cloud[0].PropagateAsync(put.Id, 2, Patience, Cancellation));
        Assert.NotEqual(newer.Manifest.Version, cloud[1].Find(put.Id)!.Manifest.Version);
        Assert.Equal(DeleteOutcome.Deleted, (await cloud[0].DeleteAsync(put.Id, _ => true, Cancellation)).Outcome);
        await FetchFixture.EventuallyAsync(() => cloud[0].Transfers.All(transfer => transfer.State != "raining"), "it has been told");
        Assert.Equal(put.Manifest.Version, cloud[1].Find(put.Id)!.Manifest.Version);
    }

    [Fact]
    public async Task ASealedNodeNeedsNoName()
    {
        await using var cloud = await NodeCloud.StartAsync(2, (_, options) => options with { Secret = new byte[16] });
        cloud[1].RemoveServer("127.0.0.1", int.Parse(cloud.EndpointOf(0).Split(':')[1], null));

        var put = await cloud.PutAsync(0, 1, Bytes.Random(10_000, 1));

        Assert.Equal(2, await cloud[0].PropagateAsync(put.Id, 2, Patience, Cancellation));
        await FetchFixture.EventuallyAsync(() => cloud[1].Servers.Any(server => server.Endpoint == cloud.EndpointOf(0)), "it is known");
    }

    private sealed class Ahead : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => base.GetUtcNow().AddHours(1);
    }
}
