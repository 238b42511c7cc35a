using System.Buffers.Binary;
using MurkyWaters.Store;
using PouringRain.Protocol;

namespace MurkyWaters.Tests.Store;

/// <summary>Records of manifests that would not be taken any more, in a store from before.</summary>
public sealed class StrangeRecordTests
{
    private const int ManifestOffset = 20, StampOffset = ManifestOffset + 6;

    [Theory]
    [InlineData(long.MaxValue)]
    [InlineData(-1)]
    [InlineData(Manifest.TombstoneStampMax + 1)]
    public async Task AStampThatIsNoTimeIsNotThere(long stamp) =>
        await CheckAsync(record => BinaryPrimitives.WriteInt64BigEndian(record.AsSpan(StampOffset), stamp));

    [Fact]
    public async Task AMediaTypeThatHttpCannotCarryIsNotThere() => await CheckAsync(record =>
    {
        var at = record.AsSpan().IndexOf("application/octet-stream"u8);
        record[at + 3] = (byte)'\n';
    });

    /// <summary>The last version that there can be is replaced by none, but it can be deleted.</summary>
    [Fact]
    public async Task NothingFollowsTheLastVersionButItsDeletion()
    {
        using var folder = new TemporaryFolder();
        var options = StoreFixture.SmallBlocks(folder.FullPath);
        using (var store = new StoreFixture(options))
        {
            await store.PutAsync(1, Bytes.Random(500, 1));
        }

        Change(options, record => BinaryPrimitives.WriteInt64BigEndian(record.AsSpan(StampOffset), Manifest.StampMax));
        using var again = new StoreFixture(options);
        Assert.NotNull(await again.ReadAsync(1));
        Assert.Equal(UploadOutcome.NoLaterVersion, (await again.PutAsync(1, Bytes.Random(500, 2))).Outcome);
        Assert.Equal(Bytes.Random(500, 1), await again.ReadAsync(1));
        Assert.True(await again.DeleteAsync(1));
        Assert.Null(await again.ReadAsync(1));
    }

    private static async Task CheckAsync(Action<byte[]> change)
    {
        using var folder = new TemporaryFolder();
        var options = StoreFixture.SmallBlocks(folder.FullPath);
        using (var store = new StoreFixture(options))
        {
            await store.PutAsync(1, Bytes.Random(500, 1));
        }

        Change(options, change);
        using var again = new StoreFixture(options);
        Assert.Null(await again.ReadAsync(1));
        Assert.Equal(UploadOutcome.Created, (await again.PutAsync(1, Bytes.Random(500, 2))).Outcome);
        Assert.Equal(Bytes.Random(500, 2), await again.ReadAsync(1));
    }

    private static void Change(StoreOptions options, Action<byte[]> change)
    {
        var path = Assert.Single(Directory.GetFiles(Path.Combine(options.Path, "records")));
        var record = File.ReadAllBytes(path);
        change(record);
        var end = record.Length - Sha256Digest.SizeBytes;
        Sha256Digest.Of(record.AsSpan(0, end)).Write(record.AsSpan(end));
        File.WriteAllBytes(path, record);
    }
}
