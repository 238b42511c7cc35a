using System.Security.Cryptography;
using MurkyWaters.Tests.Network;
using PouringRain.Protocol;

namespace MurkyWaters.Tests.Archive;

/// <summary>More than a signed number of 32 bits counts, in bytes and in those of a piece's neighbours.</summary>
public sealed class LargeArchiveTests
{
    private const long Length = 5L << 30;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Takes 13 GB of disk and some minutes.</summary>
    [Fact(Explicit = true)]
    public async Task Five_gibibytes_are_archived_and_read_back()
    {
        await using var cloud = await NodeCloud.StartAsync(1, (_, options) => options with { BlockSize = 4 << 20, SymbolSize = 1408 });
        var node = cloud[0];
        var sha256 = await PutAsync(node);
        var began = TimeProvider.System.GetTimestamp();
        var started = await node.StartArchiveAsync(new ResourceId(1), null, isForced: true, Cancellation);
        Assert.Equal((ArchiveOutcome.Taken, ""), (started.Outcome, started.Detail));
        while (node.FindArchiveJob(started.Job!.Id) is not { Ended: not null })
        {
            await Task.Delay(100, Cancellation);
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"archived in {TimeProvider.System.GetElapsedTime(began).TotalSeconds:f0} s");
        Assert.Equal(ArchivePhase.Completed, node.FindArchiveJob(started.Job.Id)!.Phase);
        Assert.Equal((1, 16), (node.ArchiveFigures.Resources, node.ArchiveFigures.Pieces));

        began = TimeProvider.System.GetTimestamp();
        var opened = await node.OpenAsync(new ResourceId(1), new OpenOptions(), Cancellation);
        await using var reader = opened.Reader!;
        Assert.Equal("rapidraid", reader.Coding);
        Assert.Equal(sha256, (await reader.ReadAllAsync(_ => ValueTask.CompletedTask, Cancellation)).ToString());
        TestContext.Current.TestOutputHelper?.WriteLine($"read in {TimeProvider.System.GetElapsedTime(began).TotalSeconds:f0} s");
        Assert.Empty(cloud.Failures);
    }

    private static async Task<string> PutAsync(MurkyNode node)
    {
        using var whole = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        await using var upload = node.BeginUpload(new UploadOptions { Id = new ResourceId(1), Length = Length });
        var chunk = Bytes.Random(1 << 20, 1);
        for (var at = 0L; at < Length; at += chunk.Length)
        {
            // No two are the same.
            BitConverter.TryWriteBytes(chunk, at);
            whole.AppendData(chunk);
            await upload.WriteAsync(chunk, Cancellation);
        }

        await upload.CommitAsync(Cancellation);
        return Convert.ToHexStringLower(whole.GetHashAndReset());
    }
}
