using PouringRain.Protocol;

namespace MurkyWaters.Tests.Network;

/// <summary>What the scrub finds damaged comes again from another node, and stays what it was.</summary>
public sealed class ScrubbedNodeTests
{
    private const int Length = 400_000;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_has_rotted_is_mended_from_another_node_without_being_asked_for()
    {
        await using var cloud = await NodeCloud.StartAsync(2);
        for (var id = 1ul; id <= 3; id++)
        {
            await cloud.PutAsync(0, id, Bytes.Random(Length + (int)id, (int)id));
            Assert.Equal(2, await cloud[0].PropagateAsync(new ResourceId(id), 2, TimeSpan.FromSeconds(30), Cancellation));
        }

        foreach (var id in (int[])[1, 3])
        {
            var blobs = new DirectoryInfo(Path.Combine(cloud.PathOf(1), "blobs"));
            var path = Assert.Single(blobs.EnumerateFiles(), file => file.Length == Length + id).FullName;
            using var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
            RandomAccess.Write(file, Bytes.Random(10, 99), Length - (100_000 * id));
        }

        cloud[1].StartScrub();
        while (cloud[1].StoreFigures is not { Resources: 3, Scrub: { LastPassFinished: not null, Damaged: 2 } })
        {
            await Task.Delay(10, Cancellation);
        }

        Assert.Equal(3, cloud[1].StoreFigures.Scrub.CheckedResources);
        Assert.Equal(2, cloud[1].Figures.StoreScrubDamaged);
        Assert.Equal(4, cloud[1].StoreFigures.QuarantineFiles);
        for (var id = 1ul; id <= 3; id++)
        {
            Assert.Equal(Bytes.Random(Length + (int)id, (int)id), await cloud.GetAsync(1, id, OpenSource.LocalOnly));
            Assert.Equal(Retention.Kept, cloud[1].Find(new ResourceId(id))!.Retention);
        }

        // All that is kept, by way of the sums.
        Assert.Equal((3 * Length) + 6, cloud[1].StoreFigures.KeptBytes);
        Assert.Equal(0, cloud[1].StoreFigures.CachedBytes);
    }
}
