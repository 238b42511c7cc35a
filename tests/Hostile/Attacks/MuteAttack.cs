using System.Diagnostics;
using Hostile.Http;
using Hostile.Machine;
using Hostile.Rain;

namespace Hostile.Attacks;

/// <summary>Subscribes with a good token and never says that anything came.</summary>
internal static class MuteAttack
{
    private const int ResourceBytes = 64 << 20;
    private const double Seconds = 4;

    /// <summary>The first flight, and the offers and words about how far the server is.</summary>
    private const long BytesMax = 256 << 10;

    public static Attack Attack { get; } =
        new("mute", "subscribes to 64 MiB with a good token, once and a hundred times, and never says that anything came", IsQuick: true,
            RunAsync);

    private static async Task RunAsync(Stage stage)
    {
        var victim = await stage.StartAsync(new VictimSetup());
        using var user = new User(victim, limitSeconds: 60);
        var body = new byte[ResourceBytes];
        new Random(1).NextBytes(body);
        await user.PutAsync(User.Resource(1), body, stage.Cancellation);
        Listen(stage, victim, "127.0.0.2", count: 1, BytesMax);

        // A flight for the address, and an offer for each.
        Listen(stage, victim, "127.0.0.3", count: 100, BytesMax + (100 * 2048));
        var get = await user.GetAsync("/health/ready", stage.Cancellation);
        stage.Row("the victim after it", $"{get.Status}", "ready", get.Status == 200);
    }

    private static void Listen(Stage stage, Victim victim, string address, int count, long bytesMax)
    {
        using var peer = new RainPeer(victim, address);
        var token = peer.AskForToken(1);
        for (var i = 0u; i < count; i++)
        {
            peer.Subscribe(1, 100 + i, token);
        }

        var clock = Stopwatch.StartNew();
        long bytes = 0;
        while (clock.Elapsed.TotalSeconds < Seconds && !stage.Cancellation.IsCancellationRequested)
        {
            bytes += peer.TryReceive(TimeSpan.FromMilliseconds(100), out var datagram) ? datagram.Length : 0;
        }

        stage.Row(
            $"{count} SUBSCRIBE without feedback, 4 s", $"{bytes:N0} bytes", FormattableString.Invariant($"{bytesMax:N0} bytes"),
            bytes <= bytesMax);
    }
}
