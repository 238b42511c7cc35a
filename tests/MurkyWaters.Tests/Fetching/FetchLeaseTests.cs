using Microsoft.Extensions.Logging.Abstractions;
using MurkyWaters.Fetching;
using MurkyWaters.Servers;
using MurkyWaters.Store;
using MurkyWaters.Tests.Store;
using PouringRain.Protocol;

namespace MurkyWaters.Tests.Fetching;

/// <summary>Who reads a fetch holds its files, and lets go of them whenever it leaves.</summary>
public class FetchLeaseTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public enum Leaving
    {
        BeforeTheManifest,
        AfterTheManifest,
        BesideTheManifest,
        AfterABlock,
    }

    [Fact]
    public void ALeaseThatIsDisposedOfTwiceIsDisposedOfOnce()
    {
        using var folder = new TemporaryFolder();
        using var store = new StoreFixture(StoreFixture.SmallBlocks(folder.FullPath));
        var partials = store.Store.Partials;
        var first = partials.Lease(FetchFixture.Id, ManifestOf(5000));
        var second = first.Again();
        var blocks = (PartialBlob)first.Blocks;

        first.Dispose();
        first.Dispose();

        Assert.Equal(1, blocks.LeaseCount);
        Assert.False(partials.TryEvict(blocks));
        Assert.Throws<ObjectDisposedException>(first.Again);
        second.Dispose();
        Assert.Equal(0, blocks.LeaseCount);
        Assert.True(blocks.IsRetired);
    }

    /// <summary>The two sides take two steps each, and a lease that is given is ended in whatever order these come.</summary>
    [Fact]
    public async Task AReaderThatLeavesWhileItIsGivenItsBlocksKeepsNone()
    {
        using var folder = new TemporaryFolder();
        using var store = new StoreFixture(StoreFixture.SmallBlocks(folder.FullPath));
        await using var rain = new MemoryRain();
        var servers = await ServerTable.OpenAsync(
            folder["servers.json"], new OwnEndPoints([]), NullLogger.Instance, TimeProvider.System, Cancellation);
        var context = new FetchContext
        {
            Store = store.Store,
            Transport = rain,
            Servers = servers,
            Logger = NullLogger.Instance,
            Time = TimeProvider.System,
            Options = new FetchOptions(),
            Budget = new FetchBudget(1 << 20, 4, 1 << 20, TimeProvider.System),
        };
        var fetch = new SharedFetch(context, 1, FetchFixture.Id, null, false, null, false, default, _ => { });
        using var own = store.Store.Partials.Lease(FetchFixture.Id, ManifestOf(5000));
        var blocks = new FetchBlocks(own.Blocks, static _ => { });
        using var meeting = new Barrier(2);
        for (var turn = 0; turn < 2000; turn++)
        {
            var reader = fetch.TryJoin(0, 1)!;
            var lag = turn % 40;
            var leaving = Task.Run(
                async () =>
                {
                    meeting.SignalAndWait(Cancellation);
                    Thread.SpinWait(lag);
                    await reader.DisposeAsync();
                },
                Cancellation);
            meeting.SignalAndWait(Cancellation);
            Thread.SpinWait(40 - lag);
            reader.Attach(own.Again(), blocks);
            await leaving;
            Assert.Equal(1, own.Blocks.LeaseCount);
        }
    }

    [Theory]
    [InlineData(Leaving.BeforeTheManifest, false)]
    [InlineData(Leaving.BeforeTheManifest, true)]
    [InlineData(Leaving.AfterTheManifest, false)]
    [InlineData(Leaving.AfterTheManifest, true)]
    [InlineData(Leaving.BesideTheManifest, false)]
    [InlineData(Leaving.BesideTheManifest, true)]
    [InlineData(Leaving.AfterABlock, false)]
    [InlineData(Leaving.AfterABlock, true)]
    public async Task AClientThatDisconnectsAsTheManifestArrivesLeavesNoFileOpen(Leaving leaving, bool withAnother)
    {
        await using var fixture = await FetchFixture.StartAsync(configure: options => options with { QuotaBytes = 1 });
        fixture.Offer(Bytes.Random(50_000, 1));
        for (var turn = 0; turn < (leaving == Leaving.BesideTheManifest ? 100 : 5); turn++)
        {
            using var gone = new CancellationTokenSource();
            fixture.Rain.Pace = new SemaphoreSlim(leaving == Leaving.AfterABlock ? 1 : 0);
            fixture.Rain.OnManifest = isAfter =>
            {
                if (leaving == Leaving.BesideTheManifest && !isAfter)
                {
                    _ = Task.Run(gone.Cancel, Cancellation);
                    Thread.SpinWait(turn * 50);
                }
                else if (isAfter == (leaving == Leaving.AfterTheManifest))
                {
                    gone.Cancel();
                }
            };
            if (leaving == Leaving.AfterABlock)
            {
                fixture.Rain.OnManifest = null;
            }

            var other = withAnother ? fixture.OpenAsync() : null;
            try
            {
                var result = await fixture.Node.OpenAsync(FetchFixture.Id, new OpenOptions(), gone.Token);
                if (leaving == Leaving.AfterABlock)
                {
                    await result.Reader!.ReadAsync(0, new byte[1], Cancellation);
                }

                await result.Reader!.DisposeAsync();
            }
            catch (OperationCanceledException)
            {
                // It has disconnected.
            }

            if (other is not null)
            {
                await (await other).Reader!.DisposeAsync();
            }

            await FetchFixture.EventuallyAsync(() => fixture.Node.Figures.TransfersRunning == 0, "the fetch ends");
            await FetchFixture.EventuallyAsync(
                () => OpenFiles(Path.Combine(fixture.StorePath, "partial")).Length == 0, "no file of it is open");
        }

        // Nothing keeps what is here in part from being evicted.
        fixture.Rain.OnManifest = null;
        fixture.Rain.Pace = null;
        var more = Bytes.Random(3000, 2);
        fixture.Rain.Hold(fixture.Servers[0], new ResourceId(2), fixture.Offer(more), more);
        await using var reader = (await fixture.Node.OpenAsync(new ResourceId(2), new OpenOptions(), Cancellation)).Reader!;
        Assert.Equal(more, await Bytes.ReadAllAsync(reader));
        Assert.DoesNotContain(
            Directory.GetFiles(Path.Combine(fixture.StorePath, "partial")),
            path => Path.GetFileName(path).StartsWith("0000000000000001", StringComparison.Ordinal));
    }

    /// <summary>The files below a folder that this process has open.</summary>
    private static string[] OpenFiles(string folder) =>
        [.. Directory.GetFiles("/proc/self/fd").Select(path => new FileInfo(path).LinkTarget ?? "")
            .Where(target => target.StartsWith(folder, StringComparison.Ordinal))];

    private static Manifest ManifestOf(int length)
    {
        Assert.True(ResourceLayout.TryCreate(length, FetchFixture.BlockSize, 100, out var layout));
        var bytes = Bytes.Random(length, 1);
        return Manifest.Create(layout, "lt", 1, Sha256Digest.Of(bytes), "text/plain", null, BlockDigest.OfBlocks(layout, bytes));
    }
}
