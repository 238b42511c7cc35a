using MurkyWaters.Store;
using PouringRain.Protocol;

namespace MurkyWaters.Tests.Raining;

/// <summary>When what is here in part is on offer, and that nothing stays for its sake.</summary>
public sealed class PartialCatalogTests : IDisposable
{
    private readonly PartialFixture _fixture = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _fixture.Dispose();

    /// <summary>A client that knows of no such sources is told at once that there is nothing, and of the whole one that there is.</summary>
    [Fact]
    public async Task WhoAsksForNoVersionIsAnsweredWithWholeOnesAlone()
    {
        var (older, newer) = (PartialFixture.ManifestOf(1), PartialFixture.ManifestOf(2, stamp: 2000));
        using var first = _fixture.Fetch(older, 1, 0);
        Assert.Equal(CatalogAnswer.Missing, _fixture.Catalog.Find(PartialFixture.Id, out _));
        Assert.Equal(older.Version, (await _fixture.FindPartialAsync())!.Manifest.Version);

        using var second = _fixture.Fetch(newer, 2, 0);
        Assert.Equal(newer.Version, (await _fixture.FindPartialAsync())!.Manifest.Version);
        Assert.Equal(older.Version, (await _fixture.FindAsync(older))!.Manifest.Version);

        PartialFixture.Write(first, 1, [.. Enumerable.Range(0, PartialFixture.BlockCount)]);
        _fixture.Seal(first);
        Assert.True((await _fixture.FindNewestAsync())!.IsComplete);
        Assert.Equal(newer.Version, (await _fixture.FindPartialAsync())!.Manifest.Version);
        Assert.Null(await _fixture.FindAsync(PartialFixture.ManifestOf(3)));
    }

    [Fact]
    public async Task WhatIsNotSharedIsOnOfferWhenItIsWhole()
    {
        using var fixture = new PartialFixture(options => options with { RainsPartials = false });
        var manifest = PartialFixture.ManifestOf(1);
        using var lease = fixture.Fetch(manifest, 1, [.. Enumerable.Range(0, PartialFixture.BlockCount)]);
        Assert.Equal(CatalogAnswer.Missing, fixture.Catalog.Find(PartialFixture.Id, manifest.Version.Tag, out _));
        Assert.Equal(CatalogAnswer.Missing, fixture.Catalog.FindPartial(PartialFixture.Id, out _));

        fixture.Seal(lease);
        Assert.True((await fixture.FindAsync(manifest))!.IsComplete);
    }

    /// <summary>A fetch whose reader went away has left what it had.</summary>
    [Fact]
    public async Task WhatAFetchHasLeftIsOnOfferUntilItIsEvicted()
    {
        var manifest = PartialFixture.ManifestOf(1);
        _fixture.Fetch(manifest, 1, 0, 4).Dispose();
        Assert.Equal(0, _fixture.CountOpenFiles());
        var content = (await _fixture.FindAsync(manifest))!;
        Assert.NotNull(await PartialFixture.ReadAsync(content, 4, 12));
        Assert.Equal(1, _fixture.CountOpenFiles());
        var epoch = content.HeldEpoch;
        Assert.Equal(0, _fixture.Store.Holdings.FetchLeases);

        Assert.True(_fixture.Store.Partials.TryEvict(_fixture.Store.Partials.FindAll(PartialFixture.Id)[0]));

        Assert.Equal(SymbolReadResult.Unavailable, content.TryReadSymbol(0, 0, new byte[100]));
        Assert.Equal(SymbolReadResult.Unavailable, content.TryReadSymbol(4, 12, new byte[100]));
        Assert.Equal(0, content.HeldBlockCount);
        Assert.Empty(PartialFixture.HeldOf(content));
        Assert.NotEqual(epoch, content.HeldEpoch);
        Assert.Equal(0, _fixture.CountOpenFiles());
        Assert.Null(await _fixture.FindAsync(manifest));
        Assert.Null(await _fixture.FindPartialAsync());
    }

    /// <summary>An encoder is about to read it, or does, when it goes; all that comes of it is right, or nothing.</summary>
    [Fact]
    public async Task WhatGoesWhileItIsReadIsRainedRightOrNotAtAll()
    {
        var manifest = PartialFixture.ManifestOf(1);
        for (var turn = 0; turn < 100; turn++)
        {
            var lease = _fixture.Fetch(manifest, 1, 0, 1, 2, 3);
            var content = (await _fixture.FindAsync(manifest))!;
            var esi = (uint)(turn % 3 == 0 ? 1 : 100 + turn);
            var expected = Enumerable.Range(0, 4).Select(block => PartialFixture.Encode(manifest, 1, block, esi)).ToArray();
            using var meeting = new Barrier(2);
            var reading = Task.Run(
                async () =>
                {
                    meeting.SignalAndWait(Cancellation);
                    for (var block = 0; block < 4; block++)
                    {
                        if (await PartialFixture.ReadAsync(content, block, esi) is { } symbol)
                        {
                            Assert.Equal(expected[block], symbol);
                        }
                    }
                },
                Cancellation);
            meeting.SignalAndWait(Cancellation);
            Thread.SpinWait(turn * 100);
            lease.Dispose();
            _fixture.Store.Partials.TryEvict((PartialBlob)lease.Blocks);
            await reading;
            Assert.Equal(SymbolReadResult.Unavailable, content.TryReadSymbol(0, esi, new byte[100]));
            Assert.Equal(0, _fixture.CountOpenFiles());

            // A block that could not be read is not tried again for a while.
            _fixture.Clock.Advance(TimeSpan.FromSeconds(3));
        }
    }

    [Fact]
    public async Task WhatIsDeletedStopsAtOnceButForWhatIsNewer()
    {
        var (older, newer) = (PartialFixture.ManifestOf(1), PartialFixture.ManifestOf(2, stamp: 3000));
        using var first = _fixture.Fetch(older, 1, 0);
        using var second = _fixture.Fetch(newer, 2, 0);
        var (old, young) = ((await _fixture.FindAsync(older))!, (await _fixture.FindAsync(newer))!);

        using (await _fixture.Store.EnterAsync(PartialFixture.Id, Cancellation))
        {
            await _fixture.Store.CommitTombstoneAsync(PartialFixture.Id, Manifest.CreateTombstone("lt", 2000));
        }

        Assert.Equal(SymbolReadResult.Unavailable, old.TryReadSymbol(0, 0, new byte[100]));
        Assert.Null(await _fixture.FindAsync(older));
        Assert.NotNull(await PartialFixture.ReadAsync(young, 0, 0));
        Assert.Same(young, await _fixture.FindAsync(newer));
    }

    [Fact]
    public async Task WhoIsInTheMiddleOfAnOlderVersionMayFinishItAndNobodyBeginsIt()
    {
        var (older, newer) = (PartialFixture.ManifestOf(1), PartialFixture.ManifestOf(2, stamp: 2000));
        var other = PartialFixture.ManifestOf(3, stamp: 500);
        using var first = _fixture.Fetch(older, 1, 0);
        using var third = _fixture.Fetch(other, 3, 0);
        var content = (await _fixture.FindAsync(older))!;
        using (var second = _fixture.Fetch(newer, 2, [.. Enumerable.Range(0, PartialFixture.BlockCount)]))
        {
            _fixture.Seal(second);
        }

        Assert.Same(content, await _fixture.FindAsync(older));
        Assert.NotNull(await PartialFixture.ReadAsync(content, 0, 0));
        Assert.Null(await _fixture.FindAsync(other));
        Assert.Null(await _fixture.FindPartialAsync());
    }

    /// <summary>After a while nobody wants it: it has no file open, and is made anew for the next who asks.</summary>
    [Fact]
    public async Task WhatNobodyAsksForCostsNothing()
    {
        var manifest = PartialFixture.ManifestOf(1);
        _fixture.Fetch(manifest, 1, 5, 0).Dispose();
        var partial = Assert.Single(_fixture.Store.Partials.FindAll(PartialFixture.Id));
        _fixture.Clock.Advance(TimeSpan.FromSeconds(100));
        var content = (await _fixture.FindAsync(manifest))!;
        var used = partial.LastUseMs;
        _fixture.Clock.Advance(TimeSpan.FromSeconds(20));
        _fixture.Store.Tick();
        Assert.Same(content, await _fixture.FindAsync(manifest));
        Assert.Equal(20_000, partial.LastUseMs - used);

        _fixture.Clock.Advance(TimeSpan.FromSeconds(31));
        _fixture.Store.Tick();

        Assert.Null(partial.Content);
        Assert.Equal(20_000, partial.LastUseMs - used);
        Assert.Equal(0, _fixture.CountOpenFiles());
        var again = (await _fixture.FindAsync(manifest))!;
        Assert.NotSame(content, again);
        Assert.Equal([0, 5], PartialFixture.ArrivalsOf(again));
        Assert.NotNull(await PartialFixture.ReadAsync(again, 5, 40));
    }
}
