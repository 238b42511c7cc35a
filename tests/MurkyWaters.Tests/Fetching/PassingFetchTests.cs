using MurkyWaters.Store;
using PouringRain.Protocol;

namespace MurkyWaters.Tests.Fetching;

/// <summary>What the disk does not take passes through memory to those who read it.</summary>
public class PassingFetchTests
{
    private const int WindowBlocks = 8;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(37)]
    public async Task AFetchThatFindsTheDiskFullPassesThrough(int blocksThatFit)
    {
        await using var fixture = await StartAsync(blocksThatFit);
        var bytes = Bytes.Random(100_500, 1);
        fixture.Offer(bytes);

        Assert.Equal(bytes, await fixture.ReadAllAsync());

        await FetchFixture.EventuallyAsync(() => fixture.Node.Figures.TransfersRunning == 0, "it ends");
        Assert.Null(fixture.Node.Find(FetchFixture.Id));
        var transfer = Assert.Single(fixture.Node.Transfers);
        Assert.Equal("completed", transfer.State);
        Assert.Equal(bytes.Length, transfer.ReceivedBytes);
        Assert.StartsWith("It was passed on to its readers and not kept", transfer.Verdict, StringComparison.Ordinal);
        Assert.Equal(0, fixture.Node.Room.FetchBytes);

        // The block at which it showed came once more, and those in work with it: of this network, those of the round that was cancelled.
        Assert.InRange(fixture.Rain.BlockCount, 101, 210);
    }

    [Fact]
    public async Task ReadersAtSeveralPlacesAndPacesAllGetTheirBytes()
    {
        await using var fixture = await StartAsync(10);
        var bytes = Bytes.Random(60_000, 1);
        fixture.Offer(bytes);
        var random = new Random(7);
        var slow = (await fixture.OpenAsync()).Reader!;
        var readings = Enumerable.Range(0, 12).Select(async i =>
        {
            var (offset, length) = i % 3 == 0 ? (0, bytes.Length) : (random.Next(50_000), random.Next(1, 10_000));
            await using var reader = (await fixture.OpenAsync(offset: offset, length: length)).Reader!;
            var read = new byte[length];
            for (var at = 0; at < length;)
            {
                at += await reader.ReadAsync(offset + at, read.AsMemory(at, Math.Min(random.Next(1, 3000), length - at)), Cancellation);
                if (i % 4 == 0)
                {
                    await Task.Yield();
                }
            }

            Assert.Equal(bytes[offset..(offset + length)], read);
        }).ToArray();

        // The slow one is not passed by, whoever is before it.
        Assert.Equal(bytes, await Bytes.ReadAllAsync(slow));
        await Task.WhenAll(readings);
        await slow.DisposeAsync();
        await FetchFixture.EventuallyAsync(() => fixture.Node.Figures.TransfersRunning == 0, "it ends");
        Assert.Equal(0, fixture.Node.Room.FetchBytes);
    }

    [Fact]
    public async Task TheRainWaitsForTheSlowestReader()
    {
        await using var fixture = await StartAsync(0);
        var bytes = Bytes.Random(100_000, 1);
        fixture.Offer(bytes);
        var reader = (await fixture.OpenAsync()).Reader!;
        var buffer = new byte[1000];
        Assert.Equal(1000, await reader.ReadAsync(0, buffer, Cancellation));

        // It does not read on. The round that found the disk full may have brought all
        // there is; the next one brings as much as waits for it.
        await FetchFixture.EventuallyAsync(() => fixture.Node.Transfers[0].DecodedBlocks == WindowBlocks, "as much waits for it as may");
        Assert.InRange(fixture.Rain.BlockCount, WindowBlocks, 100 + WindowBlocks);
        var run = await reader.LocateAsync(0, 100, Cancellation);
        Assert.Null(run.File);
        Assert.Equal(100, run.Count);
        Assert.Equal("raining", fixture.Node.Transfers[0].State);

        // It goes back to what it has passed, and on.
        Assert.Equal(bytes, await Bytes.ReadAllAsync(reader));
        Assert.Equal(1000, await reader.ReadAsync(0, buffer, Cancellation));
        Assert.Equal(bytes[..1000], buffer);
        await reader.DisposeAsync();
    }

    [Fact]
    public async Task OneThatLeavesInTheMiddleHasNotCompletedIt()
    {
        await using var fixture = await StartAsync(0);
        fixture.Offer(Bytes.Random(100_000, 1));
        await using (var reader = (await fixture.OpenAsync()).Reader!)
        {
            Assert.Equal(1000, await reader.ReadAsync(0, new byte[1000], Cancellation));
        }

        await FetchFixture.EventuallyAsync(() => fixture.Node.Figures.TransfersRunning == 0, "it ends");
        Assert.Equal("cancelled", fixture.Node.Transfers[0].State);
        Assert.Equal(0, fixture.Node.Room.FetchBytes);
    }

    [Fact]
    public async Task APrefetchThatTheDiskDoesNotTakeEnds()
    {
        await using var fixture = await StartAsync(3);
        fixture.Offer(Bytes.Random(100_000, 1));

        fixture.Node.Prefetch(FetchFixture.Id);

        await FetchFixture.EventuallyAsync(() => fixture.Node.Figures.TransfersRunning == 0, "it ends");
        Assert.Equal("localFailure", fixture.Node.Transfers[0].State);
        Assert.Contains("not kept", fixture.Node.Transfers[0].Verdict, StringComparison.Ordinal);
    }

    [Fact]
    public async Task APrefetchThatTheQuotaDoesNotTakeEnds()
    {
        await using var fixture = await FetchFixture.StartAsync(configure: options => options with { QuotaBytes = 3000 });
        fixture.Offer(Bytes.Random(10_000, 1));

        fixture.Node.Prefetch(FetchFixture.Id);

        await FetchFixture.EventuallyAsync(() => fixture.Node.Figures.TransfersRunning == 0, "it ends");
        Assert.Null(fixture.Node.Find(FetchFixture.Id));
        Assert.Equal("localFailure", fixture.Node.Transfers[0].State);
        Assert.Contains("quota", fixture.Node.Transfers[0].Verdict, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(Path.Combine(fixture.StorePath, "partial")));
    }

    /// <summary>A node whose disk takes so many blocks of a fetch, and whose memory so many more.</summary>
    private static Task<FetchFixture> StartAsync(int blocksThatFit)
    {
        var free = (long)blocksThatFit * FetchFixture.BlockSize;
        return FetchFixture.StartAsync(configure: options => options with
        {
            // Asked for with every block that is written.
            Space = new DiskSpace(() => Interlocked.Add(ref free, -FetchFixture.BlockSize) + FetchFixture.BlockSize, reserveBytes: 0),
            FetchBytesMax = 16L * WindowBlocks * FetchFixture.BlockSize,
            Fetch = new FetchOptions { WindowBytesMax = 2 * WindowBlocks * FetchFixture.BlockSize },
        });
    }
}
