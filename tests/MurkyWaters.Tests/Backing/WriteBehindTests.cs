using MurkyWaters.Backing;

namespace MurkyWaters.Tests.Backing;

/// <summary>What is kept is put into the object store, whatever fails meanwhile.</summary>
public sealed class WriteBehindTests
{
    private static BackEndException Unreachable => new(BackEndError.Unreachable, "It does not answer.");

    [Fact]
    public async Task What_was_put_is_read_back_from_the_object_store_alone()
    {
        using var folder = new TemporaryFolder();
        var backEnd = new MemoryBackEnd();
        (ulong Id, byte[] Bytes)[] all = [(1, []), (2, Bytes.Random(1, 2)), (3, Bytes.Random(70_000, 3)), (4, Bytes.Random(1_000_000, 4))];
        var tags = new Dictionary<ulong, PouringRain.Protocol.Sha256Digest>();
        await using (var node = await BackedNode.StartAsync(folder["first"], backEnd))
        {
            foreach (var (id, bytes) in all)
            {
                tags[id] = (await node.PutAsync(id, bytes)).Manifest.Version;
            }

            await node.SettleAsync(all.Length);
            Assert.Equal(all.Length, backEnd.Names("bodies/").Count());
            Assert.Equal(all.Length, backEnd.Names("manifests/").Count());
        }

        await using var other = await BackedNode.StartAsync(folder["second"], backEnd);
        foreach (var (id, bytes) in all)
        {
            var result = await other.OpenAsync(id);
            Assert.Equal(OpenStatus.Found, result.Status);
            await using var reader = result.Reader!;
            Assert.False(reader.IsHit);
            Assert.Equal(tags[id], reader.Manifest.Version);
            Assert.Equal(bytes, await Bytes.ReadAllAsync(reader));
        }

        Assert.Contains(other.Node.Transfers, transfer => transfer.Verdict == "It came from memory/bucket/.");
        Assert.Empty(other.Loggers.Failures);
    }

    [Fact]
    public async Task Nobody_waits_for_an_object_store_that_is_down_and_the_next_process_goes_on()
    {
        using var folder = new TemporaryFolder();
        var backEnd = new MemoryBackEnd { Fail = _ => Unreachable };
        await using (var node = await BackedNode.StartAsync(folder["node"], backEnd))
        {
            for (var id = 1ul; id <= 5; id++)
            {
                await node.PutAsync(id, Bytes.Random(200_000, (int)id));
            }

            await node.WaitAsync(figures => figures.Trouble is not null && figures.Waiting == 5);
            Assert.Equal(1_000_000, node.Figures.BytesLeft);
            await node.WaitAsync(figures => figures.Traffic.Requests >= 3);
            Assert.Single(node.Loggers.Lines, line => line.Contains("It does not answer.", StringComparison.Ordinal));
            Assert.Empty(node.Figures.Failed);
        }

        backEnd.Fail = null;
        await using var next = await BackedNode.StartAsync(folder["node"], backEnd);
        await next.SettleAsync(5);
        Assert.Null(next.Figures.Trouble);
        Assert.True(next.Figures.IsConnected);
        Assert.Equal(5, backEnd.Names("bodies/").Count());
    }

    [Fact]
    public async Task A_key_that_is_refused_is_told_once_and_the_right_one_is_enough()
    {
        using var folder = new TemporaryFolder();
        var backEnd = new MemoryBackEnd { Fail = _ => new BackEndException(BackEndError.Denied, "The key is wrong.") };
        await using var node = await BackedNode.StartAsync(folder["node"], backEnd);
        await node.PutAsync(1, Bytes.Random(1000, 1));
        await node.WaitAsync(figures => figures.Traffic.Requests >= 3);
        Assert.Equal("The key is wrong.", node.Figures.Trouble);
        Assert.False(node.Figures.IsConnected);
        Assert.Single(node.Loggers.Lines, line => line.Contains("The key is wrong.", StringComparison.Ordinal));

        backEnd.Fail = null;
        await node.SettleAsync(1);
        Assert.Null(node.Figures.Trouble);
    }

    [Fact]
    public async Task What_fails_for_what_it_is_does_not_hold_up_the_rest_and_is_tried_again()
    {
        using var folder = new TemporaryFolder();
        var failures = 2;
        var backEnd = new MemoryBackEnd();
        backEnd.Fail = asked => asked.Contains("manifests/0000000000000001/", StringComparison.Ordinal)
            && asked.StartsWith("put", StringComparison.Ordinal) && Interlocked.Decrement(ref failures) >= 0
            ? new BackEndException(BackEndError.Other, "It is not to its liking.") : null;
        await using var node = await BackedNode.StartAsync(folder["node"], backEnd);
        await node.PutAsync(1, Bytes.Random(100_000, 1));
        await node.WaitAsync(figures => figures.Failed.Count == 1);
        var failure = Assert.Single(node.Figures.Failed);
        Assert.Equal(1ul, failure.Id.Value);
        Assert.Equal("It is not to its liking.", failure.Reason);
        await node.PutAsync(2, Bytes.Random(100_000, 2));
        await node.SettleAsync(2);
        Assert.Empty(node.Figures.Failed);
        Assert.Equal(2, backEnd.Names("manifests/").Count());

        // The body was there by then, and was not sent again.
        Assert.Equal(2, backEnd.Asked.Count(asked => asked.StartsWith("put bodies/", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task The_newest_version_is_found_and_those_before_it_go()
    {
        using var folder = new TemporaryFolder();
        var backEnd = new MemoryBackEnd();
        await using var node = await BackedNode.StartAsync(folder["node"], backEnd);
        for (var i = 1; i <= 4; i++)
        {
            await node.PutAsync(7, Bytes.Random(50_000 + i, i));
            await node.SettleAsync(i);
        }

        Assert.Single(backEnd.Names("manifests/"));
        await using var other = await BackedNode.StartAsync(folder["other"], backEnd);
        Assert.Equal(Bytes.Random(50_004, 4), await other.GetAsync(7));
    }

    [Fact]
    public async Task A_deletion_is_told_to_the_object_store()
    {
        using var folder = new TemporaryFolder();
        var backEnd = new MemoryBackEnd();
        await using var node = await BackedNode.StartAsync(folder["node"], backEnd);
        await node.PutAsync(7, Bytes.Random(50_000, 1));
        await node.SettleAsync(1);
        await using var other = await BackedNode.StartAsync(folder["other"], backEnd);
        await other.DeleteAsync(7);
        await other.SettleAsync(1);

        await using var third = await BackedNode.StartAsync(folder["third"], backEnd);
        Assert.Equal(OpenStatus.Deleted, await third.StatusOfAsync(7));
        Assert.Equal(OpenStatus.NotFound, await third.StatusOfAsync(8));
    }

    [Fact]
    public async Task A_store_that_was_there_before_the_object_store_is_put_into_it()
    {
        using var folder = new TemporaryFolder();
        var backEnd = new MemoryBackEnd();
        await using (var node = await BackedNode.StartAsync(folder["node"], null))
        {
            for (var id = 0ul; id < 30; id++)
            {
                await node.PutAsync(ulong.MaxValue - id, Bytes.Random(1000, (int)id));
            }

            await node.DeleteAsync(ulong.MaxValue);
            Assert.Null(node.Node.BackingFigures);
        }

        await using (var node = await BackedNode.StartAsync(folder["node"], backEnd))
        {
            await node.SettleAsync(30);
            Assert.Equal(30, backEnd.Names("manifests/").Count());
        }

        // What comes while there is none is put when there is one again; what is there already takes one look each.
        await using (var node = await BackedNode.StartAsync(folder["node"], null))
        {
            await node.PutAsync(1, Bytes.Random(1000, 1000));
        }

        backEnd.Asked.Clear();
        await using var last = await BackedNode.StartAsync(folder["node"], backEnd);
        await last.SettleAsync(31);
        Assert.Equal(31, backEnd.Names("manifests/").Count());
        Assert.Equal(2, backEnd.Asked.Count(asked => asked.StartsWith("put", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task What_two_nodes_keep_is_put_once()
    {
        using var folder = new TemporaryFolder();
        var backEnd = new MemoryBackEnd();
        await using var first = await BackedNode.StartAsync(folder["first"], backEnd);
        await using var second = await BackedNode.StartAsync(folder["second"], backEnd);
        first.Node.AddServer("127.0.0.1", second.Node.ListenEndPoints[0].Port);
        second.Node.AddServer("127.0.0.1", first.Node.ListenEndPoints[0].Port);
        await first.PutAsync(1, Bytes.Random(500_000, 1));
        await first.SettleAsync(1);
        await second.SettleAsync(1);
        Assert.Single(backEnd.Asked, asked => asked.StartsWith("put bodies/", StringComparison.Ordinal));
        Assert.Single(backEnd.Asked, asked => asked.StartsWith("put manifests/", StringComparison.Ordinal));
    }
}
