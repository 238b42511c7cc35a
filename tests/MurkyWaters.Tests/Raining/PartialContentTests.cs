using MurkyWaters.Store;
using PouringRain.Coding;
using PouringRain.Protocol;

namespace MurkyWaters.Tests.Raining;

/// <summary>What is here in part is rained from the moment it is on the disk, as long as it is there.</summary>
public sealed class PartialContentTests : IDisposable
{
    private readonly PartialFixture _fixture = new();

    public static TheoryData<string> Codes => [.. FountainCodes.All.Select(code => code.Name)];

    public void Dispose() => _fixture.Dispose();

    [Theory]
    [MemberData(nameof(Codes))]
    public async Task BlocksAreRainedFromTheMomentTheyAreHeld(string code)
    {
        var manifest = PartialFixture.ManifestOf(1, code: code);
        using var lease = _fixture.Fetch(manifest, 1, 3, 0);
        var content = (await _fixture.FindAsync(manifest))!;

        Assert.Equal(manifest.Version, content.Manifest.Version);
        Assert.False(content.IsComplete);
        Assert.Equal(2, content.HeldBlockCount);
        foreach (var esi in (uint[])[0, 5, 9, 10, 11, 1000])
        {
            Assert.Equal(PartialFixture.Encode(manifest, 1, 0, esi), await PartialFixture.ReadAsync(content, 0, esi));
            Assert.Equal(PartialFixture.Encode(manifest, 1, 3, esi), await PartialFixture.ReadAsync(content, 3, esi));
            Assert.Equal(SymbolReadResult.Unavailable, content.TryReadSymbol(1, esi, new byte[100]));
        }

        PartialFixture.Write(lease, 1, 1);
        Assert.Same(content, await _fixture.FindAsync(manifest));
        Assert.True(content.HasBlock(1));
        Assert.Equal(PartialFixture.Encode(manifest, 1, 1, 2), await PartialFixture.ReadAsync(content, 1, 2));
        Assert.Equal(PartialFixture.Encode(manifest, 1, 1, 12), await PartialFixture.ReadAsync(content, 1, 12));
        Assert.False(content.HasBlock(-1));
        Assert.False(content.HasBlock(PartialFixture.BlockCount));
        Assert.Equal(SymbolReadResult.Unavailable, content.TryReadSymbol(PartialFixture.BlockCount, 0, new byte[100]));
    }

    [Fact]
    public async Task TheOrderInWhichBlocksCameIsTold()
    {
        var manifest = PartialFixture.ManifestOf(1);
        using var lease = _fixture.Fetch(manifest, 1, 9, 4);
        var content = (await _fixture.FindAsync(manifest))!;
        var epoch = content.HeldEpoch;
        PartialFixture.Write(lease, 1, 10, 2, 2, 9);

        Assert.Equal(4, content.HeldBlockCount);
        Assert.Equal([4, 9, 10, 2], PartialFixture.ArrivalsOf(content));
        Assert.Equal([10, 2], PartialFixture.ArrivalsOf(content, 2));
        Assert.Empty(PartialFixture.ArrivalsOf(content, 4));
        Assert.Empty(PartialFixture.ArrivalsOf(content, 100));
        Assert.Equal(0, content.CopyArrivals(-1, new int[4]));
        var two = new int[2];
        Assert.Equal(2, content.CopyArrivals(1, two));
        Assert.Equal([9, 10], two);
        Assert.Equal([2, 4, 9, 10], PartialFixture.HeldOf(content));
        var later = new byte[] { 0xAA, 0xAA, 0xAA };
        content.CopyHeld(8, later);
        Assert.Equal([0b110, 0, 0], later);
        content.CopyHeld(1 << 20, later);
        Assert.Equal([0, 0, 0], later);
        Assert.Equal(epoch, content.HeldEpoch);
    }

    [Fact]
    public async Task OfWhichNothingHasComeYetIsThereAndHoldsNothing()
    {
        var manifest = PartialFixture.ManifestOf(1);
        using var lease = _fixture.Fetch(manifest, 1);
        var content = (await _fixture.FindAsync(manifest))!;
        Assert.Equal(0, content.HeldBlockCount);
        Assert.Equal(SymbolReadResult.Unavailable, content.TryReadSymbol(7, 0, new byte[100]));

        PartialFixture.Write(lease, 1, 7, 1);

        Assert.Equal([7, 1], PartialFixture.ArrivalsOf(content));
        Assert.Equal(PartialFixture.Encode(manifest, 1, 7, 3), await PartialFixture.ReadAsync(content, 7, 3));
    }

    [Fact]
    public async Task AWholeOneTellsThatAllIsHeld()
    {
        var manifest = PartialFixture.ManifestOf(1);
        using (var lease = _fixture.Fetch(manifest, 1, [.. Enumerable.Range(0, PartialFixture.BlockCount)]))
        {
            _fixture.Seal(lease);
        }

        var content = (await _fixture.FindAsync(manifest))!;
        Assert.True(content.IsComplete);
        Assert.Equal(PartialFixture.BlockCount, content.HeldBlockCount);
        Assert.Equal(Enumerable.Range(0, PartialFixture.BlockCount), PartialFixture.HeldOf(content));
        var part = new byte[] { 0, 0xFF };
        content.CopyHeld(8, part);
        Assert.Equal([0b111, 0], part);
        Assert.Empty(PartialFixture.ArrivalsOf(content));
    }

    /// <summary>A subscriber goes on with what it was given; whoever asks again is given the whole one.</summary>
    [Fact]
    public async Task ItGoesOverIntoTheWholeOne()
    {
        var manifest = PartialFixture.ManifestOf(1);
        var lease = _fixture.Fetch(manifest, 1, [.. Enumerable.Range(0, 6)]);
        var partial = (await _fixture.FindAsync(manifest))!;
        var epoch = partial.HeldEpoch;
        Assert.NotNull(await PartialFixture.ReadAsync(partial, 2, 11));
        PartialFixture.Write(lease, 1, [.. Enumerable.Range(6, 5)]);
        Assert.Equal(PartialFixture.BlockCount, partial.HeldBlockCount);
        Assert.False(partial.IsComplete);

        _fixture.Seal(lease);
        lease.Dispose();

        var whole = (await _fixture.FindAsync(manifest))!;
        Assert.NotSame(partial, whole);
        Assert.True(whole.IsComplete);
        Assert.Same(whole, await _fixture.FindNewestAsync());
        Assert.Null(await _fixture.FindPartialAsync());
        for (var block = 0; block < PartialFixture.BlockCount; block++)
        {
            foreach (var content in (IRainContent[])[partial, whole])
            {
                Assert.Equal(PartialFixture.Encode(manifest, 1, block, 1), await PartialFixture.ReadAsync(content, block, 1));
                Assert.Equal(PartialFixture.Encode(manifest, 1, block, 20), await PartialFixture.ReadAsync(content, block, 20));
            }
        }

        Assert.Equal(epoch, partial.HeldEpoch);

        // What is forgotten is rained by nobody any more.
        using (await _fixture.Store.EnterAsync(PartialFixture.Id, TestContext.Current.CancellationToken))
        {
            await _fixture.Store.ForgetAsync(PartialFixture.Id);
        }

        Assert.Equal(SymbolReadResult.Unavailable, partial.TryReadSymbol(2, 11, new byte[100]));
        Assert.NotEqual(epoch, partial.HeldEpoch);
        Assert.Null(await _fixture.FindAsync(manifest));
    }

    /// <summary>What is in the making ahead is a block that is there.</summary>
    [Fact]
    public async Task NoBlockIsMadeAheadThatIsNotHeld()
    {
        var manifest = PartialFixture.ManifestOf(1);
        using var lease = _fixture.Fetch(manifest, 1, 0, 4, 5);
        var content = (await _fixture.FindAsync(manifest))!;

        Assert.NotNull(await PartialFixture.ReadAsync(content, 0, 50));
        Assert.Equal(2 * 1000, _fixture.Store.Encoders.Bytes);
        Assert.NotNull(await PartialFixture.ReadAsync(content, 4, 50));
        Assert.Equal(3 * 2 * 1000, _fixture.Store.Encoders.Bytes);
    }

    [Fact]
    public async Task WhileManyWriteOthersSeeAnOrderThatGrows()
    {
        var manifest = PartialFixture.ManifestOf(1);
        for (var turn = 0; turn < 50; turn++)
        {
            using var lease = _fixture.Fetch(manifest, 1);
            var content = (await _fixture.FindAsync(manifest))!;
            var epoch = content.HeldEpoch;
            var writers = Enumerable.Range(0, 2).Select(writer => Task.Run(() =>
            {
                var blocks = Enumerable.Range(0, PartialFixture.BlockCount).ToArray();
                new Random((2 * turn) + writer).Shuffle(blocks);
                PartialFixture.Write(lease, 1, blocks);
            })).ToArray();
            int[] seen = [];
            while (seen.Length < PartialFixture.BlockCount)
            {
                var now = PartialFixture.ArrivalsOf(content);
                Assert.Equal(seen, now[..seen.Length]);
                Assert.All(now, block => Assert.True(content.HasBlock(block)));
                Assert.Subset(PartialFixture.HeldOf(content).ToHashSet(), now.ToHashSet());
                seen = now;
                await Task.Yield();
            }

            await Task.WhenAll(writers);
            Assert.Equal(Enumerable.Range(0, PartialFixture.BlockCount), seen.Order());
            Assert.Equal(epoch, content.HeldEpoch);
            _fixture.Store.Partials.Retire((PartialBlob)lease.Blocks);
        }
    }

    /// <summary>Neither what has rotted between two processes nor what the machine's end has lost is rained.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task WhatIsWrongOnTheDiskIsNotRainedAndHasToComeAgain(bool ofMachine)
    {
        var manifest = PartialFixture.ManifestOf(1);
        _fixture.Fetch(manifest, 1, 1, 2, 5).Dispose();
        _fixture.Restart(ofMachine, path =>
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Write);
            file.Position = 2500;
            file.WriteByte((byte)~PartialFixture.BytesOf(1)[2500]);
        });
        var content = (await _fixture.FindAsync(manifest))!;
        var epoch = content.HeldEpoch;
        Assert.Equal([1, 2, 5], PartialFixture.ArrivalsOf(content));

        Assert.Null(await PartialFixture.ReadAsync(content, 2, 3));
        await Fetching.FetchFixture.EventuallyAsync(() => !content.HasBlock(2), "the block is held no more");
        Assert.Null(await PartialFixture.ReadAsync(content, 2, 30));

        Assert.NotEqual(epoch, content.HeldEpoch);
        Assert.Equal([1, 5], PartialFixture.ArrivalsOf(content));
        Assert.Equal([1, 5], PartialFixture.HeldOf(content));
        Assert.Equal(PartialFixture.Encode(manifest, 1, 5, 3), await PartialFixture.ReadAsync(content, 5, 3));
        Assert.Equal(PartialFixture.Encode(manifest, 1, 1, 30), await PartialFixture.ReadAsync(content, 1, 30));

        using var lease = _fixture.Fetch(manifest, 1, 2, 8);
        Assert.Equal([1, 5, 2, 8], PartialFixture.ArrivalsOf(content));
        Assert.Equal(PartialFixture.Encode(manifest, 1, 2, 3), await PartialFixture.ReadAsync(content, 2, 3));
    }

    /// <summary>A fetch compares all that was left before it counts on it.</summary>
    [Fact]
    public async Task WhatAFetchFindsWrongIsNotRained()
    {
        var manifest = PartialFixture.ManifestOf(1);
        _fixture.Fetch(manifest, 1, 1, 2, 5).Dispose();
        _fixture.Restart(ofMachine: true, path =>
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Write);
            file.WriteByte(1);
            file.SetLength(5500);
        });
        var content = (await _fixture.FindAsync(manifest))!;
        Assert.Equal([1, 2], PartialFixture.HeldOf(content));
        using var lease = _fixture.Fetch(manifest, 1);
        var partial = (PartialBlob)lease.Blocks;
        await using (var file = new FileStream(partial.DataPath, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            file.SetLength(2500);
        }

        var epoch = content.HeldEpoch;
        partial.Prepare();

        Assert.Equal([1], PartialFixture.ArrivalsOf(content));
        Assert.NotEqual(epoch, content.HeldEpoch);
        Assert.Equal(SymbolReadResult.Unavailable, content.TryReadSymbol(2, 0, new byte[100]));
    }
}
