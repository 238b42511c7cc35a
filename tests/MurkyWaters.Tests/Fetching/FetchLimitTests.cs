using PouringRain.Protocol;

namespace MurkyWaters.Tests.Fetching;

/// <summary>Bounds, the quota, and the last resort.</summary>
public class FetchLimitTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task BeyondTheLimitOfFetchesItIsBusy()
    {
        await using var fixture = await FetchFixture.StartAsync(
            configure: options => options with { FetchCountMax = 1, FetchPatience = TimeSpan.Zero });
        var bytes = Bytes.Random(5000, 1);
        var manifest = fixture.Offer(bytes);
        fixture.Rain.Hold(fixture.Servers[0], new ResourceId(2), manifest, bytes);
        fixture.Rain.Pace = new SemaphoreSlim(1);
        await using var reader = (await fixture.OpenAsync()).Reader!;

        // That there is nothing is found out all the same.
        Assert.Equal(OpenStatus.NotFound, (await fixture.Node.OpenAsync(new ResourceId(3), new OpenOptions(), Cancellation)).Status);
        await using var other = (await fixture.Node.OpenAsync(new ResourceId(2), new OpenOptions(), Cancellation)).Reader!;
        var failure = await Assert.ThrowsAsync<FetchFailedException>(async () => await other.ReadAsync(0, new byte[100], Cancellation));

        Assert.Equal(FetchEndReason.Busy, failure.Reason);
    }

    [Fact]
    public async Task AServerOf2012IsAskedWhenNobodyElseHasIt()
    {
        await using var fixture = await FetchFixture.StartAsync();
        await File.WriteAllTextAsync(
            fixture.ServersFile, """[{"host": "127.0.0.1", "port": 1}, {"host": "127.0.0.1", "port": 9, "classic": true}]""", Cancellation);
        await fixture.RestartAsync();
        var bytes = Bytes.Random(5000, 1);
        fixture.Rain.Classic[PeerAddress.FromIPv4(0x7F00_0001, 9)] = bytes;

        Assert.Equal(bytes, await fixture.ReadAllAsync());

        await FetchFixture.EventuallyAsync(() => fixture.Node.Find(FetchFixture.Id) is { Retention: Retention.Cached }, "it is kept");
    }

    [Fact]
    public async Task TheQuotaEvictsWhatWasFetchedAndNobodyReads()
    {
        await using var fixture = await FetchFixture.StartAsync(configure: options => options with { QuotaBytes = 12_000 });
        await SharedFetchTests.PutAsync(fixture.Node, Bytes.Random(20_000, 9), 99);
        var readers = new List<ResourceReader>();
        for (var id = 1ul; id <= 3; id++)
        {
            var bytes = Bytes.Random(5000, (int)id);
            var manifest = fixture.Offer(bytes);
            fixture.Rain.Hold(fixture.Servers[0], new ResourceId(id), manifest, bytes);
            var reader = (await fixture.Node.OpenAsync(new ResourceId(id), new OpenOptions(), Cancellation)).Reader!;
            Assert.Equal(bytes, await Bytes.ReadAllAsync(reader));
            var expected = new ResourceId(id);
            await FetchFixture.EventuallyAsync(() => fixture.Node.Find(expected) is not null, "it is kept");
            await reader.DisposeAsync();
            if (id == 1)
            {
                // The first one is being read when the third comes, so the second has to go.
                readers.Add((await fixture.Node.OpenAsync(new ResourceId(1), new OpenOptions(), Cancellation)).Reader!);
                Assert.True(readers[0].IsHit);
            }
        }

        Assert.Equal([1ul, 3ul, 99ul], fixture.Node.List(new ResourceQuery { Limit = 10 }).Items.Select(item => item.Id.Value));
        Assert.Equal(Bytes.Random(5000, 1), await Bytes.ReadAllAsync(readers[0]));
        await readers[0].DisposeAsync();
    }

    [Fact]
    public async Task WhatIsLargerThanTheQuotaIsServedAndNotKept()
    {
        await using var fixture = await FetchFixture.StartAsync(configure: options => options with { QuotaBytes = 3000 });
        var bytes = Bytes.Random(5000, 1);
        fixture.Offer(bytes);

        Assert.Equal(bytes, await fixture.ReadAllAsync());

        await FetchFixture.EventuallyAsync(
            () => Directory.GetFiles(Path.Combine(fixture.StorePath, "partial")).Length == 0, "no partial is left");
        Assert.Null(fixture.Node.Find(FetchFixture.Id));
    }
}
