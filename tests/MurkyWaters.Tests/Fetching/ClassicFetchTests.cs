using PouringRain.Protocol;

namespace MurkyWaters.Tests.Fetching;

/// <summary>What servers of 2012 send goes the way of all that rains.</summary>
public class ClassicFetchTests
{
    private static readonly PeerAddress Old = PeerAddress.FromIPv4(0x7F00_0001, 9);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task WhatIsNotToBeSharedIsServedAndNotKept()
    {
        await using var fixture = await StartAsync(options => options with { ShareContent = false });
        var bytes = fixture.Rain.Classic[Old] = Bytes.Random(5000, 1);

        Assert.Equal(bytes, await fixture.ReadAllAsync());

        await FetchFixture.EventuallyAsync(() => IsNothingLeft(fixture), "no partial is left");
        Assert.Null(fixture.Node.Find(FetchFixture.Id));
    }

    [Fact]
    public async Task WhatIsLargerThanTheQuotaIsServedAndNotKept()
    {
        await using var fixture = await StartAsync(options => options with { QuotaBytes = 3000 });
        var bytes = fixture.Rain.Classic[Old] = Bytes.Random(5000, 1);

        Assert.Equal(bytes, await fixture.ReadAllAsync());

        await FetchFixture.EventuallyAsync(() => IsNothingLeft(fixture), "no partial is left");
        Assert.Null(fixture.Node.Find(FetchFixture.Id));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1000)]
    [InlineData(2500)]
    public async Task TheTransferTellsItsLengthAndWhereItCameFrom(int length)
    {
        await using var fixture = await StartAsync();
        var bytes = fixture.Rain.Classic[Old] = Bytes.Random(length, 1);

        Assert.Equal(bytes, await fixture.ReadAllAsync());

        await FetchFixture.EventuallyAsync(() => fixture.Node.Transfers[0].State == "completed", "it is over");
        var transfer = fixture.Node.Transfers[0];
        Assert.Equal(length, transfer.Length);
        Assert.Equal(length, transfer.ReceivedBytes);
        Assert.Equal((length + 999) / 1000, transfer.DecodedBlocks);
        Assert.Equal("It came in format 1 from 127.0.0.1:9.", transfer.Verdict);
        await FetchFixture.EventuallyAsync(() => fixture.Node.Find(FetchFixture.Id) is not null, "it is kept");
        Assert.Equal(Retention.Cached, fixture.Node.Find(FetchFixture.Id)!.Retention);
    }

    [Fact]
    public async Task TheSameBytesAreTheSameVersion()
    {
        await using var fixture = await StartAsync();
        fixture.Rain.Classic[Old] = Bytes.Random(2500, 1);
        await fixture.ReadAllAsync();
        await FetchFixture.EventuallyAsync(() => fixture.Node.Find(FetchFixture.Id) is not null, "it is kept");
        var version = fixture.Node.Find(FetchFixture.Id)!.Manifest.Version;

        Assert.Equal(fixture.Rain.Classic[Old], await fixture.ReadAllAsync(OpenSource.RainOnly));

        Assert.Equal(version, fixture.Node.Find(FetchFixture.Id)!.Manifest.Version);
    }

    [Fact]
    public async Task WhatWasFetchedGivesWayToWhatRainsNow()
    {
        await using var fixture = await StartAsync();
        fixture.Rain.Classic[Old] = Bytes.Random(2500, 1);
        await fixture.ReadAllAsync();
        await FetchFixture.EventuallyAsync(() => fixture.Node.Find(FetchFixture.Id) is not null, "it is kept");
        var other = fixture.Rain.Classic[Old] = Bytes.Random(2600, 2);

        Assert.Equal(other, await fixture.ReadAllAsync(OpenSource.RainOnly));

        await FetchFixture.EventuallyAsync(() => fixture.Node.Find(FetchFixture.Id)!.Manifest.Layout.Length == 2600, "the other is kept");
    }

    [Fact]
    public async Task WhatWasPutHereGoesBeforeWhatNobodyCanDate()
    {
        await using var fixture = await StartAsync();
        var bytes = Bytes.Random(2500, 1);
        await SharedFetchTests.PutAsync(fixture.Node, bytes);
        var version = fixture.Node.Find(FetchFixture.Id)!.Manifest.Version;
        fixture.Rain.Classic[Old] = Bytes.Random(2600, 2);

        Assert.Equal(bytes, await fixture.ReadAllAsync(OpenSource.RainOnly));

        Assert.Equal(version, fixture.Node.Find(FetchFixture.Id)!.Manifest.Version);
        Assert.Equal(Retention.Kept, fixture.Node.Find(FetchFixture.Id)!.Retention);
    }

    [Fact]
    public async Task TheEndOfTheNodeWaitsForNoServerOf2012()
    {
        await using var fixture = await StartAsync();
        fixture.Rain.ClassicMayAnswer = new TaskCompletionSource().Task;
        var opening = fixture.OpenAsync();
        await FetchFixture.EventuallyAsync(() => fixture.Rain.ClassicQuestionCount > 0, "it is asked");

        await fixture.Node.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromMinutes(1), Cancellation);

        Assert.NotEqual(OpenStatus.Found, (await opening).Status);
    }

    private static bool IsNothingLeft(FetchFixture fixture) => Directory.GetFiles(Path.Combine(fixture.StorePath, "partial")).Length == 0;

    private static async Task<FetchFixture> StartAsync(Func<MurkyOptions, MurkyOptions>? configure = null)
    {
        var fixture = await FetchFixture.StartAsync();
        await File.WriteAllTextAsync(fixture.ServersFile, """[{"host": "127.0.0.1", "port": 9, "classic": true}]""", Cancellation);
        await fixture.RestartAsync(configure);
        return fixture;
    }
}
