using System.Buffers.Binary;
using MurkyWaters.Store;
using PouringRain.Protocol;

namespace MurkyWaters.Tests.Store;

/// <summary>Rows of manifests that would not be taken any more, in a store from before:
/// nothing of them is lost, and nothing is there.</summary>
public sealed class StrangeRecordTests
{
    private const int StampOffset = 6;

    [Theory]
    [InlineData(long.MaxValue)]
    [InlineData(-1)]
    [InlineData(Manifest.TombstoneStampMax + 1)]
    public async Task AStampThatIsNoTimeIsNotThere(long stamp) =>
        await CheckAsync(manifest => BinaryPrimitives.WriteInt64BigEndian(manifest.AsSpan(StampOffset), stamp));

    [Fact]
    public async Task AMediaTypeThatHttpCannotCarryIsNotThere() => await CheckAsync(manifest =>
    {
        var at = manifest.AsSpan().IndexOf("application/octet-stream"u8);
        manifest[at + 3] = (byte)'\n';
    });

    /// <summary>The last version that there can be is replaced by none, but it can be deleted.</summary>
    [Fact]
    public async Task NothingFollowsTheLastVersionButItsDeletion()
    {
        using var folder = new TemporaryFolder();
        var options = StoreFixture.SmallBlocks(folder.FullPath);
        await ChangeAsync(options, manifest => BinaryPrimitives.WriteInt64BigEndian(manifest.AsSpan(StampOffset), Manifest.StampMax));
        using var again = new StoreFixture(options);
        Assert.NotNull(await again.ReadAsync(1));
        Assert.Equal(UploadOutcome.NoLaterVersion, (await again.PutAsync(1, Bytes.Random(500, 2))).Outcome);
        Assert.Equal(Bytes.Random(500, 1), await again.ReadAsync(1));
        Assert.True(await again.DeleteAsync(1));
        Assert.Null(await again.ReadAsync(1));
    }

    private static async Task CheckAsync(Action<byte[]> change)
    {
        foreach (var inlineBytes in (int[])[0, 1000])
        {
            using var folder = new TemporaryFolder();
            var options = StoreFixture.SmallBlocks(folder.FullPath) with { InlineBytes = inlineBytes };
            var changed = await ChangeAsync(options, change);
            using var again = new StoreFixture(options);
            Assert.Null(await again.ReadAsync(1));
            Assert.Equal(1, again.Store.QuarantinedCount);
            Assert.Equal(changed, await File.ReadAllBytesAsync(
                Assert.Single(Directory.GetFiles(again.Store.Files.Quarantine, "*.manifest")), TestContext.Current.CancellationToken));
            Assert.Equal(UploadOutcome.Created, (await again.PutAsync(1, Bytes.Random(500, 2))).Outcome);
            Assert.Equal(Bytes.Random(500, 2), await again.ReadAsync(1));
            if (inlineBytes > 0)
            {
                Assert.Equal(Bytes.Random(500, 1), await File.ReadAllBytesAsync(
                    Assert.Single(Directory.GetFiles(again.Store.Files.Quarantine, "*.body")), TestContext.Current.CancellationToken));
            }
        }
    }

    /// <summary>Puts a resource into a store that is closed then, and changes its manifest; returns that.</summary>
    private static async Task<byte[]> ChangeAsync(StoreOptions options, Action<byte[]> change)
    {
        byte[] manifest;
        using (var store = new StoreFixture(options))
        {
            manifest = (await store.PutAsync(1, Bytes.Random(500, 1))).Resource!.Manifest.Bytes.ToArray();
        }

        change(manifest);
        StoreFixture.Change(options, "UPDATE resources SET manifest = $1, version = $2", manifest, Sha256Digest.Of(manifest).ToArray());
        return manifest;
    }
}
