using MurkyWaters.Store;
using PouringRain.Protocol;

namespace MurkyWaters.Tests.Store;

/// <summary>Uploads to which nothing comes for a while, and the room that uploads take.</summary>
public sealed class RestingUploadTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    /// <summary>It rests after every piece, or after every third, wherever in a block that is.</summary>
    [Theory]
    [InlineData(0, 100, 1)]
    [InlineData(1, 100, 1)]
    [InlineData(999, 100, 1)]
    [InlineData(1000, 100, 1)]
    [InlineData(3500, 1, 7)]
    [InlineData(3500, 333, 1)]
    [InlineData(3500, 333, 3)]
    [InlineData(10_000, 2700, 1)]
    [InlineData(10_000, 2700, 2)]
    public async Task One_that_rests_holds_no_memory_and_goes_on(int length, int piece, int piecesBetween)
    {
        using var store = new StoreFixture(StoreFixture.SmallBlocks(_folder.FullPath));
        var bytes = Bytes.Random(length, 1);
        await using (var upload = new StoreUpload(
            store.Store, new UploadOptions { Id = new ResourceId(1), Length = length }, store.Options))
        {
            var pieces = 0;
            for (var offset = 0; offset < length; offset += piece)
            {
                await upload.WriteAsync(bytes.AsMemory(offset, Math.Min(piece, length - offset)), Token);
                if (++pieces % piecesBetween == 0)
                {
                    await upload.RestAsync();
                    Assert.Equal(0, upload.BufferBytes);
                }
            }

            Assert.Equal(UploadOutcome.Created, (await upload.CommitAsync(Token)).Outcome);
        }

        Assert.Equal(bytes, await store.ReadAsync(1));
        var digests = store.Store.FindEntry(new ResourceId(1))!.Resource.Manifest.BlockDigests.ToArray();
        Assert.Equal(bytes.Chunk(1000).Select(block => BlockDigest.Of(BlockDigestAlgorithm.Blake3, block)), digests);
        store.AssertNothingLeftOver();
    }

    [Fact]
    public async Task What_little_came_takes_little_memory()
    {
        using var store = new StoreFixture(new StoreOptions { Path = _folder.FullPath });
        await using var upload = new StoreUpload(store.Store, new UploadOptions { Length = 1L << 30 }, store.Options);
        Assert.Equal(0, upload.BufferBytes);
        await upload.WriteAsync(Bytes.Random(1, 1), Token);
        Assert.InRange(upload.BufferBytes, 1, 16 * 1024);
        await upload.WriteAsync(Bytes.Random(100_000, 1), Token);
        Assert.InRange(upload.BufferBytes, 100_001, 256 * 1024);
    }

    /// <summary>What was announced has to fit, and takes no room before it comes; what comes takes what it is.</summary>
    [Fact]
    public async Task Room_is_taken_as_the_bytes_come()
    {
        var free = 60_000_000L;
        var space = new DiskSpace(() => free, 1_000_000);
        using var store = new StoreFixture(new StoreOptions { Path = _folder.FullPath, Space = space, UploadBufferBytes = 1 << 20 });
        Assert.Throws<StoreFullException>(
            () => { _ = new StoreUpload(store.Store, new UploadOptions { Length = 60_000_000 }, store.Options); });
        await using var huge = new StoreUpload(store.Store, new UploadOptions { Length = 59_000_000 }, store.Options);
        await huge.WriteAsync(new byte[2_000_000], Token);
        await huge.RestAsync();
        Assert.True(space.HasRoomFor(59_000_000));
        await using (var chunked = new StoreUpload(store.Store, new UploadOptions { Id = new ResourceId(1) }, store.Options))
        {
            await chunked.WriteAsync(Bytes.Random(10_000_000, 1), Token);
            Assert.True(space.HasRoomFor(57_000_000));
            Assert.Equal(UploadOutcome.Created, (await chunked.CommitAsync(Token)).Outcome);
        }

        Assert.True(space.HasRoomFor(59_000_000));
        free = 1_500_000;
        await using var last = new StoreUpload(store.Store, new UploadOptions { Id = new ResourceId(2) }, store.Options);
        await last.WriteAsync(Bytes.Random(400_000, 2), Token);
        Assert.Equal(UploadOutcome.Created, (await last.CommitAsync(Token)).Outcome);
        await using var tooMuch = new StoreUpload(store.Store, new UploadOptions { Id = new ResourceId(3) }, store.Options);
        await tooMuch.WriteAsync(Bytes.Random(600_000, 2), Token);
        await Assert.ThrowsAsync<StoreFullException>(() => tooMuch.CommitAsync(Token));
    }
}
