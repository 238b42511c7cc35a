using Hostile.Http;
using Hostile.Machine;
using Hostile.Rain;

namespace Hostile.Attacks;

/// <summary>A server that has the newest version of everything, and delivers nothing of it, beside an honest one with the older
/// version.</summary>
internal static class OffersAttack
{
    private const int BodyBytes = 1 << 20;
    private static readonly TimeSpan Future = TimeSpan.FromHours(1);

    public static Attack Attack { get; } = new(
        "offers", "offers a newer version and delivers nothing, its manifest alone, or a droplet now and then, beside an honest server",
        IsQuick: false, RunAsync)
    {
        Limit = TimeSpan.FromMinutes(4),
    };

    private static async Task RunAsync(Stage stage)
    {
        var honest = await stage.StartAsync(new VictimSetup { Name = "honest" });
        var fake = stage.Keep(new FakeRainServer("127.0.0.2"));
        var victim = await stage.StartAsync(new VictimSetup { Servers = [$"{fake.EndPoint}", $"{honest.Rain}"] });
        using var writer = new User(honest);
        using var reader = new User(victim, limitSeconds: 18);
        var body = new byte[BodyBytes];
        new Random(1).NextBytes(body);
        var newer = new byte[BodyBytes];
        var stamp = (DateTimeOffset.UtcNow + Future).ToUnixTimeMilliseconds();
        (ulong Id, Delivery Delivery, double Seconds)[] rows =
        [
            (11, Delivery.OfferOnly, 5), (12, Delivery.StatusOnly, 5), (13, Delivery.ManifestOnly, 5), (14, Delivery.Trickle, 15),
        ];
        foreach (var (id, delivery, secondsMax) in rows)
        {
            await writer.PutAsync(User.Resource(id), body, stage.Cancellation);
            fake[id] = FakeResource.Of(newer, stamp, delivery);
            foreach (var time in (string[])["first", "again"])
            {
                var answer = await reader.RainAsync(User.Resource(id), stage.Cancellation);
                var isOlder = answer.Is(body);
                stage.Row(
                    $"{delivery} of a newer version, GET {time}",
                    $"{(answer.Status == 0 ? "no answer" : answer.Status)} after {answer.Elapsed.TotalSeconds:F1} s",
                    FormattableString.Invariant($"the older one within {secondsMax} s"), isOlder
                    && answer.Elapsed.TotalSeconds <= secondsMax);
            }
        }
    }
}
