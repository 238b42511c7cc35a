using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using MurkyWaters.Archive;
using MurkyWaters.Tests.Fetching;
using MurkyWaters.Tests.Network;
using PouringRain.Protocol.Cluster;

namespace MurkyWaters.Tests.Archive;

/// <summary>Sixteen nodes in one process.</summary>
public class ArchiveClusterTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>The whole way: replicas, pieces, five nodes lost, read, made anew, back to replicas.</summary>
    [Fact]
    public async Task WhatIsArchivedOutlivesFiveNodesAndComesBack()
    {
        await using var cloud = await NodeCloud.StartAsync(16, (_, options) => options with
        {

            // Nodes ask each other every two seconds: one that is down after fewer questions is so by luck.
            Cluster = options.Cluster with { Replicas = 3, DownAfter = TimeSpan.FromSeconds(10) },
            PieceLookInterval = TimeSpan.FromSeconds(1),
        });
        var bytes = Bytes.Random(1_500_000, 1);
        var put = await cloud.PutAsync(0, 1, bytes, contentType: "text/plain");
        // Where the writer is none of the places, its own copy stays for a while.
        Assert.InRange(await cloud[0].PropagateAsync(put.Id, 3, Patience, Cancellation), 3, 4);
        await UntilAsync(() => cloud[0].Nodes.Count(node => node.State == MemberState.Up) == 16, "all nodes are there");

        var started = await cloud[0].StartArchiveAsync(put.Id, null, isForced: false, Cancellation);
        Assert.Equal((ArchiveOutcome.Taken, ""), (started.Outcome, started.Detail));
        await EndedAsync(cloud[0], started.Job!.Id);

        Assert.Equal(ArchivePhase.Completed, cloud[0].FindArchiveJob(started.Job.Id)!.Phase);
        Assert.Equal(16, started.Job.Pieces.Select(piece => piece.Node).Distinct().Count());
        for (var i = 0; i < 16; i++)
        {
            Assert.Equal("rapidraid", cloud[i].FindArchived(put.Id)?.Coding);
            Assert.Equal((1, 1), (cloud[i].ArchiveFigures.Resources, cloud[i].ArchiveFigures.Pieces));
            Assert.Equal([put.Id], cloud[i].List(new ResourceQuery()).Items.Select(item => item.Id));
        }

        Assert.Equal(bytes, await cloud.GetAsync(7, 1));
        Assert.Equal(OpenStatus.NotCached, (await cloud[7].OpenAsync(
            put.Id, new OpenOptions { Source = OpenSource.LocalOnly }, Cancellation)).Status);

        for (var i = 0; i < 5; i++)
        {
            await cloud.StopAsync(i);
        }

        Assert.Equal(bytes, await cloud.GetAsync(9, 1));

        // Those that stopped last may have seen to the first that were lost, and not have told.
        await UntilAsync(
            () => Enumerable.Range(5, 11).Sum(i => cloud[i].ArchiveFigures.Pieces) >= 16, "what was lost is made anew");

        // One comes back with a piece that was made anew meanwhile: one of the two goes.
        await cloud.StartAsync(0);
        Assert.Equal(1, cloud[0].ArchiveFigures.Pieces);
        await UntilAsync(() => cloud[0].Nodes.Count(node => node.State == MemberState.Up) == 12, "it is there again");
        await UntilAsync(
            () => cloud[0].ArchiveFigures.Pieces + Enumerable.Range(5, 11).Sum(i => cloud[i].ArchiveFigures.Pieces) == 16,
            "what two have one leaves");
        Assert.Equal(bytes, await cloud.GetAsync(0, 1));

        var back = await cloud[12].StartRestoreAsync(put.Id, Cancellation);
        Assert.Equal((ArchiveOutcome.Taken, ""), (back.Outcome, back.Detail));
        await EndedAsync(cloud[12], back.Job!.Id);
        Assert.Equal(ArchivePhase.Completed, cloud[12].FindArchiveJob(back.Job.Id)!.Phase);
        Assert.All(Enumerable.Range(5, 11).Append(0), i => Assert.Equal(0, cloud[i].ArchiveFigures.Pieces));
        await UntilAsync(
            () => Enumerable.Range(5, 11).Append(0).Count(i => cloud[i].Find(put.Id) is { Retention: Retention.Kept }
                && cloud[i].FindArchived(put.Id) is null) >= 3, "there are replicas again");
        Assert.Equal(bytes, await cloud.GetAsync(15, 1));
        Assert.Empty(cloud.Failures);
    }

    /// <summary>A job that is taken up where the replicas are to go, when its pieces have gone meanwhile: they are made anew
    /// first.</summary>
    [Fact]
    public async Task NoReplicaGoesWhileAPieceIsMissing()
    {
        await using var cloud = await NodeCloud.StartAsync(2);
        var bytes = Bytes.Random(3_000_000, 2);
        var put = await cloud.PutAsync(0, 1, bytes);
        await UntilAsync(() => cloud[0].Nodes.Count == 2, "both are known");
        var nodes = cloud[0].Nodes.Select(node => node.Id).ToArray();
        await cloud.StopAsync(0);
        var record = new ArchiveRecord
        {
            Id = "0123456789abcdef",
            Kind = ArchiveJobKind.Archive,
            Resource = put.Id,
            Version = put.Manifest.Version,
            Length = bytes.Length,
            Coding = "rapidraid",
            CreatedMs = 1,
            Phase = ArchivePhase.Dropping,
            Places = [.. Enumerable.Range(0, 16).Select(i => nodes[i % 2])],
        };
        Directory.CreateDirectory(Path.Combine(cloud.PathOf(0), "archive"));
        await File.WriteAllBytesAsync(Path.Combine(cloud.PathOf(0), "archive", record.Id), record.Write(), Cancellation);
        await cloud.StartAsync(0);

        await EndedAsync(cloud[0], record.Id);
        Assert.Equal(ArchivePhase.Completed, cloud[0].FindArchiveJob(record.Id)!.Phase);
        Assert.Equal(16, cloud[0].ArchiveFigures.Pieces + cloud[1].ArchiveFigures.Pieces);
        Assert.Equal(bytes, await cloud.GetAsync(1, 1));

        // What was rained goes when nobody can ask for it any more, at the latest with the process; and then this is all.
        for (var i = 0; i < 2; i++)
        {
            await cloud.StopAsync(i);
            await cloud.StartAsync(i);
        }

        await UntilAsync(
            () => AllocatedBytes(cloud) <= (long)(1.47 * bytes.Length) + (64 * 1024), "no more than 1.47 times its size is left");
        Assert.InRange(AllocatedBytes(cloud), (long)(16 / 11.0 * bytes.Length), long.MaxValue);
        Assert.Empty(cloud.Failures);
    }

    /// <summary>A node that has just started, and of whose servers one says nothing, reads what is archived as the others do.</summary>
    [Fact]
    public async Task ANodeThatHasJustStartedReadsWhatIsArchivedThoughAServerIsSilent()
    {
        await using var cloud = await NodeCloud.StartAsync(3);
        var bytes = Bytes.Random(200_000, 3);
        var put = await cloud.PutAsync(0, 1, bytes);
        await UntilAsync(() => cloud[0].Nodes.Count == 3, "all nodes are known");
        var started = await cloud[0].StartArchiveAsync(put.Id, null, isForced: true, Cancellation);
        Assert.Equal((ArchiveOutcome.Taken, ""), (started.Outcome, started.Detail));
        await EndedAsync(cloud[0], started.Job!.Id);
        using var silent = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        silent.Bind(new IPEndPoint(IPAddress.Loopback, 0));

        var joined = await cloud.JoinAsync();
        cloud[joined].AddServer("127.0.0.1", ((IPEndPoint)silent.LocalEndPoint!).Port);

        Assert.Equal(bytes, await cloud.GetAsync(joined, 1));
        Assert.Empty(cloud.Failures);
    }

    /// <summary>What du says of the files of bodies, all nodes together.</summary>
    private static long AllocatedBytes(NodeCloud cloud)
    {
        // An empty folder has blocks of its own on some file systems, so that they are counted by their files.
        string[] files = [.. Enumerable.Range(0, 2).SelectMany(i => Directory.GetFiles(Path.Combine(cloud.PathOf(i), "blobs")))];
        using var du = Process.Start(
            new ProcessStartInfo("du", ["--block-size=1", "--total", "--", .. files]) { RedirectStandardOutput = true })!;
        var total = du.StandardOutput.ReadToEnd().TrimEnd().Split('\n')[^1];
        du.WaitForExit();
        Assert.EndsWith("total", total, StringComparison.Ordinal);
        return long.Parse(total.Split('\t')[0], CultureInfo.InvariantCulture);
    }

    private static Task EndedAsync(MurkyNode node, string job) =>
        UntilAsync(() => node.FindArchiveJob(job) is { Ended: not null }, "the job ends");

    private static Task UntilAsync(Func<bool> condition, string what) => FetchFixture.EventuallyAsync(condition, what, Patience);
}
