using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Benchmarks.Processes;
using Hostile.Http;
using Hostile.Machine;
using Hostile.Rain;
using PouringRain.Protocol;

namespace Hostile.Attacks;

/// <summary>A node of the servers list that tells of thousands of resources and delivers none of them, while an honest node replicates and
/// deletes.</summary>
internal static class PropagateAttack
{
    private const int FloodCount = 10_500;
    private const int TrickleCount = 12;
    private const double SecondsMax = 10;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public static Attack Attack { get; } = new(
        "propagate-flood", "10,500 PROPAGATEs naming a silent port; 12 naming one that sends a droplet every 8 s", IsQuick: false,
        RunAsync);

    private static async Task RunAsync(Stage stage)
    {
        using var silent = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        silent.Bind(new IPEndPoint(IPAddress.Parse("127.0.0.3"), 0));
        var trickle = stage.Keep(new FakeRainServer("127.0.0.4", TimeSpan.FromSeconds(8)));
        var ports = Ports.Free(2);
        var victim = await stage.StartAsync(new VictimSetup
        {
            RainPort = ports[0],
            Servers = [$"127.0.0.1:{ports[1]}", $"{silent.LocalEndPoint}", $"{trickle.EndPoint}"],
        });
        var honest = await stage.StartAsync(new VictimSetup { Name = "honest", RainPort = ports[1], Servers = [$"127.0.0.1:{ports[0]}"] });
        using (var user = new User(honest, limitSeconds: 60))
        {
            for (var id = 11ul; id <= 13; id++)
            {
                await user.PutAsync($"{User.Resource(id)}?replicas=2", [1, 2, 3, (byte)id], stage.Cancellation);
            }
        }

        await ReplicateAsync(stage, "before it", honest, victim, 1);

        var stamp = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        using (var peer = new RainPeer(victim, "127.0.0.3"))
        {
            var token = peer.AskForPropagateToken(1) ?? throw new InvalidOperationException("PROPAGATE is not answered");
            for (var i = 0u; i < FloodCount; i++)
            {
                var version = Sha256Digest.Read(RandomNumberGenerator.GetBytes(Sha256Digest.SizeBytes));
                peer.PropagateBlindly(100_000 + i, version, stamp, (ushort)((IPEndPoint)silent.LocalEndPoint!).Port, token);
                if (i % 50 == 49)
                {
                    await Task.Delay(1, stage.Cancellation);
                }
            }
        }

        await ReplicateAsync(stage, "after 10,500 PROPAGATEs", honest, victim, 2);
        using (var peer = new RainPeer(victim, "127.0.0.4"))
        {
            for (var i = 0u; i < TrickleCount; i++)
            {
                var resource = FakeResource.Of(RandomNumberGenerator.GetBytes(1 << 20), stamp, Delivery.Trickle);
                trickle[200_000 + i] = resource;
                peer.Propagate(200_000 + i, resource.Version, stamp, (ushort)trickle.EndPoint.Port);
            }
        }

        await ReplicateAsync(stage, "after 12 that trickle", honest, victim, 3);
        stage.Row("the victim", victim.IsAlive ? "alive" : "ended", "alive", victim.IsAlive);
    }

    private static async Task ReplicateAsync(Stage stage, string when, Victim honest, Victim victim, ulong id)
    {
        using var user = new User(honest, limitSeconds: 60);
        using var reader = new User(victim);
        var clock = Stopwatch.StartNew();
        var put = await user.PutAsync($"{User.Resource(id)}?replicas=2", [1, 2, 3, (byte)id], stage.Cancellation);
        var seconds = clock.Elapsed.TotalSeconds;
        stage.Row($"a replica of the honest node, {when}", $"{put.Status} after {seconds:F1} s", "201 within 10 s", put.Status == 201
            && seconds <= SecondsMax);

        // What was replicated in peace is deleted now.
        clock.Restart();
        await user.DeleteAsync(User.Resource(10 + id), stage.Cancellation);
        Answer answer;
        do
        {
            answer = await reader.SendAsync("GET", User.Resource(10 + id), null, [("Cache-Control", "only-if-cached")], stage.Cancellation);
            seconds = clock.Elapsed.TotalSeconds;
            await Task.Delay(50, stage.Cancellation);
        }
        while (answer.Status is not (404 or 410) && clock.Elapsed < Patience);

        stage.Row(
            $"a deletion of the honest node, {when}", $"GET {answer.Status} after {seconds:F1} s", "404|410 within 10 s",
            answer.Status is 404 or 410 && seconds <= SecondsMax);
    }
}
