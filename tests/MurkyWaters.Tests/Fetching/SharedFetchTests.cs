using PouringRain.Protocol;

namespace MurkyWaters.Tests.Fetching;

public class SharedFetchTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1000)]
    [InlineData(10_001)]
    public async Task AMissIsFetchedAndKept(int length)
    {
        await using var fixture = await FetchFixture.StartAsync();
        var bytes = Bytes.Random(length, 1);
        fixture.Offer(bytes);

        Assert.Equal(bytes, await fixture.ReadAllAsync());

        await FetchFixture.EventuallyAsync(() => fixture.Node.Find(FetchFixture.Id) is not null, "it is kept");
        Assert.Equal(Retention.Cached, fixture.Node.Find(FetchFixture.Id)!.Retention);
        var again = await fixture.OpenAsync();
        Assert.True(again.Reader!.IsHit);
        Assert.Equal(bytes, await File.ReadAllBytesAsync(again.Reader.FilePath!, Cancellation));
        await again.Reader.DisposeAsync();
        var transfer = Assert.Single(fixture.Node.Transfers);
        Assert.Equal("completed", transfer.State);
        Assert.Equal(length, transfer.ReceivedBytes);
        Assert.Equal(3, transfer.Sources.Count);
    }

    [Fact]
    public async Task WhoInsistsOnRainGetsItOfANewVersionWithTheSameBytesToo()
    {
        await using var fixture = await FetchFixture.StartAsync();
        var bytes = Bytes.Random(10_000, 1);
        fixture.Offer(bytes, stamp: 1);
        Assert.Equal(bytes, await fixture.ReadAllAsync());
        await FetchFixture.EventuallyAsync(() => fixture.Node.Find(FetchFixture.Id) is not null, "it is kept");
        var newer = fixture.Offer(bytes, stamp: 2);

        Assert.Equal(bytes, await fixture.ReadAllAsync(OpenSource.RainOnly));

        await FetchFixture.EventuallyAsync(
            () => fixture.Node.Find(FetchFixture.Id)!.Manifest.Version == newer.Version, "the newer one is kept");
        Assert.Equal(20, fixture.Rain.BlockCount);
        Assert.Single(Directory.GetFiles(Path.Combine(fixture.StorePath, "blobs")));
    }

    [Fact]
    public async Task FiftyReadersShareOneTransferAndASlowOneHoldsBackNobody()
    {
        await using var fixture = await FetchFixture.StartAsync();
        var bytes = Bytes.Random(200_500, 1);
        fixture.Offer(bytes);
        var slow = (await fixture.OpenAsync()).Reader!;
        var first = new byte[10];
        await slow.ReadAsync(0, first, Cancellation);

        var all = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => Task.Run(() => fixture.ReadAllAsync())));

        Assert.All(all, read => Assert.Equal(bytes, read));
        Assert.Single(fixture.Node.Transfers);
        Assert.Equal(201, fixture.Rain.BlockCount);
        Assert.Equal(bytes, await Bytes.ReadAllAsync(slow));
        await slow.DisposeAsync();
    }

    [Fact]
    public async Task ARangeCostsTheBlocksItTouchesAndTheRestIsFetchedLaterOnce()
    {
        await using var fixture = await FetchFixture.StartAsync();
        var bytes = Bytes.Random(100_000, 1);
        fixture.Offer(bytes);

        var result = await fixture.OpenAsync(offset: 50_500, length: 1000);
        var buffer = new byte[1000];
        await ReadExactlyAsync(result.Reader!, 50_500, buffer);
        Assert.Equal(bytes[50_500..51_500], buffer);
        Assert.Equal(2, fixture.Rain.BlockCount);

        // Beyond what was demanded: the same reader goes on elsewhere.
        await ReadExactlyAsync(result.Reader!, 7_000, buffer.AsMemory(0, 10));
        Assert.Equal(3, fixture.Rain.BlockCount);
        await result.Reader!.DisposeAsync();

        Assert.Equal(bytes, await fixture.ReadAllAsync());
        Assert.Equal(100, fixture.Rain.BlockCount);
    }

    [Fact]
    public async Task AReaderElsewhereDoesNotWaitForAllThatWasDemandedBefore()
    {
        await using var fixture = await FetchFixture.StartAsync();
        var bytes = Bytes.Random(200_000, 1);
        fixture.Offer(bytes);
        fixture.Rain.Pace = new SemaphoreSlim(3);
        var whole = (await fixture.OpenAsync()).Reader!;
        await ReadExactlyAsync(whole, 0, new byte[3000]);

        var tail = (await fixture.OpenAsync(offset: 150_000)).Reader!;
        var reading = ReadExactlyAsync(tail, 150_000, new byte[8000]);
        while (!reading.IsCompleted)
        {
            fixture.Rain.Pace.Release();
            await Task.Delay(1, Cancellation);
            Assert.True(fixture.Rain.BlockCount < 60, "The reader elsewhere waited for its turn.");
        }

        fixture.Rain.Pace.Release(1000);
        Assert.Equal(bytes, await Bytes.ReadAllAsync(whole));
        await whole.DisposeAsync();
        await tail.DisposeAsync();
        Assert.Single(fixture.Node.Transfers);
    }

    [Fact]
    public async Task TheManifestAloneCostsNoBlock()
    {
        await using var fixture = await FetchFixture.StartAsync();
        var manifest = fixture.Offer(Bytes.Random(5000, 1));

        await using (var reader = (await fixture.OpenAsync(length: 0)).Reader!)
        {
            Assert.Equal(manifest.Version, reader.Manifest.Version);
        }

        Assert.Equal(0, fixture.Rain.BlockCount);
        await FetchFixture.EventuallyAsync(() => fixture.Node.Transfers[0].State == "completed", "it ends");
        Assert.Empty(Directory.GetFiles(Path.Combine(fixture.StorePath, "partial")));
    }

    [Theory]
    [InlineData(false, OpenStatus.NotFound)]
    [InlineData(true, OpenStatus.Unanswered)]
    public async Task WhatNobodyHasOrNobodyAnswersForIsSaid(bool silent, OpenStatus expected)
    {
        await using var fixture = await FetchFixture.StartAsync();
        if (silent)
        {
            fixture.Rain.Silent.UnionWith(fixture.Servers);
        }

        var result = await fixture.OpenAsync();

        Assert.Equal(expected, result.Status);
        Assert.Equal(3, result.Sources.Count);
        Assert.Equal(silent ? "silent" : "up", fixture.Node.Servers[0].State);
        Assert.Equal(OpenStatus.NotCached, (await fixture.OpenAsync(OpenSource.LocalOnly)).Status);
    }

    [Fact]
    public async Task WhenTheRainStopsEveryReaderLearnsItAndTheNextFetchGoesOnWhereItEnded()
    {
        await using var fixture = await FetchFixture.StartAsync();
        var bytes = Bytes.Random(100_000, 1);
        fixture.Offer(bytes);
        fixture.Rain.Pace = new SemaphoreSlim(40);
        var readers = new[] { (await fixture.OpenAsync()).Reader!, (await fixture.OpenAsync()).Reader! };
        await ReadExactlyAsync(readers[0], 0, new byte[40_000]);
        var waiting = readers.Select(reader => reader.ReadAsync(40_000, new byte[10], Cancellation).AsTask()).ToArray();
        fixture.Rain.Silent.UnionWith(fixture.Servers);
        fixture.Rain.Pace.Release();

        foreach (var wait in waiting)
        {
            var failure = await Assert.ThrowsAsync<FetchFailedException>(() => wait);
            Assert.Equal(FetchEndReason.Stalled, failure.Reason);
            Assert.Equal(3, failure.Sources.Count);
        }

        // What is here is still readable, also after the end.
        await ReadExactlyAsync(readers[1], 0, new byte[40_000]);
        fixture.Rain.Silent.Clear();
        fixture.Rain.Pace.Release(1000);
        Assert.Equal(bytes, await fixture.ReadAllAsync());
        Assert.Equal(100, fixture.Rain.BlockCount);
        foreach (var reader in readers)
        {
            await reader.DisposeAsync();
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task AFetchGoesOnInTheNextProcess(bool sameRunOfTheMachine)
    {
        await using var fixture = await FetchFixture.StartAsync();
        var bytes = Bytes.Random(100_000, 1);
        fixture.Offer(bytes);
        fixture.Rain.Pace = new SemaphoreSlim(90);
        var reader = (await fixture.OpenAsync()).Reader!;
        await ReadExactlyAsync(reader, 0, new byte[90_000]);

        // Not disposed before: a process that is killed does not say goodbye to its readers either.
        var journal = Assert.Single(Directory.GetFiles(Path.Combine(fixture.StorePath, "partial"), "*.journal"));
        await fixture.RestartAsync();
        await reader.DisposeAsync();
        fixture.Rain.Pace = null;
        if (!sameRunOfTheMachine)
        {
            await fixture.Node.DisposeAsync();

            // The machine failed: the journal says 90 blocks of another run, and one of them never reached the disk.
            await using (var file = new FileStream(journal, FileMode.Open))
            {
                file.Write("another run of the machine"u8);
            }

            await using (var file = new FileStream(Path.ChangeExtension(journal, ".data"), FileMode.Open))
            {
                file.Position = 5500;
                file.WriteByte((byte)(bytes[5500] ^ 1));
            }

            await fixture.RestartAsync();
        }

        var before = fixture.Rain.BlockCount;
        Assert.Equal(bytes, await fixture.ReadAllAsync());

        Assert.Equal(90, before);
        Assert.Equal(10 + (sameRunOfTheMachine ? 0 : 1), fixture.Rain.BlockCount - before);
    }

    [Fact]
    public async Task TheLastReaderLeavingEndsTheRain()
    {
        await using var fixture = await FetchFixture.StartAsync();
        fixture.Offer(Bytes.Random(100_000, 1));
        fixture.Rain.Pace = new SemaphoreSlim(10);
        var reader = (await fixture.OpenAsync()).Reader!;
        await ReadExactlyAsync(reader, 0, new byte[10_000]);

        await reader.DisposeAsync();

        await FetchFixture.EventuallyAsync(() => fixture.Node.Transfers[0].State == "cancelled", "it ends");
        Assert.Equal(10, fixture.Rain.BlockCount);
    }

    [Fact]
    public async Task APrefetchNeedsNoReader()
    {
        await using var fixture = await FetchFixture.StartAsync();
        fixture.Offer(Bytes.Random(5000, 1));

        var transfer = fixture.Node.Prefetch(FetchFixture.Id);

        Assert.Equal(1, transfer.Id);
        await FetchFixture.EventuallyAsync(() => fixture.Node.Find(FetchFixture.Id) is not null, "it is kept");
        Assert.Equal("completed", fixture.Node.Prefetch(FetchFixture.Id).State);
    }

    [Fact]
    public async Task RainIsForcedThoughItIsHereAndANewerVersionTakesItsPlace()
    {
        await using var fixture = await FetchFixture.StartAsync();
        var bytes = Bytes.Random(5000, 1);
        fixture.Offer(bytes);
        await fixture.ReadAllAsync();
        await FetchFixture.EventuallyAsync(() => fixture.Node.Find(FetchFixture.Id) is not null, "it is kept");

        Assert.Equal(bytes, await fixture.ReadAllAsync(OpenSource.RainOnly));
        Assert.Equal(10, fixture.Rain.BlockCount);

        // Who asks while that still rains shares it.
        await FetchFixture.EventuallyAsync(
            () => fixture.Node.Transfers.All(transfer => transfer.State == "completed"), "its fetch is over");
        var newer = Bytes.Random(6000, 2);
        var manifest = fixture.Offer(newer, 2, fixture.Servers[0]);
        Assert.Equal(newer, await fixture.ReadAllAsync(OpenSource.RainOnly));
        await FetchFixture.EventuallyAsync(
            () => fixture.Node.Find(FetchFixture.Id)!.Manifest.Version == manifest.Version, "it is replaced");
        Assert.Equal(newer, await fixture.ReadAllAsync());
        await FetchFixture.EventuallyAsync(
            () => Directory.GetFiles(Path.Combine(fixture.StorePath, "partial")).Length == 0, "no partial is left");
    }

    [Fact]
    public async Task RainThatIsForcedOnWhatIsHereWholeWritesNothing()
    {
        await using var fixture = await FetchFixture.StartAsync();
        var bytes = await KeepAsync(fixture, 5500);
        var blob = Assert.Single(Directory.GetFiles(Path.Combine(fixture.StorePath, "blobs")));
        var written = File.GetLastWriteTimeUtc(blob);

        var reader = (await fixture.OpenAsync(OpenSource.RainOnly)).Reader!;
        Assert.False(reader.IsHit);
        Assert.Equal(bytes, await Bytes.ReadAllAsync(reader));
        Assert.Empty(Directory.GetFiles(Path.Combine(fixture.StorePath, "partial")));
        Assert.Equal(written, File.GetLastWriteTimeUtc(blob));
        Assert.Equal(12, fixture.Rain.BlockCount);

        // Whoever reads it keeps the file, and who has left does not.
        await fixture.Node.DeleteAsync(FetchFixture.Id, _ => true, Cancellation);
        Assert.True(File.Exists(blob));
        Assert.Equal(bytes, await Bytes.ReadAllAsync(reader));
        await reader.DisposeAsync();
        await FetchFixture.EventuallyAsync(() => !File.Exists(blob), "the file goes with its last reader");
    }

    [Fact]
    public async Task RainThatIsForcedMendsACopyThatWentBad()
    {
        await using var fixture = await FetchFixture.StartAsync();
        var bytes = await KeepAsync(fixture, 5500);
        var blob = Assert.Single(Directory.GetFiles(Path.Combine(fixture.StorePath, "blobs")));
        await using (var file = new FileStream(blob, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            // The last byte of a block, and the whole of the last one.
            file.Position = 2999;
            file.WriteByte((byte)~bytes[2999]);
            file.Position = 5000;
            file.Write(new byte[500]);
        }

        Assert.Equal(bytes, await fixture.ReadAllAsync(OpenSource.RainOnly));
        Assert.Equal(bytes, await fixture.ReadAllAsync());
        Assert.Equal(bytes, await File.ReadAllBytesAsync(blob, Cancellation));
    }

    [Fact]
    public async Task RainThatIsForcedDoesNotNeedTheFileOfWhatWasHereWhole()
    {
        await using var fixture = await FetchFixture.StartAsync();
        var bytes = await KeepAsync(fixture, 5500);
        var blob = Assert.Single(Directory.GetFiles(Path.Combine(fixture.StorePath, "blobs")));
        await using (var file = new FileStream(blob, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            file.SetLength(1234);
        }

        Assert.Equal(bytes, await fixture.ReadAllAsync(OpenSource.RainOnly));
    }

    [Fact]
    public async Task APartThatWasForcedToRainLeavesNothingBesideTheWhole()
    {
        await using var fixture = await FetchFixture.StartAsync();
        var bytes = Bytes.Random(5000, 1);
        fixture.Offer(bytes);
        await fixture.ReadAllAsync();
        await FetchFixture.EventuallyAsync(() => fixture.Node.Find(FetchFixture.Id) is not null, "it is kept");
        await FetchFixture.EventuallyAsync(
            () => fixture.Node.Transfers.All(transfer => transfer.State == "completed"), "its fetch is over");

        await using (var reader = (await fixture.OpenAsync(OpenSource.RainOnly, 2500, 10)).Reader!)
        {
            await ReadExactlyAsync(reader, 2500, new byte[10]);
        }

        Assert.True(fixture.Rain.BlockCount == 6, $"blocks {string.Join(" ", fixture.Rain.Delivered)} came");
        await FetchFixture.EventuallyAsync(
            () => Directory.GetFiles(Path.Combine(fixture.StorePath, "partial")).Length == 0, "no partial is left");
    }

    [Fact]
    public async Task WhatIsNewerHereThanInTheRainIsServedFromHere()
    {
        await using var fixture = await FetchFixture.StartAsync();
        fixture.Offer(Bytes.Random(5000, 1));
        var mine = Bytes.Random(3000, 2);
        await PutAsync(fixture.Node, mine);

        Assert.Equal(mine, await fixture.ReadAllAsync(OpenSource.RainOnly));
        Assert.Equal(0, fixture.Rain.BlockCount);
    }

    [Fact]
    public async Task AFoundDeletionIsToldAsOneBeforeItIsWrittenToo()
    {
        await using var fixture = await FetchFixture.StartAsync();
        fixture.Offer(Bytes.Random(3000, 1));
        await fixture.ReadAllAsync();
        await FetchFixture.EventuallyAsync(() => fixture.Node.Find(FetchFixture.Id) is not null, "it is kept");
        fixture.Rain.Hold(fixture.Servers[1], FetchFixture.Id, Manifest.CreateTombstone("lt", 2), []);
        using var mayGoOn = new ManualResetEventSlim();

        // Whoever changes the resource meanwhile holds the tombstone up.
        var other = Task.Run(() => fixture.Node.DeleteAsync(FetchFixture.Id, _ => !mayGoOn.Wait(TimeSpan.FromMinutes(1)), default));
        var opening = fixture.OpenAsync(OpenSource.RainOnly);
        var state = "";
        await FetchFixture.EventuallyAsync(
            () => (state = fixture.Node.Transfers[0].State) is not ("discovering" or "raining") && fixture.Node.Transfers[0].Length == 0,
            "nothing rains any more");
        mayGoOn.Set();

        Assert.Equal(OpenStatus.Deleted, (await opening).Status);
        Assert.Equal(DeleteOutcome.PreconditionFailed, (await other).Outcome);
        Assert.Equal("deleted", state);
        Assert.Equal("deleted", fixture.Node.Transfers[0].State);
    }

    [Fact]
    public async Task ATombstoneIsTheNewestVersion()
    {
        await using var fixture = await FetchFixture.StartAsync();
        fixture.Offer(Bytes.Random(5000, 1));
        await fixture.ReadAllAsync();
        await FetchFixture.EventuallyAsync(() => fixture.Node.Find(FetchFixture.Id) is not null, "it is kept");
        fixture.Rain.Hold(fixture.Servers[1], FetchFixture.Id, Manifest.CreateTombstone("lt", 2), []);

        Assert.Equal(OpenStatus.Deleted, (await fixture.OpenAsync(OpenSource.RainOnly)).Status);
        Assert.True(fixture.Node.Find(FetchFixture.Id)!.Manifest.IsDeleted);

        // The servers that still rain the old version do not bring it back; a newer one does.
        Assert.Equal(OpenStatus.Deleted, (await fixture.OpenAsync()).Status);
        fixture.Rain.Silent.UnionWith(fixture.Servers);
        Assert.Equal(OpenStatus.Deleted, (await fixture.OpenAsync()).Status);
        fixture.Rain.Silent.Clear();
        fixture.Offer(Bytes.Random(700, 3), 3, fixture.Servers[2]);
        Assert.Equal(Bytes.Random(700, 3), await fixture.ReadAllAsync());
    }

    [Fact]
    public async Task WithoutSharingNothingIsKept()
    {
        await using var fixture = await FetchFixture.StartAsync(configure: options => options with { ShareContent = false });
        var bytes = Bytes.Random(5000, 1);
        fixture.Offer(bytes);
        var reader = (await fixture.OpenAsync()).Reader!;
        Assert.Equal(bytes, await Bytes.ReadAllAsync(reader));

        // While somebody reads, others share what came.
        Assert.Equal(bytes, await fixture.ReadAllAsync());
        Assert.Equal(5, fixture.Rain.BlockCount);
        await reader.DisposeAsync();

        await FetchFixture.EventuallyAsync(() => fixture.Node.Figures.TransfersRunning == 0, "the fetch ends");
        await FetchFixture.EventuallyAsync(
            () => Directory.GetFiles(Path.Combine(fixture.StorePath, "partial")).Length == 0, "no partial is left");
        Assert.Null(fixture.Node.Find(FetchFixture.Id));
        Assert.Equal(bytes, await fixture.ReadAllAsync());
        Assert.Equal(10, fixture.Rain.BlockCount);
    }

    /// <summary>Has the node fetch and keep a resource.</summary>
    private static async Task<byte[]> KeepAsync(FetchFixture fixture, int length)
    {
        var bytes = Bytes.Random(length, 1);
        fixture.Offer(bytes);
        await fixture.ReadAllAsync();
        await FetchFixture.EventuallyAsync(
            () => fixture.Node.Find(FetchFixture.Id) is not null && fixture.Node.Figures.TransfersRunning == 0, "it is kept");
        return bytes;
    }

    internal static async Task PutAsync(MurkyNode node, byte[] bytes, ulong id = 1)
    {
        await using var upload = node.BeginUpload(new UploadOptions { Id = new ResourceId(id) });
        await upload.WriteAsync(bytes, Cancellation);
        await upload.CommitAsync(Cancellation);
    }

    private static async Task ReadExactlyAsync(ResourceReader reader, long offset, Memory<byte> destination)
    {
        while (!destination.IsEmpty)
        {
            var count = await reader.ReadAsync(offset, destination, Cancellation);
            Assert.NotEqual(0, count);
            destination = destination[count..];
            offset += count;
        }
    }
}
