using System.Security.Cryptography;
using Hostile.Http;
using Hostile.Machine;

namespace Hostile.Attacks;

/// <summary>The gateway is killed, or asked to end, in the middle of uploads, and started again.</summary>
internal static class KillsAttack
{
    private const int RoundCount = 12;
    private const int BodyBytesMax = 3 << 20;

    public static Attack Attack { get; } = new(
        "kills", "kills and stops the gateway twelve times while four clients upload; what was acknowledged is there", IsQuick: false,
        RunAsync);

    private static async Task RunAsync(Stage stage)
    {
        var victim = await stage.StartAsync(new VictimSetup());
        using var user = new User(victim, limitSeconds: 30);
        var random = new Random(5);
        var stored = new Dictionary<ulong, byte[]>();
        int acknowledged = 0, lost = 0, torn = 0;
        for (var round = 0; round < RoundCount; round++)
        {
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(stage.Cancellation);
            var tried = new Dictionary<ulong, byte[]>();
            var clients = Enumerable.Range(0, 4).Select(async client =>
            {
                var id = (ulong)client;
                while (!stop.IsCancellationRequested)
                {
                    var body = RandomNumberGenerator.GetBytes(RandomNumberGenerator.GetInt32(1, BodyBytesMax));
                    lock (tried)
                    {
                        tried[id] = body;
                    }

                    if (!(await user.PutAsync(User.Resource(id), body, stage.Cancellation)).IsSuccess)
                    {
                        return;
                    }

                    lock (tried)
                    {
                        stored[id] = body;
                        acknowledged++;
                    }
                }
            }).ToArray();
            await Task.Delay(random.Next(200, 800), stage.Cancellation);
            await (round % 3 == 2 ? victim.StopAsync() : victim.Process.KillAsync());
            await stop.CancelAsync();
            await Task.WhenAll(clients);
            await victim.StartAsync(stage.Cancellation);
            foreach (var (id, body) in stored.ToArray())
            {
                var answer = await user.GetAsync(User.Resource(id), stage.Cancellation);

                // What was under way may have come through as well.
                var isNewer = tried.TryGetValue(id, out var newer) && answer.Is(newer);
                lost += !isNewer && answer.Status != 200 ? 1 : 0;
                torn += !isNewer && answer.Status == 200 && !answer.Is(body) ? 1 : 0;
                stored[id] = isNewer ? newer! : body;
            }
        }

        stage.Row(
            $"{RoundCount} ends amid uploads", $"{acknowledged} acknowledged, {lost} lost, {torn} torn", "none lost, none torn",
            acknowledged > 0 && lost + torn == 0);
    }
}
