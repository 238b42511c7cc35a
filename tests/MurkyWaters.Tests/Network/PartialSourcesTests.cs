using MurkyWaters.Tests.Fetching;
using PouringRain.Protocol;

namespace MurkyWaters.Tests.Network;

/// <summary>Nodes that rain on what they have not got all of yet.</summary>
public sealed class PartialSourcesTests
{
    private static readonly ResourceId Id = new(1);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Of a slow node that has all and one that has the first half, both rain, and neither more than it has. The latter says that
    /// it has no whole one, and is asked for the version a second later.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ANodeThatHasHalfRainsHalf(bool isShared)
    {
        // The slow one takes three seconds for the half that both have.
        await using var cloud = await StartAsync(
            3, (index, options) => options with
            {
                RateBytesPerSecondMax = index == 0 ? 700_000 : 0,
                ShareContent = isShared || index != 1,
            });
        var bytes = Bytes.Random(4_000_000, 1);
        await cloud.PutAsync(0, 1, bytes);
        await ReadHalfAsync(cloud[1], bytes);
        await FetchFixture.EventuallyAsync(() => cloud[1].Figures.TransfersRunning == 0, "the fetch of a half ends");
        Assert.Null(cloud[1].Find(Id));

        Assert.Equal(bytes, await cloud.GetAsync(2, 1));

        await FetchFixture.EventuallyAsync(() => cloud[2].Transfers[0].State == "completed", "it ends");
        var droplets = cloud[2].Transfers[0].Sources.ToDictionary(source => source.Endpoint, source => source.Droplets);
        Assert.Equal(isShared, droplets.GetValueOrDefault(cloud.EndpointOf(1)) > 0);
        Assert.True(droplets[cloud.EndpointOf(0)] > 0);
        Assert.DoesNotContain(cloud[2].Servers, server => server.State == "lied");
        Assert.Empty(cloud.Failures);
    }

    /// <summary>They begin at once, become whole while others have them as sources, and all have the right bytes.</summary>
    [Fact]
    public async Task NodesThatFetchAtOnceAreSourcesOfEachOtherAndAllEnd()
    {
        await using var cloud = await StartAsync(
            5, (index, options) => options with { RateBytesPerSecondMax = index == 0 ? 6_000_000 : 0 });
        var bytes = Bytes.Random(5_000_000, 1);
        await cloud.PutAsync(0, 1, bytes);

        var all = await Task.WhenAll(Enumerable.Range(1, 4).Select(i => Task.Run(
            async () =>
            {
                // One after the other, so that some are ahead.
                await FetchFixture.EventuallyAsync(
                    () => i == 1 || cloud[i - 1].Transfers is [{ DecodedBlocks: > 5 }, ..], "the one before has begun");
                return await cloud.GetAsync(i, 1);
            },
            Cancellation)));

        Assert.All(all, read => Assert.Equal(bytes, read));
        for (var i = 1; i < 5; i++)
        {
            await FetchFixture.EventuallyAsync(() => cloud[i].Find(Id) is not null, "it is kept");
            Assert.DoesNotContain(cloud[i].Servers, server => server.State == "lied");
        }

        Assert.Contains(
            Enumerable.Range(2, 3),
            i => cloud[i].Transfers[0].Sources.Any(source => source.Endpoint != cloud.EndpointOf(0) && source.Droplets > 0));
        Assert.Empty(cloud.Failures);
    }

    /// <summary>Who gives, who takes, how much, and how many are known: each node's account is what the others' say.</summary>
    [Fact]
    public async Task WhoGivesAndWhoTakesIsTold()
    {
        const int nodes = 4;
        await using var cloud = await StartAsync(
            nodes, (index, options) => options with { RateBytesPerSecondMax = index == 0 ? 4_000_000 : 0 });
        var bytes = Bytes.Random(8_000_000, 1);
        await cloud.PutAsync(0, 1, bytes);

        var all = await Task.WhenAll(Enumerable.Range(1, nodes - 1).Select(i => Task.Run(() => cloud.GetAsync(i, 1), Cancellation)));

        Assert.All(all, read => Assert.Equal(bytes, read));
        for (var i = 1; i < nodes; i++)
        {
            await FetchFixture.EventuallyAsync(() => cloud[i].Figures.TransfersRunning == 0, "it ends");
            var transfer = cloud[i].Transfers[0];
            var seeder = Assert.Single(transfer.Sources, source => source.Endpoint == cloud.EndpointOf(0));
            Assert.Equal(("seeder", 0, transfer.Blocks), (seeder.Role, seeder.GivenBytes, seeder.HeldBlocks));
            Assert.Equal(nodes - 2, transfer.PeersKnown);
            Assert.Equal(transfer.GivenBytes, transfer.Sources.Sum(source => source.GivenBytes));
            Assert.All(transfer.Sources, source => Assert.True(source.Role != "bothWays" || source.GivenBytes > 0));
            Assert.InRange(transfer.GivenBytes, 0, cloud[i].Figures.BytesSentInCompany);
        }

        Assert.InRange(cloud[0].Figures.BytesSentInCompany, bytes.Length, cloud[0].Figures.BytesSent);
        var transfers = Enumerable.Range(1, nodes - 1).Select(i => cloud[i].Transfers[0]).ToArray();
        Assert.Contains(transfers, transfer => transfer.GivenBytes > bytes.Length / 10);
        Assert.Empty(cloud.Failures);
    }

    /// <summary>Whoever asks for no version and finds a part alone is told at once that there is nothing.</summary>
    [Fact]
    public async Task APartAloneIsNoResource()
    {
        await using var cloud = await StartAsync(3, (_, options) => options);
        var bytes = Bytes.Random(2_000_000, 1);
        await cloud.PutAsync(0, 1, bytes);
        await ReadHalfAsync(cloud[1], bytes);
        await FetchFixture.EventuallyAsync(() => cloud[1].Figures.TransfersRunning == 0, "the fetch of a half ends");
        await cloud.StopAsync(0);
        cloud[2].RemoveServer("127.0.0.1", PortOf(cloud, 0));

        var found = await cloud[2].OpenAsync(Id, new OpenOptions(), Cancellation);

        Assert.Equal(OpenStatus.NotFound, found.Status);
    }

    /// <summary>Nodes of which the first knows no other, so that it gives them nothing by itself.</summary>
    private static async Task<NodeCloud> StartAsync(int count, Func<int, MurkyOptions, MurkyOptions> configure)
    {
        var cloud = await NodeCloud.StartAsync(
            count,
            (index, options) => configure(index, options) with
            {
                ServersFile = options.StorePath + ".none",
                AutoAddPeers = index != 0,
                FetchGrace = TimeSpan.Zero,
            });
        for (var i = 1; i < count; i++)
        {
            cloud[0].RemoveServer("127.0.0.1", PortOf(cloud, i));
        }

        return cloud;
    }

    private static int PortOf(NodeCloud cloud, int index) => int.Parse(cloud.EndpointOf(index).Split(':')[1], null);

    private static async Task ReadHalfAsync(MurkyNode node, byte[] bytes)
    {
        var result = await node.OpenAsync(Id, new OpenOptions { DemandLength = bytes.Length / 2 }, Cancellation);
        Assert.Equal(OpenStatus.Found, result.Status);
        await using var reader = result.Reader!;
        var half = new byte[bytes.Length / 2];
        for (var read = 0; read < half.Length;)
        {
            var count = await reader.ReadAsync(read, half.AsMemory(read), Cancellation);
            Assert.NotEqual(0, count);
            read += count;
        }

        Assert.Equal(bytes[..half.Length], half);
    }
}
