using MurkyWaters.Archive;
using MurkyWaters.Tests.Fetching;
using MurkyWaters.Tests.Network;
using PouringRain.Coding.Erasure;

namespace MurkyWaters.Tests.Archive;

/// <summary>A piece of which a byte went bad on the disk.</summary>
public class MendedPieceTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    /// <summary>It is found when it is read, is set aside, and comes back by itself; only the stretch that was bad is made anew.</summary>
    [Fact]
    public async Task OfAPieceThatWentBadOnlyTheBadStretchIsMadeAnew()
    {
        await using var cloud = await NodeCloud.StartAsync(4, (_, options) => options with
        {
            Cluster = options.Cluster with { Replicas = 2 },
            PieceLookInterval = TimeSpan.FromSeconds(1),
        });
        var bytes = Bytes.Random(6_000_001, 1);
        var put = await cloud.PutAsync(0, 1, bytes);
        await UntilAsync(() => cloud[0].Nodes.Count == 4, "all nodes are known");
        var started = await cloud[0].StartArchiveAsync(put.Id, null, isForced: true, TestContext.Current.CancellationToken);
        await UntilAsync(() => cloud[0].FindArchiveJob(started.Job!.Id) is { Phase: ArchivePhase.Completed }, "the job ends");
        Assert.True(PieceShape.TryCreate(put.Id, put.Manifest, ErasureCodes.RapidRaid, out var shape));
        var path = new DirectoryInfo(Path.Combine(cloud.PathOf(2), "blobs")).EnumerateFiles()
            .First(file => file.Length == shape.Layout.Length).FullName;
        await cloud.StopAsync(2);
        int piece;
        await using (var file = File.Open(path, FileMode.Open))
        {
            Assert.True(PieceShape.TryRead(
                file.Length,
                (offset, target) =>
                {
                    file.Position = offset;
                    file.ReadExactly(target);
                },
                out piece, out _));
            file.Position = 100_000;
            var was = file.ReadByte();
            file.Position = 100_000;
            file.WriteByte((byte)(was ^ 1));
        }

        await cloud.StartAsync(2);
        var manifest = cloud[2].Find(shape.IdOf(piece))!.Manifest;
        await UntilAsync(() => cloud[2].Nodes.Count(node => node.State == PouringRain.Protocol.Cluster.MemberState.Up) == 4, "it is back");
        Assert.Equal(bytes, await cloud.GetAsync(2, 1));
        await UntilAsync(
            () => cloud.Lines.Any(line => line.Contains(
                $"Piece {piece} of {put.Id} was mended: 1 of its {shape.GroupCount} stretches", StringComparison.Ordinal)), "it is mended");
        await UntilAsync(
            () => cloud[2].Find(shape.IdOf(piece)) is { Retention: Retention.Kept } kept && kept.Manifest.Version == manifest.Version,
            "it is there again");
        Assert.Equal(16, cloud.Running.Sum(node => node.ArchiveFigures.Pieces));
        Assert.Empty(cloud.Failures);
    }

    private static Task UntilAsync(Func<bool> condition, string what) => FetchFixture.EventuallyAsync(condition, what, Patience);
}
