using MurkyWaters.Store;
using PouringRain.Protocol;

namespace MurkyWaters.Tests.Store;

public sealed class StoreUploadTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly StoreFixture _store;

    public StoreUploadTests() => _store = new StoreFixture(StoreFixture.SmallBlocks(_folder.FullPath));

    public void Dispose()
    {
        _store.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(99)]
    [InlineData(100)]
    [InlineData(101)]
    [InlineData(999)]
    [InlineData(1000)]
    [InlineData(1001)]
    [InlineData(10_000)]
    public async Task TheManifestDescribesTheBytes(int length)
    {
        var bytes = Bytes.Random(length, 1);

        var manifest = (await _store.PutAsync(1, bytes)).Resource!.Manifest;

        Assert.Equal(length, manifest.Layout.Length);
        Assert.Equal(Sha256Digest.Of(bytes), manifest.Sha256);
        for (var i = 0; i < manifest.Layout.BlockCount; i++)
        {
            Assert.Equal(
                BlockDigest.Of(BlockDigestAlgorithm.Blake3, bytes.AsSpan((int)manifest.Layout.OffsetOf(i), manifest.Layout.BytesOf(i))),
                manifest.BlockDigests[i]);
        }

        Assert.Equal(bytes, await _store.ReadAsync(1));
    }

    [Fact]
    public async Task AWrongDigestStoresNothing()
    {
        var result = await _store.PutAsync(1, Bytes.Random(2000, 1), new UploadOptions { ExpectedSha256 = Sha256Digest.Of("other"u8) });

        Assert.Equal(UploadOutcome.DigestMismatch, result.Outcome);
        Assert.Null(await _store.ReadAsync(1));
        _store.AssertNothingLeftOver();
    }

    [Theory]
    [InlineData(1999)]
    [InlineData(2001)]
    [InlineData(0)]
    public async Task AWrongLengthStoresNothing(int announced)
    {
        var result = await _store.PutAsync(1, Bytes.Random(2000, 1), new UploadOptions { Length = announced });

        Assert.Equal(UploadOutcome.LengthMismatch, result.Outcome);
        Assert.Null(await _store.ReadAsync(1));
        _store.AssertNothingLeftOver();
    }

    /// <summary>The clock stands, then goes on or back: the stamp of a later version is greater, and says
    /// when its second is that of the one before.</summary>
    [Theory]
    [InlineData(0, true)]
    [InlineData(899, true)]
    [InlineData(900, false)]
    [InlineData(-3_600_000, true)]
    public async Task AVersionKnowsWhetherItsSecondWasThatOfTheOneBefore(int laterMs, bool isWeak)
    {
        var time = new SetTime { Now = new DateTimeOffset(2026, 11, 21, 12, 0, 0, 100, TimeSpan.Zero) };
        using var folder = new TemporaryFolder();
        using var store = new StoreFixture(StoreFixture.SmallBlocks(folder.FullPath) with { Time = time });
        var first = (await store.PutAsync(1, Bytes.Random(2000, 1))).Resource!.Manifest;
        Assert.False(first.IsDateWeak);
        time.Now = time.Now.AddMilliseconds(laterMs);

        var second = (await store.PutAsync(1, Bytes.Random(2000, 2))).Resource!.Manifest;

        Assert.Equal(isWeak, second.IsDateWeak);
        Assert.True(second.IsNewerThan(first));
        Assert.False((await store.PutAsync(2, Bytes.Random(2000, 2))).Resource!.Manifest.IsDateWeak);
        await store.DeleteAsync(1);
        var third = (await store.PutAsync(1, Bytes.Random(2000, 3))).Resource!.Manifest;
        Assert.True(third.IsDateWeak);
    }

    [Fact]
    public async Task WhatIsSaidOfTheSameBytesNeedsNoOtherBlob()
    {
        var bytes = Bytes.Random(5000, 1);
        var first = (await _store.PutAsync(1, bytes, new UploadOptions { FileName = "a", ContentType = "text/plain" })).Resource!.Manifest;

        var second = await _store.PutAsync(1, bytes, new UploadOptions { FileName = "b", IsAttachment = true });

        Assert.Equal(UploadOutcome.Replaced, second.Outcome);
        var manifest = second.Resource!.Manifest;
        Assert.Equal(
            ("b", "text/plain", true, first.Code), (manifest.FileName, manifest.ContentType, manifest.IsAttachment, manifest.Code));
        Assert.Equal(first.BlockDigests, manifest.BlockDigests);
        Assert.Equal(bytes, await _store.ReadAsync(1));
        Assert.Single(Directory.EnumerateFiles(_store.Store.Files.Blobs));
    }

    [Fact]
    public async Task AnUploadThatKeepsTheDescriptionTakesOnlyWhatItLacks()
    {
        var bytes = Bytes.Random(5000, 1);
        var keeping = new UploadOptions { KeepsDescription = true };
        var first = (await _store.PutAsync(1, bytes, keeping)).Resource!.Manifest;
        Assert.Equal("application/octet-stream", first.ContentType);
        var named = await _store.PutAsync(1, bytes, keeping with { FileName = "a", ContentType = "text/plain", IsAttachment = true });
        Assert.Equal(UploadOutcome.Replaced, named.Outcome);

        var again = await _store.PutAsync(1, bytes, keeping with { FileName = "b", ContentType = "image/png", IsAttachment = false });

        Assert.Equal((UploadOutcome.Unchanged, named.Resource!.Manifest.Version), (again.Outcome, again.Resource!.Manifest.Version));
        Assert.Equal(
            ("a", "text/plain", true),
            (again.Resource.Manifest.FileName, again.Resource.Manifest.ContentType, again.Resource.Manifest.IsAttachment));

        // Of other bytes it says what it was given.
        var other =
            (await _store.PutAsync(1, Bytes.Random(10, 2), keeping with { FileName = "b", ContentType = "image/png" })).Resource!.Manifest;
        Assert.Equal(("b", "image/png", false), (other.FileName, other.ContentType, other.IsAttachment));
    }

    [Fact]
    public async Task APreconditionThatFailsStoresNothing()
    {
        await _store.PutAsync(1, Bytes.Random(2000, 1));

        var result = await _store.PutAsync(1, Bytes.Random(2000, 2), new UploadOptions { Precondition = current => current is null });

        Assert.Equal(UploadOutcome.PreconditionFailed, result.Outcome);
        Assert.Equal(Bytes.Random(2000, 1), await _store.ReadAsync(1));
        _store.AssertNothingLeftOver();
    }

    [Fact]
    public async Task IdenticalBytesMakeNoNewVersionUnlessTheDescriptionChanges()
    {
        var bytes = Bytes.Random(2000, 1);
        var first = await _store.PutAsync(1, bytes, new UploadOptions { ContentType = "text/plain", FileName = "a.txt" });

        var silent = await _store.PutAsync(1, bytes);
        var other = await _store.PutAsync(1, bytes, new UploadOptions { ContentType = "text/html" });

        Assert.Equal(UploadOutcome.Unchanged, silent.Outcome);
        Assert.Equal(first.Resource!.Manifest.Version, silent.Resource!.Manifest.Version);
        Assert.Equal(UploadOutcome.Replaced, other.Outcome);
        Assert.Equal("text/html", other.Resource!.Manifest.ContentType);
        Assert.True(other.Resource.Manifest.IsNewerThan(first.Resource.Manifest));
    }

    [Fact]
    public async Task ANewVersionIsNewerEvenWhenTheClockGoesBack()
    {
        using var folder = new TemporaryFolder();
        var clock = new SteppingClock();
        using var store = new StoreFixture(StoreFixture.SmallBlocks(folder.FullPath) with { Time = clock });
        var first = await store.PutAsync(1, Bytes.Random(10, 1));
        clock.Now -= TimeSpan.FromDays(1);

        var second = await store.PutAsync(1, Bytes.Random(10, 2));
        await store.DeleteAsync(1);
        var tombstone = store.Store.FindEntry(new ResourceId(1))!.Resource;
        var third = await store.PutAsync(1, Bytes.Random(10, 3));

        Assert.True(second.Resource!.Manifest.IsNewerThan(first.Resource!.Manifest));
        Assert.True(tombstone.Manifest.IsNewerThan(second.Resource.Manifest));
        Assert.True(third.Resource!.Manifest.IsNewerThan(tombstone.Manifest));
        Assert.Equal(UploadOutcome.Created, third.Outcome);
    }

    [Fact]
    public async Task AnUploadLeftHalfwayLeavesNothing()
    {
        await using (var upload = new StoreUpload(_store.Store, new UploadOptions { Id = new ResourceId(1) }, _store.Options))
        {
            await upload.WriteAsync(Bytes.Random(5500, 1), TestContext.Current.CancellationToken);
        }

        _store.AssertNothingLeftOver();
    }

    [Fact]
    public async Task TheIdCanComeFromTheContent()
    {
        var bytes = Bytes.Random(1500, 1);
        await using var upload = new StoreUpload(_store.Store, new UploadOptions(), _store.Options);
        await upload.WriteAsync(bytes, TestContext.Current.CancellationToken);

        var result = await upload.CommitAsync(TestContext.Current.CancellationToken);

        Assert.Equal(new ResourceId(Sha256Digest.Of(bytes).Tag), result.Resource!.Id);
    }

    [Fact]
    public async Task AFullDiskIsSaidBeforeAndDuringTheUpload()
    {
        using var folder = new TemporaryFolder();
        var temporary = new DirectoryInfo(Path.Combine(folder.FullPath, "temporary"));
        var space = new DiskSpace(() => 10_000 - (temporary.Exists ? temporary.EnumerateFiles().Sum(file => file.Length) : 0), 5_000);
        using var store = new StoreFixture(StoreFixture.SmallBlocks(folder.FullPath) with { Space = space });

        Assert.Throws<StoreFullException>(() => new StoreUpload(store.Store, new UploadOptions { Length = 6_000 }, store.Options));
        await using var unannounced = new StoreUpload(store.Store, new UploadOptions(), store.Options);
        await Assert.ThrowsAsync<StoreFullException>(async () =>
        {
            await unannounced.WriteAsync(Bytes.Random(8_000, 1), TestContext.Current.CancellationToken);
            await unannounced.RestAsync();
        });

        // It stays said.
        await Assert.ThrowsAsync<StoreFullException>(() => unannounced.CommitAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task AReplacedVersionIsReadableUntilItsReadersLetGo()
    {
        var old = Bytes.Random(3000, 1);
        await _store.PutAsync(1, old);
        var reader = StoredReader.TryOpen(_store.Store, _store.Store.FindEntry(new ResourceId(1))!)!;
        await _store.DeleteAsync(1);

        Assert.Equal(old, await File.ReadAllBytesAsync(reader.FilePath!, TestContext.Current.CancellationToken));
        Assert.Equal(old, await Bytes.ReadAllAsync(reader));
        await reader.DisposeAsync();

        _store.AssertNothingLeftOver();
    }

    [Fact]
    public async Task PagesGoThroughAllResourcesInOrder()
    {
        foreach (var id in (ulong[])[5, 1, ulong.MaxValue, 3, 0])
        {
            await _store.PutAsync(id, [1]);
        }

        await _store.DeleteAsync(3);

        var first = _store.Store.List(new ResourceQuery { Limit = 2 });
        var second = _store.Store.List(new ResourceQuery { Limit = 2, After = first.Next });
        Assert.Equal([0ul, 1ul], first.Items.Select(item => item.Id.Value));
        Assert.Equal([5ul, ulong.MaxValue], second.Items.Select(item => item.Id.Value));
        Assert.Null(second.Next);
        Assert.Empty(
            _store.Store.List(new ResourceQuery { Limit = 2, After = new ResourcePlace(new ResourceId(ulong.MaxValue), "") }).Items);
    }

    private sealed class SteppingClock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

        public override DateTimeOffset GetUtcNow() => Now;
    }

    private sealed class SetTime : TimeProvider
    {
        public DateTimeOffset Now { get; set; }

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
