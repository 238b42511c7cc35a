using System.Diagnostics;
using System.Security.Cryptography;
using EndToEnd;
using Hostile.Http;
using Hostile.Machine;
using Hostile.Rain;

namespace Hostile.Attacks;

/// <summary>Somebody on the way between two nodes that share a secret: what they say to each other again, changed, or made up.</summary>
internal static class SealedAttack
{
    private const int DatagramsPerSecond = 10_000;
    private const int BodyBytes = 8 << 20;
    private static readonly TimeSpan Length = TimeSpan.FromSeconds(5);

    public static Attack Attack { get; } = new(
        "sealed", "10,000 sealed datagrams a second, recorded on the way, replayed, with a bit changed, and random, while nodes fetch",
        IsQuick: false, RunAsync);

    private static async Task RunAsync(Stage stage)
    {
        string[] settings = ["Rain:Secret=0c5e1f9ab37d4268-rain"];
        var victim = await stage.StartAsync(new VictimSetup { Settings = settings });
        var relay = stage.Keep(new UdpRelay(victim.Rain.Port));
        var reader = await stage.StartAsync(new VictimSetup
        {
            Name = "reader",
            Settings = settings,
            Servers = [$"127.0.0.1:{relay.Port}"]
        });
        using var writer = new User(victim);
        using var user = new User(reader, limitSeconds: 30);
        var body = RandomNumberGenerator.GetBytes(BodyBytes);
        await writer.PutAsync(User.Resource(1), body, stage.Cancellation);
        var first = await user.RainAsync(User.Resource(1), stage.Cancellation);
        stage.Row("a fetch in peace", $"{first.Status} in {first.Milliseconds:F0} ms", "200", first.Is(body));

        byte[][] recorded = [.. relay.ToServer.Take(5000)];
        foreach (var kind in (string[])["replayed", "with a bit changed", "random"])
        {
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(stage.Cancellation);
            var attack = Task.Run(() => Flood(victim, kind, recorded, stop.Token), stop.Token);
            var clock = Stopwatch.StartNew();
            List<Answer> answers = [];
            while (clock.Elapsed < Length)
            {
                answers.Add(await user.RainAsync(User.Resource(1), stage.Cancellation));
            }

            await stop.CancelAsync();
            var (sent, answered) = await attack;
            var whole = answers.Count(answer => answer.Is(body));
            stage.Row(
                $"{kind}: honest fetches of 8 MiB beside it",
                $"{whole} of {answers.Count} whole, {sent / Length.TotalSeconds:F0}/s, {answered} answered",
                "all whole, next to none answered", whole == answers.Count && answered <= sent / 100
                && victim.IsAlive);
        }
    }

    private static (long Sent, long Answered) Flood(Victim victim, string kind, byte[][] recorded, CancellationToken cancellation)
    {
        using var peer = new RainPeer(victim, "127.0.0.2");
        var random = new Random(3);
        var clock = Stopwatch.StartNew();
        long sent = 0, answered = 0;
        while (!cancellation.IsCancellationRequested)
        {
            var datagram = kind == "random" ? new byte[random.Next(1, 1400)] : recorded[sent % recorded.Length].ToArray();
            if (kind == "random")
            {
                random.NextBytes(datagram);
                datagram[0] = (byte)(0xD2 + random.Next(3));
            }
            else if (kind != "replayed")
            {
                datagram[random.Next(datagram.Length)] ^= (byte)(1 << random.Next(8));
            }

            peer.Send(datagram);
            sent++;
            while (peer.TryReceive(TimeSpan.Zero, out _))
            {
                answered++;
            }

            while (clock.Elapsed.TotalSeconds < sent / (double)DatagramsPerSecond)
            {
                answered += peer.TryReceive(TimeSpan.FromMilliseconds(1), out _) ? 1 : 0;
            }
        }

        return (sent, answered);
    }
}
