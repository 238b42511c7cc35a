using Ceph;
using MurkyWaters.Tests;
using PouringRain.Protocol;

namespace MurkyWaters.Engines.Tests.S3;

/// <summary>Nodes over a real object store, which is killed now and then.</summary>
[Collection(nameof(CephCollection))]
public sealed class BackedNodeTests(CephStore ceph) : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("backed-").FullName;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task All_stores_are_lost_and_everything_is_read_back()
    {
        ceph.SkipUnlessUp();
        var settings = Nodes.Settings(ceph, ceph.Endpoint) with { Prefix = "lost/" };
        (ulong Id, byte[] Bytes)[] all =
        [
            (1, []), (2, Bytes.Random(1, 2)), (3, Bytes.Random(65_536, 3)), (4, Bytes.Random(65_537, 4)),
            (ulong.MaxValue, Bytes.Random(40_000_000, 5)),
        ];
        var versions = new Dictionary<ulong, Sha256Digest>();
        await using (var node = await Nodes.StartAsync(Path.Combine(_folder, "first"), settings))
        {
            foreach (var (id, bytes) in all)
            {
                versions[id] = await node.PutAsync(id, bytes);
            }

            await node.PutAsync(9, Bytes.Random(100, 9));
            await node.SettleAsync(all.Length + 1);
            Assert.Equal(DeleteOutcome.Deleted, (await node.Node.DeleteAsync(new ResourceId(9), _ => true, Token)).Outcome);
            await node.SettleAsync(all.Length + 2);
        }

        Directory.Delete(Path.Combine(_folder, "first"), recursive: true);
        await using var other = await Nodes.StartAsync(Path.Combine(_folder, "second"), settings);

        // Of the large one a range first: the blocks that it touches, its manifest, and nothing else.
        var (large, largeBytes) = all[^1];
        Assert.Equal(largeBytes[1_000_000..1_000_010], await other.ReadAsync(large, 1_000_000, 10));
        Assert.InRange(other.Figures.Traffic.BytesGot, 65_536, 200_000);
        foreach (var (id, bytes) in all)
        {
            Assert.Equal(bytes, await other.ReadAsync(id, 0, bytes.Length));
            await using var reader = (await other.OpenAsync(id)).Reader!;
            Assert.Equal(versions[id], reader.Manifest.Version);
        }

        Assert.InRange(other.Figures.Traffic.BytesGot, largeBytes.Length, largeBytes.Length + 500_000);
        Assert.Equal(OpenStatus.Deleted, (await other.OpenAsync(9)).Status);
        Assert.Equal(OpenStatus.NotFound, (await other.OpenAsync(10)).Status);
    }

    [Fact]
    public async Task The_server_is_killed_while_it_is_put_to_and_read_from_and_nothing_is_lost()
    {
        ceph.SkipUnlessUp();
        await using var relay = new Relay(ceph.Port);
        var settings = Nodes.Settings(ceph, relay.Address.OriginalString) with { Prefix = "killed/", PartBytes = 5 * 1024 * 1024 };
        var bytes = Bytes.Random(30_000_000, 1);
        await using (var node = await Nodes.StartAsync(Path.Combine(_folder, "first"), settings))
        {
            relay.At = (15_000_000, long.MaxValue, ceph.KillGatewayAsync);
            await node.PutAsync(1, bytes);
            await node.WaitAsync(figures => figures.Trouble is not null);

            // What is put meanwhile waits for nobody.
            await node.PutAsync(2, bytes[..1000]);
            Assert.Equal(2, node.Node.StoreFigures.Resources);
            await ceph.StartGatewayAsync();
            await node.SettleAsync(2);
            Assert.Null(node.Figures.Trouble);
            Assert.Single(node.Loggers.Lines, line => line.Contains("is of no use just now", StringComparison.Ordinal));
        }

        await using var other = await Nodes.StartAsync(Path.Combine(_folder, "second"), settings);
        relay.At = (long.MaxValue, relay.Down + 12_000_000, RestartAsync);
        Assert.Equal(bytes, await other.ReadAsync(1, 0, bytes.Length));
        Assert.Null(relay.At);
        Assert.Equal(bytes[..1000], await other.ReadAsync(2, 0, 1000));
    }

    private async Task RestartAsync()
    {
        await ceph.KillGatewayAsync();
        await ceph.StartGatewayAsync();
    }

    [Fact]
    public async Task A_wrong_key_is_one_line_in_the_log_and_a_trouble()
    {
        ceph.SkipUnlessUp();
        var settings = Nodes.Settings(ceph, ceph.Endpoint) with { SecretKey = "some-other-secret", Prefix = "wrong/" };
        await using var node = await Nodes.StartAsync(Path.Combine(_folder, "node"), settings);
        await node.PutAsync(1, Bytes.Random(1000, 1));
        await node.WaitAsync(figures => figures.Traffic.Requests >= 3);
        Assert.Contains("Store:S3:SecretKey", node.Figures.Trouble, StringComparison.Ordinal);
        Assert.False(node.Figures.IsConnected);
        Assert.Equal(1, node.Figures.Waiting);
        Assert.Single(node.Loggers.Lines, line => line.Contains("is of no use just now", StringComparison.Ordinal));
        Assert.DoesNotContain(
            node.Loggers.Lines.Concat(node.Loggers.Failures), line => line.Contains("some-other-secret", StringComparison.Ordinal));
        Assert.Equal(OpenStatus.Unanswered, (await node.OpenAsync(7)).Status);
    }
}
