using System.Net;
using System.Net.Sockets;
using MurkyWaters.Tests.Fetching;
using PouringRain.Network;
using PouringRain.Protocol;

namespace MurkyWaters.Tests.Network;

/// <summary>Nodes among which one that has the secret asks for what it never delivers: what
/// the others ask for arrives all the same.</summary>
public sealed class FloodedInboxTests(ITestOutputHelper output)
{
    private const int FloodCount = 10_500;
    private static readonly ReadOnlyMemory<byte> Secret = "of these nodes 0123456789"u8.ToArray();

    /// <summary>A hang limit, not a speed: when the flood goes first, it takes more than half an hour.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task WhatNamesASilentPortHoldsUpNeitherDeletionsNorReplicas()
    {
        await using var cloud = await NodeCloud.StartAsync(2, (_, options) => options with { Secret = Secret });
        var old = await cloud.PutAsync(0, 1, Bytes.Random(10_000, 1));
        Assert.Equal(2, await cloud[0].PropagateAsync(old.Id, 2, Patience, Cancellation));
        using var silent = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        silent.Bind(new IPEndPoint(IPAddress.Loopback, 0));

        await AskAsync(cloud, FloodCount, (ushort)((IPEndPoint)silent.LocalEndPoint!).Port, random: true);

        await ExpectServiceAsync(cloud, old.Id);
        Assert.Equal(2, cloud[1].Servers.Count);
    }

    [Fact]
    public async Task SourcesThatTrickleHoldUpNeitherDeletionsNorReplicas()
    {
        // For each of those that fetch at once a droplet in some seconds, so that none is silent for long.
        await using var trickling = await NodeCloud.StartAsync(
            1, (_, options) => options with { Secret = Secret, RateBytesPerSecondMax = 1_700 });
        await using var cloud = await NodeCloud.StartAsync(2, (_, options) => options with { Secret = Secret, Fetch = new FetchOptions() });
        var old = await cloud.PutAsync(0, 1, Bytes.Random(10_000, 1));
        Assert.Equal(2, await cloud[0].PropagateAsync(old.Id, 2, Patience, Cancellation));
        var puts = new List<StoredResource>();
        for (var id = 100ul; id < 112; id++)
        {
            puts.Add(await trickling.PutAsync(0, id, Bytes.Random(1_000_000, (int)id)));
        }

        var port = (ushort)trickling[0].ListenEndPoints[0].Port;
        await AskAsync(cloud, puts.Count, port, random: false, puts);

        await ExpectServiceAsync(cloud, old.Id);
    }

    private static async Task AskAsync(NodeCloud cloud, int count, ushort rainPort, bool random, List<StoredResource>? puts = null)
    {
        await using var client = new RainClient(new RainClientOptions { WorkerCount = 1, Seal = new SealSettings(Secret) });
        var node = PeerAddress.From(cloud[1].ListenEndPoints[0]);
        await Parallel.ForAsync(0, count, new ParallelOptions { MaxDegreeOfParallelism = 32 }, async (i, _) =>
        {
            var id = random ? new ResourceId(1_000_000ul + (ulong)i) : puts![i].Id;
            var version = random ? Sha256Digest.Of(BitConverter.GetBytes(i)) : puts![i].Manifest.Version;
            var result = await client.PropagateAsync(id, version, long.MinValue, rainPort, node, untilHeld: false, Patience, Cancellation);
            Assert.Equal(PropagationState.Accepted, result.State);
        });
    }

    private async Task ExpectServiceAsync(NodeCloud cloud, ResourceId old)
    {
        var clock = TimeProvider.System.GetTimestamp();
        Assert.Equal(DeleteOutcome.Deleted, (await cloud[0].DeleteAsync(old, _ => true, Cancellation)).Outcome);
        await EventuallyAsync(() => cloud[1].Find(old)!.Manifest.IsDeleted, "the deletion arrives");
        output.WriteLine($"deleted after {TimeProvider.System.GetElapsedTime(clock).TotalMilliseconds:F0} ms");
        clock = TimeProvider.System.GetTimestamp();
        var put = await cloud.PutAsync(0, 2, Bytes.Random(300_000, 2));
        Assert.Equal(2, await cloud[0].PropagateAsync(put.Id, 2, Patience, Cancellation));
        output.WriteLine($"replicated after {TimeProvider.System.GetElapsedTime(clock).TotalMilliseconds:F0} ms");
    }

    private static Task EventuallyAsync(Func<bool> condition, string what) =>
        FetchFixture.EventuallyAsync(condition, what, Patience, intervalMs: 5);
}
