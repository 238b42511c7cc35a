using MurkyWaters.Backing;
using PouringRain.Protocol;

namespace MurkyWaters.Tests.Backing;

/// <summary>What no node has is read from the object store, block by block, and never wrong.</summary>
public sealed class ReadThroughTests
{
    private const int BlockBytes = 64 * 1024;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_range_fetches_the_blocks_that_it_touches_and_no_more()
    {
        using var folder = new TemporaryFolder();
        var (backEnd, bytes) = await PutAsync(folder, 2_000_000);
        await using var node = await BackedNode.StartAsync(folder["other"], backEnd);
        var before = backEnd.Traffic.BytesGot;
        var manifestBytes = backEnd.Objects[backEnd.Names("manifests/").Single()].Bytes.Length;
        var (offset, count) = ((10 * BlockBytes) - 5, BlockBytes + 10);
        var result = await node.OpenAsync(1, offset, count);
        await using (var reader = result.Reader!)
        {
            var read = new byte[count];
            for (var at = 0; at < count;)
            {
                at += await reader.ReadAsync(offset + at, read.AsMemory(at), Token);
            }

            Assert.Equal(bytes[offset..(offset + count)], read);
        }

        Assert.Equal((3 * BlockBytes) + manifestBytes, backEnd.Traffic.BytesGot - before);

        // The rest comes later, and what is here does not come again.
        Assert.Equal(bytes, await node.GetAsync(1));
        Assert.InRange(backEnd.Traffic.BytesGot - before, bytes.Length, bytes.Length + (2 * manifestBytes));
    }

    [Fact]
    public async Task What_was_read_is_kept_as_a_cached_copy_and_rained_on()
    {
        using var folder = new TemporaryFolder();
        var (backEnd, bytes) = await PutAsync(folder, 300_000);
        await using var node = await BackedNode.StartAsync(folder["other"], backEnd);
        Assert.Equal(bytes, await node.GetAsync(1));
        var got = backEnd.Traffic.BytesGot;
        await node.WaitAsync(_ => node.Node.Find(new ResourceId(1)) is not null);
        await using (var reader = (await node.OpenAsync(1)).Reader!)
        {
            Assert.True(reader.IsHit);
        }

        Assert.Equal(Retention.Cached, node.Node.Find(new ResourceId(1))!.Retention);
        await using var third = await BackedNode.StartAsync(folder["third"], new MemoryBackEnd());
        third.Node.AddServer("127.0.0.1", node.Node.ListenEndPoints[0].Port);
        Assert.Equal(bytes, await third.GetAsync(1));
        Assert.Equal(got, backEnd.Traffic.BytesGot);
    }

    [Fact]
    public async Task Readers_share_one_reading()
    {
        using var folder = new TemporaryFolder();
        var (backEnd, bytes) = await PutAsync(folder, 3_000_000);
        await using var node = await BackedNode.StartAsync(folder["other"], backEnd);
        var before = backEnd.Traffic.BytesGot;
        foreach (var read in await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => node.GetAsync(1), Token))))
        {
            Assert.Equal(bytes, read);
        }

        Assert.InRange(backEnd.Traffic.BytesGot - before, bytes.Length, bytes.Length + 20_000);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(70_000)]
    [InlineData(131_072)]
    public async Task A_connection_that_breaks_is_no_end(int after)
    {
        using var folder = new TemporaryFolder();
        var (backEnd, bytes) = await PutAsync(folder, 1_000_000);
        await using var node = await BackedNode.StartAsync(folder["other"], backEnd);
        var result = await node.OpenAsync(1, 0, 0);
        await using var reader = result.Reader!;
        backEnd.CutAfter = after;
        Assert.Equal(bytes, await Bytes.ReadAllAsync(reader));
        Assert.Null(backEnd.CutAfter);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_wrong_or_cut_body_never_becomes_wrong_bytes_and_is_replaced_by_the_right_one(bool isCut)
    {
        using var folder = new TemporaryFolder();
        var (backEnd, bytes) = await PutAsync(folder, 1_000_000);
        var name = backEnd.Names("bodies/").Single();
        var (stored, digest) = backEnd.Objects[name];
        var wrong = isCut ? stored[..^1] : (byte[])stored.Clone();
        wrong[500_000] ^= 1;
        backEnd.Objects[name] = (wrong, digest);

        await using var node = await BackedNode.StartAsync(folder["other"], backEnd);
        var result = await node.OpenAsync(1);
        if (result.Reader is { } opened)
        {
            await using var reader = opened;
            var failure = await Assert.ThrowsAsync<FetchFailedException>(() => Bytes.ReadAllAsync(reader));
            Assert.Equal(FetchEndReason.IntegrityFailure, failure.Reason);
        }
        else
        {
            Assert.Equal(OpenStatus.IntegrityFailure, result.Status);
        }

        Assert.NotEqual(0, node.Figures.Wrong);
        Assert.Contains(node.Loggers.Lines, line => line.StartsWith(name, StringComparison.Ordinal));
        await node.PutAsync(1, bytes);
        await node.SettleAsync(1);
        Assert.Equal(bytes, backEnd.Objects[name].Bytes);
    }

    [Fact]
    public async Task A_manifest_that_is_none_is_an_error_and_no_miss()
    {
        using var folder = new TemporaryFolder();
        var (backEnd, _) = await PutAsync(folder, 1000);
        var name = backEnd.Names("manifests/").Single();
        backEnd.Objects[name] = (backEnd.Objects[name].Bytes[..^1], "");
        await using var node = await BackedNode.StartAsync(folder["other"], backEnd);
        Assert.Equal(OpenStatus.IntegrityFailure, await node.StatusOfAsync(1));
    }

    [Fact]
    public async Task An_object_store_that_is_down_makes_no_misses()
    {
        using var folder = new TemporaryFolder();
        var backEnd = new MemoryBackEnd { Fail = _ => new BackEndException(BackEndError.Unreachable, "It is down.") };
        await using var node = await BackedNode.StartAsync(folder["node"], backEnd);
        var away = await node.OpenAsync(1);
        Assert.Equal((OpenStatus.Unanswered, true), (away.Status, away.IsObjectStoreAway));
        Assert.Equal("It is down.", node.Figures.Trouble);
        backEnd.Fail = null;
        var missing = await node.OpenAsync(1);
        Assert.Equal((OpenStatus.NotFound, false), (missing.Status, missing.IsObjectStoreAway));
        Assert.Null(node.Figures.Trouble);
    }

    /// <summary>The node that has it goes in the middle of a fetch.</summary>
    [Fact]
    public async Task What_the_rain_has_begun_the_object_store_ends()
    {
        using var folder = new TemporaryFolder();
        var backEnd = new MemoryBackEnd();
        var bytes = Bytes.Random(4_000_000, 1);
        var source = await BackedNode.StartAsync(folder["source"], backEnd, options => options with { RateBytesPerSecondMax = 400_000 });
        try
        {
            await source.PutAsync(1, bytes);
            await source.SettleAsync(1);
            await using var node = await BackedNode.StartAsync(folder["node"], backEnd, options => options with
            {
                Fetch = new FetchOptions { DiscoveryTimeout = TimeSpan.FromSeconds(1), StallTimeout = TimeSpan.FromSeconds(1) },
            });
            node.Node.AddServer("127.0.0.1", source.Node.ListenEndPoints[0].Port);
            var result = await node.OpenAsync(1);
            await using var reader = result.Reader!;
            Assert.NotEqual(0, await reader.ReadAsync(0, new byte[1000], Token));
            await source.DisposeAsync();
            Assert.Equal(bytes, await Bytes.ReadAllAsync(reader));
            Assert.InRange(backEnd.Traffic.BytesGot, 1, bytes.Length - 1);
        }
        finally
        {
            await source.DisposeAsync();
        }
    }

    private static async Task<(MemoryBackEnd BackEnd, byte[] Bytes)> PutAsync(TemporaryFolder folder, int count)
    {
        var backEnd = new MemoryBackEnd();
        var bytes = Bytes.Random(count, 1);
        await using var node = await BackedNode.StartAsync(folder["first"], backEnd);
        await node.PutAsync(1, bytes);
        await node.SettleAsync(1);
        return (backEnd, bytes);
    }
}
